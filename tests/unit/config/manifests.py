"""Manifests as text, one document each."""

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: %s}
spec: {ports: [{port: %d}]}
---
"""


def service(name: str, port: int = 80) -> str:
    """A Service with one port."""
    return SERVICE % (name, port)
