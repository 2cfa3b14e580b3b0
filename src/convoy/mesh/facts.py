"""What is settled once per cluster before any proxy's view is built."""

from collections.abc import Mapping

import msgspec

from convoy.api.istio.gateway import Gateway
from convoy.api.meta import Hostname
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoints import Endpoints
from convoy.mesh.l4_rules import ConnectionRouting
from convoy.mesh.model import MeshSettings
from convoy.mesh.pods import PodIndex
from convoy.mesh.services import Registry
from convoy.mesh.virtual_services import Routing


class Facts(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Registry, pods, endpoints and rules of one cluster. `accounts`: who may answer for each host."""

    settings: MeshSettings
    registry: Registry
    pods: PodIndex
    rules: DestinationRules
    endpoints: Endpoints
    accounts: Mapping[Hostname, tuple[str, ...]]
    routing: Routing
    connections: ConnectionRouting
    gateways: tuple[Gateway, ...]
