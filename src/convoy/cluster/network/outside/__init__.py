"""What lies outside of all clusters: names, addresses, and a server that tells what it saw."""
