"""Sidecar (networking.istio.io): what the sidecars of a namespace, or some of them, know and let through."""

import enum
from typing import ClassVar

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import NETWORKING, Destination, IstioStatus, LabelsSelector
from convoy.api.istio.destination_rule import ConnectionPool
from convoy.api.istio.gateway import ServerTlsSettings


class CaptureMode(enum.StrEnum):
    DEFAULT = "DEFAULT"
    IPTABLES = "IPTABLES"
    NONE = "NONE"


class OutboundMode(enum.StrEnum):
    REGISTRY_ONLY = "REGISTRY_ONLY"
    ALLOW_ANY = "ALLOW_ANY"


class SidecarPort(ApiStruct, frozen=True):
    number: int = 0
    protocol: str = ""
    name: str = ""
    target_port: int | None = None


class IngressListener(ApiStruct, frozen=True):
    """An inbound listener. `default_endpoint` is where the application listens."""

    port: SidecarPort
    bind: str = ""
    capture_mode: CaptureMode = CaptureMode.DEFAULT
    default_endpoint: str = ""
    tls: ServerTlsSettings | None = None
    connection_pool: ConnectionPool | None = None


class EgressListener(ApiStruct, frozen=True):
    """What is imported, as `<namespace>/<dns name>`; without a port, for all ports that no other lists."""

    hosts: list[str]
    port: SidecarPort | None = None
    bind: str = ""
    capture_mode: CaptureMode = CaptureMode.DEFAULT


class OutboundTrafficPolicy(ApiStruct, frozen=True):
    """What becomes of traffic to hosts that are not imported; without a mode it is blocked."""

    mode: OutboundMode = OutboundMode.REGISTRY_ONLY
    egress_proxy: Destination | None = None


class SidecarSpec(ApiStruct, frozen=True):
    workload_selector: LabelsSelector | None = None
    ingress: list[IngressListener] = []
    egress: list[EgressListener] = []
    inbound_connection_pool: ConnectionPool | None = None
    outbound_traffic_policy: OutboundTrafficPolicy | None = None


class Sidecar(ApiObject, frozen=True):
    KIND: ClassVar[str] = "Sidecar"
    API_VERSIONS: ClassVar[tuple[str, ...]] = NETWORKING

    spec: SidecarSpec = SidecarSpec()
    status: IstioStatus = IstioStatus()
