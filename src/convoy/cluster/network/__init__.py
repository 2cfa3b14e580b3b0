"""The networks of the world: a router namespace per cluster, a shared wide-area bridge, the service proxy."""
