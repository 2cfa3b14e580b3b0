"""Every verb of the Kubernetes API with its full meaning: what a request turns into before it is kept."""

from convoy.cluster.registry.registry import Registry

__all__ = ["Registry"]
