"""Runs pods: their sandboxes, containers, volumes and probes."""
