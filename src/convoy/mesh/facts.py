"""What is settled once per cluster before any proxy's view is built."""

from collections.abc import Mapping

import msgspec

from convoy.api.istio.gateway import Gateway
from convoy.api.istio.workload_group import ReadinessProbe
from convoy.mesh.credentials import Credentials
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoints import Accounts, Endpoints
from convoy.mesh.envoy_filters import EnvoyFilters
from convoy.mesh.l4_rules import ConnectionRouting
from convoy.mesh.model import MeshSettings
from convoy.mesh.pod_index import PodIndex
from convoy.mesh.pods import PodFacts
from convoy.mesh.services import Registry
from convoy.mesh.sidecars import Sidecars
from convoy.mesh.virtual_services import Routing


class Terms(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What holds however many pods there are, but for gateways, and however they are to be called."""

    settings: MeshSettings
    registry: Registry
    gateways: tuple[Gateway, ...]
    gateway_pods: tuple[PodFacts, ...]
    sidecars: Sidecars
    credentials: Credentials
    patches: EnvoyFilters
    client_namespaces: tuple[str, ...]
    """Where proxies are, sorted."""


class Ground(Terms, frozen=True, eq=False, kw_only=True):
    """What holds whatever VirtualServices say: the terms, the rules for callers, and the pods and endpoints.

    `accounts`: who may answer for each service; `headless`: the endpoints that are reached by no other
    address than their own; `probes`: how members of WorkloadGroups are asked whether they are ready.
    """

    terms: Terms
    rules: DestinationRules
    pods: PodIndex
    endpoints: Endpoints
    accounts: Accounts
    headless: Endpoints
    probes: Mapping[str, ReadinessProbe]


class Facts(Ground, frozen=True, eq=False, kw_only=True):
    """The same, and what VirtualServices say. `ground` is what they have no part in, before anything was
    narrowed to what some proxies see.
    """

    ground: Ground
    routing: Routing
    connections: ConnectionRouting
