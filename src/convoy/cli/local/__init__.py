"""A mesh on this machine: clusters from folders of YAML, with control planes, gateways and pods."""
