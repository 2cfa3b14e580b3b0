"""Names of the clusters: what they stand for, and answers on the wire. Sockets are in `supervisor.names`."""
