"""The kinds Convoy reads, as one table, and the API groups whose other kinds it refuses.

Whoever needs only YAML or Problems does not import this module: it knows every Istio struct.
"""

from collections.abc import Mapping

import msgspec

from convoy.api.base import ApiObject
from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.istio.envoy_filter import EnvoyFilter
from convoy.api.istio.gateway import Gateway
from convoy.api.istio.peer_authentication import PeerAuthentication
from convoy.api.istio.proxy_config import ProxyConfig
from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.istio.sidecar import Sidecar
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.istio.workload_entry import WorkloadEntry
from convoy.api.istio.workload_group import WorkloadGroup
from convoy.api.kube.core import ConfigMap, Namespace, Node, Pod, Secret, Service, ServiceAccount
from convoy.api.meta import ObjectKey


class Kind(msgspec.Struct, frozen=True):
    """A kind: its struct and how the Kubernetes API names it. `group` is empty for core kinds."""

    struct: type[ApiObject]
    group: str
    plural: str
    namespaced: bool = True

    @property
    def name(self) -> str:
        """As written in `kind:`."""
        return self.struct.KIND

    @property
    def api_versions(self) -> tuple[str, ...]:
        """Every `apiVersion:` it may be written in, preferred one first."""
        return self.struct.API_VERSIONS


_NETWORKING = "networking.istio.io"
_SECURITY = "security.istio.io"

KINDS: tuple[Kind, ...] = (
    Kind(ConfigMap, "", "configmaps"),
    Kind(DestinationRule, _NETWORKING, "destinationrules"),
    Kind(EnvoyFilter, _NETWORKING, "envoyfilters"),
    Kind(Gateway, _NETWORKING, "gateways"),
    Kind(Namespace, "", "namespaces", namespaced=False),
    Kind(Node, "", "nodes", namespaced=False),
    Kind(PeerAuthentication, _SECURITY, "peerauthentications"),
    Kind(Pod, "", "pods"),
    Kind(ProxyConfig, _NETWORKING, "proxyconfigs"),
    Kind(Secret, "", "secrets"),
    Kind(Service, "", "services"),
    Kind(ServiceAccount, "", "serviceaccounts"),
    Kind(ServiceEntry, _NETWORKING, "serviceentries"),
    Kind(Sidecar, _NETWORKING, "sidecars"),
    Kind(VirtualService, _NETWORKING, "virtualservices"),
    Kind(WorkloadEntry, _NETWORKING, "workloadentries"),
    Kind(WorkloadGroup, _NETWORKING, "workloadgroups"),
)

BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
BY_STRUCT: Mapping[type[ApiObject], Kind] = {kind.struct: kind for kind in KINDS}

# Objects of these groups change what the mesh does; ignoring one (an AuthorizationPolicy!) would be a lie.
MESH_GROUPS = (
    _NETWORKING,
    _SECURITY,
    "telemetry.istio.io",
    "extensions.istio.io",
    "gateway.networking.k8s.io",
    "config.istio.io",
    "rbac.istio.io",
    "authentication.istio.io",
)


def group_of(api_version: str) -> str:
    """The group part of an apiVersion: empty for `v1`."""
    return api_version.rpartition("/")[0]


def key_of(obj: ApiObject) -> ObjectKey:
    """The key that names an object; of cluster-scoped kinds the namespace is empty."""
    namespaced = BY_STRUCT[type(obj)].namespaced
    return ObjectKey(obj.kind, obj.metadata.namespace if namespaced else "", obj.metadata.name)
