"""`convoy demo`: the main job of the mesh, played and verified by real requests."""
