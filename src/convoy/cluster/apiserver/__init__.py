"""The API server: HTTP on one side, the registry on the other, and the documents it makes of both."""
