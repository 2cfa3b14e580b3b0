"""Admission reviews as an API server sends them."""

from typing import Any

import msgspec

NETWORKING = "networking.istio.io/v1"


def rule(name: str = "a", *, metadata: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A VirtualService; without a spec a good one."""
    route = [{"route": [{"destination": {"host": "reviews"}}]}]
    return {
        "apiVersion": NETWORKING,
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "default", **(metadata or {})},
        "spec": spec or {"hosts": ["reviews"], "http": route},
    }


def review(obj: Any, *, operation: str = "CREATE", **request: Any) -> bytes:
    """The body of a review."""
    kind = {"group": "networking.istio.io", "version": "v1", "kind": "VirtualService"}
    asked = {"uid": "u-1", "operation": operation, "kind": kind, "namespace": "default", "object": obj}
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return msgspec.json.encode({**body, "request": {**asked, "oldObject": None, "options": {}, **request}})
