"""What namespaces demand of others: they exist and live, and some of them may not go.

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#namespacelifecycle
"""

from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import Cause, StatusError, forbidden

_IMMORTAL = ("default", "kube-system", "kube-public")


def check_accepts(namespace: dict[str, Any], resource: Resource, name: str) -> None:
    """Raises 403 when nothing new may be made in a namespace, because it is being deleted."""
    metadata = namespace["metadata"]
    if "deletionTimestamp" not in metadata:
        return
    why = f"unable to create new content in namespace {metadata['name']} because it is being terminated"
    error = forbidden(resource, name, why)
    cause = Cause(
        "NamespaceTerminating", f"namespace {metadata['name']} is being terminated", "metadata.namespace"
    )
    details = {**(error.details or {}), "causes": [cause.to_json()]}
    raise StatusError(error.code, error.reason, error.message, details)


def check_mortal(resource: Resource, name: str) -> None:
    """Raises 403 for the namespaces that a cluster cannot be without."""
    if resource.storage == "namespaces" and name in _IMMORTAL:
        raise forbidden(resource, name, "this namespace may not be deleted")
