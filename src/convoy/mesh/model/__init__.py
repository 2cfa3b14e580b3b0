"""The vocabulary of a snapshot: what services, routes and policies are, once every reference is resolved.

These frozen structs are the parts that Envoy resources are built from. Nothing here is looked up by name any
more: defaults, short names, precedence, visibility and identity are settled. All tuples are in a settled
order, so equal objects in any order give equal parts, and an unchanged part is the same Python object again.

No part carries anything volatile: neither file nor line, resourceVersion, time, or labels nobody matches on.
"""

from convoy.mesh.model.balancing import (
    PLAIN_BALANCING,
    Balancing,
    HashPolicy,
    HashSource,
    LbPolicy,
    Utilization,
    Warmup,
)
from convoy.mesh.model.base import Labels, Part
from convoy.mesh.model.cors import CorsPolicy
from convoy.mesh.model.credentials import (
    Credential,
    CredentialKey,
    KeyFiles,
    KeyPair,
    KeyPairRef,
    TrustBundle,
    TrustFiles,
    TrustRef,
)
from convoy.mesh.model.envoy_filters import EnvoyPatch
from convoy.mesh.model.gateways import (
    ALONE,
    ANY_ADDRESS,
    GatewayHttp,
    GatewayHttps,
    GatewayPassthrough,
    GatewayTcp,
    GatewayView,
    PassthroughRoute,
    Topology,
)
from convoy.mesh.model.http_actions import (
    MILLION,
    NO_EDITS,
    Abort,
    Delay,
    DirectResponse,
    Fault,
    HeaderEdits,
    HeaderOperations,
    Mirror,
    Redirect,
    RegexRewrite,
    Rewrite,
)
from convoy.mesh.model.l4 import SniffedRoute, TcpRoute
from convoy.mesh.model.localities import NOWHERE, Distribution, LocalityPolicy, Vantage
from convoy.mesh.model.matches import (
    ClaimMatch,
    HeaderMatch,
    MatchKind,
    PathMatch,
    QueryMatch,
    RouteMatch,
    TextMatch,
)
from convoy.mesh.model.origination import Origination
from convoy.mesh.model.outliers import Outliers
from convoy.mesh.model.pools import (
    PLAIN_CONNECTIONS,
    UNLIMITED,
    ConnectionPolicy,
    Http2Pings,
    HttpVersion,
    Keepalive,
    Pool,
    RetryBudget,
    Tunnel,
)
from convoy.mesh.model.proxies import GatewayAddress, Workload
from convoy.mesh.model.routes import (
    Fallback,
    HostRoutes,
    PortRoutes,
    RetryPolicy,
    RouteRule,
    RuleRef,
    WeightedUpstream,
)
from convoy.mesh.model.server_tls import ClientProof, ServerTls
from convoy.mesh.model.services import Endpoint, EndpointKey, Protocol, Resolution, Service, ServicePort
from convoy.mesh.model.settings import MeshSettings
from convoy.mesh.model.snapshot import MeshSnapshot
from convoy.mesh.model.upstreams import (
    Assignment,
    DnsEndpoint,
    ProxyHeader,
    TlsMode,
    Upstream,
    UpstreamKey,
    UpstreamTls,
)
from convoy.mesh.model.views import (
    AS_DIALLED,
    Application,
    BoundEgress,
    InboundPart,
    InboundPort,
    SidecarView,
    ViewKey,
)

__all__ = [
    "ALONE",
    "ANY_ADDRESS",
    "AS_DIALLED",
    "MILLION",
    "NOWHERE",
    "NO_EDITS",
    "PLAIN_BALANCING",
    "PLAIN_CONNECTIONS",
    "UNLIMITED",
    "Abort",
    "Application",
    "Assignment",
    "Balancing",
    "BoundEgress",
    "ClaimMatch",
    "ClientProof",
    "ConnectionPolicy",
    "CorsPolicy",
    "Credential",
    "CredentialKey",
    "Delay",
    "DirectResponse",
    "Distribution",
    "DnsEndpoint",
    "Endpoint",
    "EndpointKey",
    "EnvoyPatch",
    "Fallback",
    "Fault",
    "GatewayAddress",
    "GatewayHttp",
    "GatewayHttps",
    "GatewayPassthrough",
    "GatewayTcp",
    "GatewayView",
    "HashPolicy",
    "HashSource",
    "HeaderEdits",
    "HeaderMatch",
    "HeaderOperations",
    "HostRoutes",
    "Http2Pings",
    "HttpVersion",
    "InboundPart",
    "InboundPort",
    "Keepalive",
    "KeyFiles",
    "KeyPair",
    "KeyPairRef",
    "Labels",
    "LbPolicy",
    "LocalityPolicy",
    "MatchKind",
    "MeshSettings",
    "MeshSnapshot",
    "Mirror",
    "Origination",
    "Outliers",
    "Part",
    "PassthroughRoute",
    "PathMatch",
    "Pool",
    "PortRoutes",
    "Protocol",
    "ProxyHeader",
    "QueryMatch",
    "Redirect",
    "RegexRewrite",
    "Resolution",
    "RetryBudget",
    "RetryPolicy",
    "Rewrite",
    "RouteMatch",
    "RouteRule",
    "RuleRef",
    "ServerTls",
    "Service",
    "ServicePort",
    "SidecarView",
    "SniffedRoute",
    "TcpRoute",
    "TextMatch",
    "TlsMode",
    "Topology",
    "TrustBundle",
    "TrustFiles",
    "TrustRef",
    "Tunnel",
    "Upstream",
    "UpstreamKey",
    "UpstreamTls",
    "Utilization",
    "Vantage",
    "ViewKey",
    "Warmup",
    "WeightedUpstream",
    "Workload",
]
