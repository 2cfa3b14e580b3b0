"""The vocabulary of a snapshot: what services, routes and policies are, once every reference is resolved.

These frozen structs are the parts that Envoy resources are built from. Nothing here is looked up by name any
more: defaults, short names, precedence, visibility and identity are settled. All tuples are in a settled
order, so equal objects in any order give equal parts, and an unchanged part is the same Python object again.

No part carries anything volatile: neither file nor line, resourceVersion, time, or labels nobody matches on.
"""

from convoy.mesh.model.base import Labels, Part
from convoy.mesh.model.gateways import GatewayHttp, GatewayPassthrough, GatewayView, PassthroughRoute
from convoy.mesh.model.proxies import GatewayAddress, Workload
from convoy.mesh.model.routes import (
    Fallback,
    HeaderMatch,
    HostRoutes,
    MatchKind,
    PathMatch,
    PortRoutes,
    QueryMatch,
    RetryPolicy,
    RouteMatch,
    RouteRule,
    RuleRef,
    SniffedRoute,
    TcpRoute,
    TextMatch,
    WeightedUpstream,
)
from convoy.mesh.model.services import Endpoint, EndpointKey, Protocol, Resolution, Service, ServicePort
from convoy.mesh.model.settings import MeshSettings
from convoy.mesh.model.snapshot import MeshSnapshot
from convoy.mesh.model.upstreams import (
    Assignment,
    DnsEndpoint,
    LbPolicy,
    TlsMode,
    Upstream,
    UpstreamKey,
    UpstreamTls,
)
from convoy.mesh.model.views import InboundPart, InboundPort, SidecarView, ViewKey

__all__ = [
    "Assignment",
    "DnsEndpoint",
    "Endpoint",
    "EndpointKey",
    "Fallback",
    "GatewayAddress",
    "GatewayHttp",
    "GatewayPassthrough",
    "GatewayView",
    "HeaderMatch",
    "HostRoutes",
    "InboundPart",
    "InboundPort",
    "Labels",
    "LbPolicy",
    "MatchKind",
    "MeshSettings",
    "MeshSnapshot",
    "Part",
    "PassthroughRoute",
    "PathMatch",
    "PortRoutes",
    "Protocol",
    "QueryMatch",
    "Resolution",
    "RetryPolicy",
    "RouteMatch",
    "RouteRule",
    "RuleRef",
    "Service",
    "ServicePort",
    "SidecarView",
    "SniffedRoute",
    "TcpRoute",
    "TextMatch",
    "TlsMode",
    "Upstream",
    "UpstreamKey",
    "UpstreamTls",
    "ViewKey",
    "WeightedUpstream",
    "Workload",
]
