"""Workloads with a proxy, and where gateways are reached."""

from convoy.api.meta import Namespace
from convoy.mesh.model.base import Part
from convoy.mesh.model.envoy_filters import EnvoyPatch
from convoy.mesh.model.localities import NOWHERE, Vantage
from convoy.mesh.model.views import InboundPart, ViewKey


class Workload(Part, frozen=True, cache_hash=True):
    """A pod with a proxy."""

    name: str
    """`<pod>.<namespace>`, the name by which its proxy asks for configuration."""
    namespace: Namespace
    identity: str
    view: ViewKey
    inbound: InboundPart | None
    """None for gateways."""
    vantage: Vantage = NOWHERE
    patches: tuple[EnvoyPatch, ...] = ()
    """What EnvoyFilters change of its configuration, in this order."""


class GatewayAddress(Part, frozen=True, cache_hash=True):
    """Where other clusters reach a port of a gateway: an IP or a name of its LoadBalancer Service."""

    address: str
    port: int
    listen_port: int
    view: ViewKey
