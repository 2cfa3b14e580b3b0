"""The vocabulary of a snapshot: what services, routes and policies are, once every reference is resolved.

These frozen structs are the parts that Envoy resources are built from. Nothing here is looked up by name any
more: defaults, short names, precedence, visibility and identity are settled. All tuples are in a settled
order, so equal objects in any order give equal parts, and an unchanged part is the same Python object again.

No part carries anything volatile: neither file nor line, resourceVersion, time, or labels nobody matches on.
"""

import enum
from collections.abc import Mapping

import msgspec

from convoy.api.istio.peer_authentication import MtlsMode
from convoy.api.meta import ClusterID, Hostname, Namespace, ObjectKey

Labels = tuple[tuple[str, str], ...]
"""Label pairs, sorted by key."""


class Part(msgspec.Struct, frozen=True, cache_hash=True):
    """A piece of the snapshot: immutable, hashable, compared by content."""


class Protocol(enum.StrEnum):
    """What a port speaks. AUTO is found out per connection; TLS is passed on by its SNI."""

    HTTP = "HTTP"
    HTTP2 = "HTTP2"
    GRPC = "GRPC"
    TCP = "TCP"
    TLS = "TLS"
    AUTO = "AUTO"

    @property
    def is_http(self) -> bool:
        """Whether requests can be routed one by one."""
        return self in (Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC)

    @property
    def is_http2(self) -> bool:
        """Whether the server wants HTTP/2 with prior knowledge."""
        return self in (Protocol.HTTP2, Protocol.GRPC)


class Resolution(enum.StrEnum):
    """How a caller finds the addresses behind a service."""

    ENDPOINTS = "ENDPOINTS"
    """Listed by the control plane (EDS): Kubernetes Services, ServiceEntries with STATIC resolution."""
    DNS = "DNS"
    """The caller's Envoy resolves the endpoints' names (STRICT_DNS); IPs are allowed among them."""
    ORIGINAL_DST = "ORIGINAL_DST"
    """The address the application chose: Services that are headless or have no selector, from a sidecar."""


# --- services ---


class ServicePort(Part, frozen=True, cache_hash=True):
    """One port of a service, under the number that callers use."""

    number: int
    name: str
    protocol: Protocol
    target_port: int | str
    """What the endpoints listen on: a number, or the name of a container port."""


class Service(Part, frozen=True, cache_hash=True):
    """A Kubernetes Service or one host of a ServiceEntry."""

    hostname: Hostname
    namespace: Namespace
    ports: tuple[ServicePort, ...]
    vips: tuple[str, ...]
    """Addresses an application may connect to; empty for headless Services and entries without addresses."""
    resolution: Resolution
    is_external: bool
    """Outside the mesh: no automatic mutual TLS."""
    is_kubernetes: bool
    subject_alt_names: tuple[str, ...] = ()
    """Server identities that a ServiceEntry states."""


class Endpoint(Part, frozen=True, cache_hash=True):
    """One address that serves a service port."""

    address: str
    port: int
    labels: Labels
    accepts_mtls: bool
    """It has a sidecar, and its PeerAuthentication does not DISABLE mutual TLS on this port."""
    identity: str
    """Its SPIFFE ID; empty when unknown."""
    workload: str
    """`<pod>.<namespace>`; empty for addresses a ServiceEntry lists."""
    network: str
    locality: str
    """`region/zone/subzone`, possibly shortened or empty."""
    weight: int = 1


class EndpointKey(Part, frozen=True, cache_hash=True):
    """Whose endpoints: those of one port of a service."""

    hostname: Hostname
    port: int


# --- what callers send to ---


class UpstreamKey(Part, frozen=True, cache_hash=True):
    """Names one Envoy cluster of a caller. `is_passthrough`: opaque bytes, chosen by SNI at a gateway."""

    hostname: Hostname
    port: int
    subset: str = ""
    is_passthrough: bool = False


class TlsMode(enum.StrEnum):
    """How a caller's proxy speaks to what it calls."""

    DISABLE = "DISABLE"
    AUTO = "AUTO"
    """Mutual TLS to the endpoints that accept it, plain text to the others."""
    MUTUAL = "MUTUAL"
    """Mutual TLS with the mesh's identities to every endpoint (ISTIO_MUTUAL)."""


class UpstreamTls(Part, frozen=True, cache_hash=True):
    """Unless the mode is DISABLE, at least one accepted identity is given: never an empty SAN list."""

    mode: TlsMode
    sni: str = ""
    identities: tuple[str, ...] = ()
    """Exact URI SANs that are accepted of the server."""
    identity_prefixes: tuple[str, ...] = ()
    """URI SAN prefixes that are accepted, for hosts whose accounts are not known here."""


class LbPolicy(enum.StrEnum):
    """How an endpoint is chosen for a request."""

    LEAST_REQUEST = "LEAST_REQUEST"
    ROUND_ROBIN = "ROUND_ROBIN"
    RANDOM = "RANDOM"


class DnsEndpoint(Part, frozen=True, cache_hash=True):
    """An endpoint whose address, a name or an IP, the caller's Envoy resolves."""

    address: str
    port: int
    weight: int
    locality: str
    accepts_mtls: bool


class Upstream(Part, frozen=True, cache_hash=True):
    """A service port or one of its subsets, with the policy for traffic to it: one Envoy cluster."""

    key: UpstreamKey
    protocol: Protocol
    resolution: Resolution
    tls: UpstreamTls
    lb_policy: LbPolicy
    connect_timeout_ms: int
    dns_endpoints: tuple[DnsEndpoint, ...] = ()
    """Only with resolution DNS: already filtered by the subset's labels."""
    renewed_after_ms: int = 0
    """How long an HTTP connection is used; 0 for as long as it lasts."""


class Assignment(Part, frozen=True, cache_hash=True):
    """The endpoints of one upstream with resolution ENDPOINTS, already filtered by the subset's labels.

    For a passthrough upstream only endpoints that accept mutual TLS are left.
    """

    key: UpstreamKey
    endpoints: tuple[Endpoint, ...]


# --- routing of requests ---


class MatchKind(enum.StrEnum):
    """How a text is compared; PRESENT asks only that there is one."""

    EXACT = "EXACT"
    PREFIX = "PREFIX"
    REGEX = "REGEX"
    PRESENT = "PRESENT"


class TextMatch(Part, frozen=True, cache_hash=True):
    """A condition on a text; `value` is empty for PRESENT."""

    kind: MatchKind
    value: str = ""


class PathMatch(Part, frozen=True, cache_hash=True):
    """A condition on a request's path, without its query."""

    text: TextMatch
    ignore_case: bool = False


class HeaderMatch(Part, frozen=True, cache_hash=True):
    """Pseudo-headers (`:method`, `:authority`, `:scheme`) are matched like headers."""

    name: str
    text: TextMatch
    is_inverted: bool = False


class QueryMatch(Part, frozen=True, cache_hash=True):
    """A condition on one query parameter."""

    name: str
    text: TextMatch


class RouteMatch(Part, frozen=True, cache_hash=True):
    """Conditions that must all hold; none of them: every request."""

    path: PathMatch | None = None
    headers: tuple[HeaderMatch, ...] = ()
    queries: tuple[QueryMatch, ...] = ()


class WeightedUpstream(Part, frozen=True, cache_hash=True):
    """A destination and its share; the shares of a rule are relative to their sum."""

    key: UpstreamKey
    weight: int


class RetryPolicy(Part, frozen=True, cache_hash=True):
    """`attempts` counts retries; 0 means none."""

    attempts: int
    retry_on: tuple[str, ...]
    retriable_status_codes: tuple[int, ...]
    per_try_timeout_ms: int = 0
    """0: as long as the request's own timeout."""


class RuleRef(Part, frozen=True, cache_hash=True):
    """The rule of the user's object that a route comes from; routes name it, other resources do not."""

    kind: str
    namespace: str
    name: str
    rule: str
    """The rule's own name, or its index as in `http[0]`; with `.match[1]` where it has several matches."""


class RouteRule(Part, frozen=True, cache_hash=True):
    """Where requests of one match go. `origin` is None for the route that a service has by default."""

    match: RouteMatch
    destinations: tuple[WeightedUpstream, ...]
    """Weights above 0; none left: requests are answered with 503."""
    timeout_ms: int
    """0: no limit."""
    retries: RetryPolicy
    origin: RuleRef | None = None
    name: str = ""
    """The user's name for the rule, or `default`."""


class HostRoutes(Part, frozen=True, cache_hash=True):
    """Rules for the requests of one host, in the order in which they are tried."""

    host: str
    port: int
    domains: tuple[str, ...]
    """Every spelling of the host that requests may carry, without ports."""
    rules: tuple[RouteRule, ...]


class Fallback(enum.StrEnum):
    """What happens to requests of no known host."""

    PASSTHROUGH = "PASSTHROUGH"
    BLOCK = "BLOCK"
    NOT_FOUND = "NOT_FOUND"


class PortRoutes(Part, frozen=True, cache_hash=True):
    """All hosts that share an HTTP port: one Envoy RouteConfiguration."""

    port: int
    hosts: tuple[HostRoutes, ...]
    fallback: Fallback


class TcpRoute(Part, frozen=True, cache_hash=True):
    """Connections to one address and port, all to the same upstreams."""

    vip: str
    """`0.0.0.0` when the service has no address of its own."""
    port: int
    destinations: tuple[WeightedUpstream, ...]


class SniffedRoute(Part, frozen=True, cache_hash=True):
    """A port of protocol AUTO at one address: HTTP when it looks like it, else bytes."""

    vip: str
    port: int
    routes: PortRoutes
    destinations: tuple[WeightedUpstream, ...]
    """Where connections go that are not HTTP."""


# --- views: what proxies share ---


class ViewKey(Part, frozen=True, cache_hash=True):
    """What decides about everything outbound. Labels are only those that some rule matches on."""

    kind: str
    """`sidecar` or `gateway`."""
    namespace: Namespace
    labels: Labels
    network: str


class SidecarView(Part, frozen=True, cache_hash=True):
    """Everything outbound of the sidecars with one key."""

    key: ViewKey
    upstreams: tuple[Upstream, ...]
    http: tuple[PortRoutes, ...]
    tcp: tuple[TcpRoute, ...]
    sniffed: tuple[SniffedRoute, ...]
    allows_any: bool
    """Connections to unknown addresses pass through (ALLOW_ANY)."""


class InboundPort(Part, frozen=True, cache_hash=True):
    """A port of a workload: what is spoken there, and whether it must be mutual TLS."""

    port: int
    """The port the application listens on."""
    protocol: Protocol
    mode: MtlsMode
    """Never UNSET."""


class InboundPart(Part, frozen=True, cache_hash=True):
    """Everything inbound of a workload; equal for the replicas of one Deployment."""

    ports: tuple[InboundPort, ...]
    default_mode: MtlsMode
    """For ports that no Service names."""
    port_modes: tuple[tuple[int, MtlsMode], ...]
    """Modes of ports that a policy names and no Service does."""
    trust_domains: tuple[str, ...]
    interception_mark: int | None
    """The mark that Envoy's own connections carry where it shares a uid with the application."""


class GatewayHttp(Part, frozen=True, cache_hash=True):
    """A plain HTTP port of a gateway."""

    listen_port: int
    routes: PortRoutes


class PassthroughRoute(Part, frozen=True, cache_hash=True):
    """TLS connections whose SNI is one of these names go, unopened, to one upstream."""

    server_names: tuple[str, ...]
    key: UpstreamKey


class GatewayPassthrough(Part, frozen=True, cache_hash=True):
    """An AUTO_PASSTHROUGH port of a gateway. An SNI that is not listed gets no filter chain."""

    listen_port: int
    routes: tuple[PassthroughRoute, ...]


class GatewayView(Part, frozen=True, cache_hash=True):
    """What all gateway proxies of one workload share: what they may call, and what they let in."""

    key: ViewKey
    upstreams: tuple[Upstream, ...]
    http: tuple[GatewayHttp, ...]
    passthrough: tuple[GatewayPassthrough, ...]


# --- proxies ---


class Workload(Part, frozen=True, cache_hash=True):
    """A pod with a proxy."""

    name: str
    """`<pod>.<namespace>`, the name by which its proxy asks for configuration."""
    namespace: Namespace
    identity: str
    view: ViewKey
    inbound: InboundPart | None
    """None for gateways."""


class GatewayAddress(Part, frozen=True, cache_hash=True):
    """Where other clusters reach a port of a gateway: an IP or a name of its LoadBalancer Service."""

    address: str
    port: int
    listen_port: int
    view: ViewKey


# --- settings and the snapshot ---


class MeshSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for the whole mesh of one cluster (Istio's MeshConfig, as far as it is built)."""

    cluster_id: ClusterID
    network: str = ""
    """Empty: the cluster's own name."""
    cluster_domain: str = "cluster.local"
    trust_domain: str = "cluster.local"
    root_namespace: Namespace = Namespace("istio-system")
    allows_any: bool = True
    interception_mark: int | None = 1337
    connect_timeout_ms: int = 10_000
    gateway_domain: str = "convoy.test"
    """Every cluster's DNS has a gateway's Service as `<service>.<cluster>.<gateway_domain>`; empty: none."""


class MeshSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster's mesh at one moment. Mappings are in sorted order of their keys."""

    number: int
    """The number of the ConfigView it was made from."""
    settings: MeshSettings
    services: Mapping[Hostname, Service]
    endpoints: Mapping[EndpointKey, tuple[Endpoint, ...]]
    sidecar_views: Mapping[ViewKey, SidecarView]
    gateway_views: Mapping[ViewKey, GatewayView]
    assignments: Mapping[UpstreamKey, Assignment]
    workloads: Mapping[str, Workload]
    names: Mapping[Namespace, Mapping[str, tuple[str, ...]]]
    """By namespace of the asking pod: lower-case host (or `*.suffix`) to addresses; a name known to have no
    address is absent."""
    view_assignments: Mapping[ViewKey, Mapping[UpstreamKey, Assignment]] = {}
    """Where one view's endpoints differ from `assignments`: a DestinationRule of its own namespace chooses
    other labels, or it sees another network. Mostly empty."""
    gateway_addresses: tuple[GatewayAddress, ...] = ()
    sources: Mapping[Hostname, ObjectKey] = {}
    """The object that each service comes from."""

    def assignment(self, view: ViewKey, key: UpstreamKey) -> Assignment | None:
        """The endpoints of an upstream as seen from a view; None for upstreams that have no assignment."""
        own = self.view_assignments.get(view, {})
        return own.get(key) or self.assignments.get(key)
