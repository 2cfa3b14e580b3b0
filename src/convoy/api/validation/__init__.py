"""Meaning checks of single objects, one module per kind, for objects whose schema is fine.

Rules follow Istio's and Kubernetes' own validation. Checks that need several objects belong to `mesh`.
"""

from collections.abc import Callable
from typing import Any

from convoy.api.base import ApiObject
from convoy.api.problems import Problem
from convoy.api.validation.destination_rule import validate_destination_rule
from convoy.api.validation.envoy_filter import validate_envoy_filter
from convoy.api.validation.finding import Findings
from convoy.api.validation.gateway import validate_gateway
from convoy.api.validation.kube import validate_pod, validate_secret, validate_service
from convoy.api.validation.limits import check_limits
from convoy.api.validation.metadata import validate_metadata
from convoy.api.validation.peer_authentication import validate_peer_authentication
from convoy.api.validation.proxy_config import validate_proxy_config
from convoy.api.validation.service_entry import validate_service_entry
from convoy.api.validation.sidecar import validate_sidecar
from convoy.api.validation.unbuilt import find_unbuilt
from convoy.api.validation.virtual_service import validate_virtual_service
from convoy.api.validation.workload_entry import validate_workload_entry
from convoy.api.validation.workload_group import validate_workload_group

_VALIDATORS: dict[str, Callable[[Any, Findings], None]] = {
    "DestinationRule": validate_destination_rule,
    "EnvoyFilter": validate_envoy_filter,
    "Gateway": validate_gateway,
    "PeerAuthentication": validate_peer_authentication,
    "Pod": validate_pod,
    "ProxyConfig": validate_proxy_config,
    "Secret": validate_secret,
    "Service": validate_service,
    "ServiceEntry": validate_service_entry,
    "Sidecar": validate_sidecar,
    "VirtualService": validate_virtual_service,
    "WorkloadEntry": validate_workload_entry,
    "WorkloadGroup": validate_workload_group,
}


def validate(obj: ApiObject) -> list[Problem]:
    """Everything wrong with an object, with field paths; what is not supported yet included."""
    found = Findings()
    validate_metadata(obj, found)
    check_limits(obj, found)
    if validator := _VALIDATORS.get(obj.kind):
        validator(obj, found)
    return [*found.problems, *find_unbuilt(obj)]
