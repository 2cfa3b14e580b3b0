"""What brings the cluster to what its objects ask for: one module or folder per kind of object.

A controller is a thin loop round a pure planning function: a key comes from the work queue, the objects are
read from the store, a plan is made of them, and the plan is carried out through the registry.

The surprising thing: reads come straight from the store in the same process, so a controller sees its own
writes at once, and needs none of the "expectations" that controllers with a lagging cache keep.
"""
