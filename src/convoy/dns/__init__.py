"""Names of the mesh: the table, the answers it gives, and the server that gives them inside a pod."""
