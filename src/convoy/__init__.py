"""Convoy: a multicluster service mesh control plane for stock Envoy."""

__version__ = "0.1.0"
