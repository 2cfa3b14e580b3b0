"""What a change costs when the mesh is large: the real control plane with a synthetic cluster and a fleet."""
