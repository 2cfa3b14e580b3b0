"""What is settled once per cluster before any proxy's view is built."""

from collections.abc import Mapping

import msgspec

from convoy.api.istio.gateway import Gateway
from convoy.api.istio.workload_group import ReadinessProbe
from convoy.mesh.credentials import Credentials
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoints import Endpoints
from convoy.mesh.envoy_filters import EnvoyFilters
from convoy.mesh.l4_rules import ConnectionRouting
from convoy.mesh.model import MeshSettings, Service
from convoy.mesh.pods import PodIndex
from convoy.mesh.services import Registry
from convoy.mesh.sidecars import Sidecars
from convoy.mesh.virtual_services import Routing


class Ground(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What holds whatever VirtualServices say: registry, pods, endpoints and rules of one cluster.

    `accounts`: who may answer for each service; `probes`: how members of WorkloadGroups are asked whether
    they are ready.
    """

    settings: MeshSettings
    registry: Registry
    pods: PodIndex
    rules: DestinationRules
    endpoints: Endpoints
    accounts: Mapping[Service, tuple[str, ...]]
    probes: Mapping[str, ReadinessProbe]
    gateways: tuple[Gateway, ...]
    sidecars: Sidecars
    credentials: Credentials
    patches: EnvoyFilters
    client_namespaces: tuple[str, ...]
    """Where proxies are, sorted."""


class Facts(Ground, frozen=True, eq=False, kw_only=True):
    """The same, and what VirtualServices say. `ground` is what they have no part in, before anything was
    narrowed to what some proxies see.
    """

    ground: Ground
    routing: Routing
    connections: ConnectionRouting
