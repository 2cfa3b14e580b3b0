"""EnvoyFilter (networking.istio.io): changes of what Envoy is configured with, in Envoy's own words."""

import enum
from typing import ClassVar

from convoy.api.base import ApiObject, ApiStruct, Json
from convoy.api.istio.common import IstioStatus, LabelsSelector, TargetReference


class ApplyTo(enum.StrEnum):
    INVALID = "INVALID"
    LISTENER = "LISTENER"
    FILTER_CHAIN = "FILTER_CHAIN"
    NETWORK_FILTER = "NETWORK_FILTER"
    HTTP_FILTER = "HTTP_FILTER"
    ROUTE_CONFIGURATION = "ROUTE_CONFIGURATION"
    VIRTUAL_HOST = "VIRTUAL_HOST"
    HTTP_ROUTE = "HTTP_ROUTE"
    CLUSTER = "CLUSTER"
    EXTENSION_CONFIG = "EXTENSION_CONFIG"
    BOOTSTRAP = "BOOTSTRAP"
    LISTENER_FILTER = "LISTENER_FILTER"


class PatchContext(enum.StrEnum):
    ANY = "ANY"
    SIDECAR_INBOUND = "SIDECAR_INBOUND"
    SIDECAR_OUTBOUND = "SIDECAR_OUTBOUND"
    GATEWAY = "GATEWAY"
    WAYPOINT = "WAYPOINT"


class Operation(enum.StrEnum):
    INVALID = "INVALID"
    MERGE = "MERGE"
    ADD = "ADD"
    REMOVE = "REMOVE"
    INSERT_BEFORE = "INSERT_BEFORE"
    INSERT_AFTER = "INSERT_AFTER"
    INSERT_FIRST = "INSERT_FIRST"
    REPLACE = "REPLACE"
    MERGE_AND_REPLACE_LIST = "MERGE_AND_REPLACE_LIST"


class FilterClass(enum.StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    AUTHN = "AUTHN"
    AUTHZ = "AUTHZ"
    STATS = "STATS"


class RouteActionKind(enum.StrEnum):
    ANY = "ANY"
    ROUTE = "ROUTE"
    REDIRECT = "REDIRECT"
    DIRECT_RESPONSE = "DIRECT_RESPONSE"


class ProxyMatch(ApiStruct, frozen=True):
    """`proxy_version` is a regular expression; `metadata` compares values of the node's metadata."""

    proxy_version: str = ""
    metadata: dict[str, str] = {}


class SubFilterMatch(ApiStruct, frozen=True):
    name: str = ""


class FilterMatch(ApiStruct, frozen=True):
    """A network filter; of the HTTP connection manager `sub_filter` is one of its HTTP filters."""

    name: str = ""
    sub_filter: SubFilterMatch | None = None


class FilterChainMatch(ApiStruct, frozen=True):
    name: str = ""
    sni: str = ""
    transport_protocol: str = ""
    application_protocols: str = ""
    filter: FilterMatch | None = None
    destination_port: int | None = None
    transport_socket: str = ""


class ListenerMatch(ApiStruct, frozen=True):
    name: str = ""
    port_number: int | None = None
    port_name: str = ""
    filter_chain: FilterChainMatch | None = None
    listener_filter: str = ""


class RouteMatch(ApiStruct, frozen=True):
    name: str = ""
    action: RouteActionKind = RouteActionKind.ANY


class VirtualHostMatch(ApiStruct, frozen=True):
    name: str = ""
    domain_name: str = ""
    route: RouteMatch | None = None


class RouteConfigurationMatch(ApiStruct, frozen=True):
    name: str = ""
    port_number: int | None = None
    port_name: str = ""
    gateway: str = ""
    vhost: VirtualHostMatch | None = None


class ClusterMatch(ApiStruct, frozen=True):
    name: str = ""
    service: str = ""
    subset: str = ""
    port_number: int | None = None


class WaypointRouteMatch(ApiStruct, frozen=True):
    name: str = ""


class WaypointMatch(ApiStruct, frozen=True):
    port_number: int | None = None
    filter: FilterMatch | None = None
    route: WaypointRouteMatch | None = None


class ObjectMatch(ApiStruct, frozen=True):
    """Where a patch applies; one of `listener`, `route_configuration`, `cluster` and `waypoint`."""

    context: PatchContext = PatchContext.ANY
    proxy: ProxyMatch | None = None
    listener: ListenerMatch | None = None
    route_configuration: RouteConfigurationMatch | None = None
    cluster: ClusterMatch | None = None
    waypoint: WaypointMatch | None = None


class Patch(ApiStruct, frozen=True):
    """`value` is a part of an Envoy message, in the JSON form of its protobuf."""

    operation: Operation = Operation.INVALID
    value: Json | None = None
    filter_class: FilterClass = FilterClass.UNSPECIFIED


class ConfigPatch(ApiStruct, frozen=True):
    apply_to: ApplyTo = ApplyTo.INVALID
    match: ObjectMatch | None = None
    patch: Patch | None = None


class EnvoyFilterSpec(ApiStruct, frozen=True):
    workload_selector: LabelsSelector | None = None
    target_refs: list[TargetReference] = []
    config_patches: list[ConfigPatch] = []
    priority: int = 0


class EnvoyFilter(ApiObject, frozen=True):
    KIND: ClassVar[str] = "EnvoyFilter"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("networking.istio.io/v1alpha3",)

    spec: EnvoyFilterSpec = EnvoyFilterSpec()
    status: IstioStatus = IstioStatus()
