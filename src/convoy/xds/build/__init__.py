"""Make Envoy messages from the parts of a mesh snapshot.

Pure: the parameters of a builder are its cache key. One file per xDS type, one per filter; `names` owns
every name that two resources share. A builder looks nothing up, and its message carries nothing volatile.
"""
