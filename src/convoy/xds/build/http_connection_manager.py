"""The filter that turns a connection into requests and routes them.

`x-forwarded-client-cert` is rebuilt wherever a request enters a proxy (SANITIZE_SET, or SANITIZE where no
client can have a certificate): what a client wrote there never passes. The reason is in
docs/decisions/003-client-certificate-header.md.
"""

import enum
from collections.abc import Iterator

from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.config.route.v3 import route_pb2 as route_v3
from envoy.extensions.filters.http.grpc_web.v3 import grpc_web_pb2 as grpc_web_v3
from envoy.extensions.filters.http.router.v3 import router_pb2 as router_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.api.istio.mesh_config import ForwardClientCertDetails, PathNormalization
from convoy.mesh.model import ALONE, Topology
from convoy.xds.build import sources
from convoy.xds.build.cors import build_cors_filter
from convoy.xds.build.dynamic_dns import build_host_resolving_filter
from convoy.xds.build.faults import build_fault_filter
from convoy.xds.build.packing import packed, seconds

_Hcm = hcm_v3.HttpConnectionManager

_MERGING = (PathNormalization.MERGE_SLASHES, PathNormalization.DECODE_AND_MERGE_SLASHES)
_ESCAPED_SLASHES = {PathNormalization.DECODE_AND_MERGE_SLASHES: _Hcm.UNESCAPE_AND_FORWARD}
_FORWARDING = {
    ForwardClientCertDetails.SANITIZE: _Hcm.SANITIZE,
    ForwardClientCertDetails.FORWARD_ONLY: _Hcm.FORWARD_ONLY,
    ForwardClientCertDetails.APPEND_FORWARD: _Hcm.APPEND_FORWARD,
    ForwardClientCertDetails.SANITIZE_SET: _Hcm.SANITIZE_SET,
    ForwardClientCertDetails.ALWAYS_FORWARD_ONLY: _Hcm.ALWAYS_FORWARD_ONLY,
}


class HttpRole(enum.StrEnum):
    """On which side of which proxy requests arrive."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"
    GATEWAY = "gateway"


def build_http_filter(
    role: HttpRole,
    stat_name: str,
    *,
    routes: str | route_v3.RouteConfiguration,
    grpc_web: bool = False,
    resolves_hosts: bool = False,
    paths: PathNormalization = PathNormalization.DEFAULT,
    topology: Topology = ALONE,
) -> listener_parts_v3.Filter:
    """Route requests by a route configuration: named, to be had over ADS, or given.

    `grpc_web`: requests of gRPC-Web become those of gRPC. `resolves_hosts`: some route leads to whatever
    host a request names. `topology`: what stands before a gateway.
    """
    manager = _Hcm(
        stat_prefix=f"{role}_{stat_name}",
        http_filters=[
            *((_grpc_web(),) if grpc_web else ()),
            *_route_filters(role),
            *((build_host_resolving_filter(),) if resolves_hosts else ()),
            _router(),
        ],
        normalize_path=BoolValue(value=paths is not PathNormalization.NONE),
        merge_slashes=paths in _MERGING,
        path_with_escaped_slashes_action=_ESCAPED_SLASHES.get(paths, _Hcm.IMPLEMENTATION_SPECIFIC_DEFAULT),
        # A long poll is no fault; routes have timeouts where users set some.
        stream_idle_timeout=seconds(0),
        upgrade_configs=[_Hcm.UpgradeConfig(upgrade_type="websocket")],
    )
    if isinstance(routes, str):
        manager.rds.route_config_name = routes
        manager.rds.config_source.CopyFrom(sources.over_ads())
    else:
        manager.route_config.CopyFrom(routes)
    _apply_role(manager, role)
    if role is HttpRole.GATEWAY:
        _apply_topology(manager, topology)
    return listener_parts_v3.Filter(
        name="envoy.filters.network.http_connection_manager", typed_config=packed(manager)
    )


def _apply_role(manager: hcm_v3.HttpConnectionManager, role: HttpRole) -> None:
    manager.use_remote_address.value = role is HttpRole.GATEWAY
    if role is HttpRole.OUTBOUND:
        return
    manager.server_name = "istio-envoy"
    manager.forward_client_cert_details = _Hcm.SANITIZE_SET
    details = manager.set_current_client_cert_details
    details.subject.value = True
    details.uri = True
    details.dns = True


def _apply_topology(manager: hcm_v3.HttpConnectionManager, topology: Topology) -> None:
    manager.xff_num_trusted_hops = topology.trusted_hops
    if topology.client_certificates in _FORWARDING:
        manager.forward_client_cert_details = _FORWARDING[topology.client_certificates]


def _grpc_web() -> hcm_v3.HttpFilter:
    return hcm_v3.HttpFilter(name="envoy.filters.http.grpc_web", typed_config=packed(grpc_web_v3.GrpcWeb()))


def _route_filters(role: HttpRole) -> Iterator[hcm_v3.HttpFilter]:
    """Those that a user's rule switches on; the routes to an application have no rules."""
    if role is not HttpRole.INBOUND:
        yield build_fault_filter()
        yield build_cors_filter()


def _router() -> hcm_v3.HttpFilter:
    return hcm_v3.HttpFilter(name="envoy.filters.http.router", typed_config=packed(router_v3.Router()))
