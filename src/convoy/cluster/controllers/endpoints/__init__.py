"""Where Services lead: EndpointSlices and Endpoints, made of the pods that a Service selects.

`addresses` reads pods, `slices` and `subsets` arrange them, `endpoints` and `mirroring` are the loops.
"""
