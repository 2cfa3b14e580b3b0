"""The built-in kinds' own rules: defaults, what holds for each, what may not change.

Pure. Schemas have been applied before: types are right and unknown fields are gone. Custom resources have
only the metadata's rules here; their own are in their schemas.
"""

from collections.abc import Callable
from typing import Any

from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.strategies import services, settings, workloads
from convoy.cluster.strategies.defaults import fill_defaults
from convoy.cluster.strategies.generation import generate_selector, has_generation, keeps_status
from convoy.cluster.strategies.metadata import (
    shorten_generated,
    validate_metadata,
    validate_metadata_update,
)
from convoy.cluster.strategies.pods import validate_pod_spec
from convoy.cluster.strategies.updates import validate_change

__all__ = [
    "apply_defaults",
    "generate_selector",
    "has_generation",
    "keeps_status",
    "shorten_generated",
    "validate_create",
    "validate_update",
]


def _validate_pod(obj: dict[str, Any]) -> list[Cause]:
    return validate_pod_spec("spec", obj.get("spec") or {})


_BY_STORAGE: dict[str, Callable[[dict[str, Any]], list[Cause]]] = {
    "pods": _validate_pod,
    "apps/deployments": workloads.validate_deployment,
    "apps/replicasets": workloads.validate_replica_set,
    "replicationcontrollers": workloads.validate_replication_controller,
    "apps/statefulsets": workloads.validate_stateful_set,
    "apps/daemonsets": workloads.validate_daemon_set,
    "batch/jobs": workloads.validate_job,
    "batch/cronjobs": workloads.validate_cron_job,
    "services": services.validate_service,
    "endpoints": services.validate_endpoints,
    "discovery.k8s.io/endpointslices": services.validate_endpoint_slice,
    "configmaps": settings.validate_config_map,
    "secrets": settings.validate_secret,
    "persistentvolumeclaims": settings.validate_claim,
    "persistentvolumes": settings.validate_volume,
    "rbac.authorization.k8s.io/roles": settings.validate_role,
    "rbac.authorization.k8s.io/clusterroles": settings.validate_role,
    "rbac.authorization.k8s.io/rolebindings": settings.validate_binding,
    "rbac.authorization.k8s.io/clusterrolebindings": settings.validate_binding,
    "policy/poddisruptionbudgets": settings.validate_budget,
    "admissionregistration.k8s.io/mutatingwebhookconfigurations": settings.validate_webhooks,
    "admissionregistration.k8s.io/validatingwebhookconfigurations": settings.validate_webhooks,
}


def apply_defaults(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """Fill in what the API server fills in; `obj` is the caller's own copy, changed and given back."""
    fill_defaults(resource.storage, obj)
    return obj


def validate_create(resource: Resource, obj: dict[str, Any]) -> list[Cause]:
    """Everything that is wrong with a new object."""
    validate = _BY_STORAGE.get(resource.storage)
    return validate_metadata(resource, obj) + (validate(obj) if validate is not None else [])


def validate_update(resource: Resource, obj: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    """Everything that is wrong with what `old` is to become."""
    causes = validate_metadata_update(obj, old) + validate_create(resource, obj)
    return causes + validate_change(resource.storage, obj, old)
