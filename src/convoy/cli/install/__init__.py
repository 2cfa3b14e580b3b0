"""What installing the mesh brings to a cluster, as plain manifests: the same for a real cluster."""
