"""Every name that resources share, in one place: a route and the cluster it names cannot drift apart.

The spellings are Istio's, because users and their tools know them: a cluster is
`outbound|<port>|<subset>|<host>`, and at a gateway that passes TLS on by its SNI the same with `_.` between
the parts, so that cluster name and SNI are equal.
"""

from convoy.mesh.model import CredentialKey, KeyFiles, KeyPairRef, TrustFiles, TrustRef, UpstreamKey

VIRTUAL_OUTBOUND = "virtualOutbound"
VIRTUAL_INBOUND = "virtualInbound"
VIRTUAL_OUTBOUND_PORT = 15001
VIRTUAL_INBOUND_PORT = 15006
INBOUND_CATCHALL_HTTP = "virtualInbound-catchall-http"
INBOUND_BLACKHOLE = "virtualInbound-blackhole"
OUTBOUND_BLACKHOLE = "virtualOutbound-blackhole"
OUTBOUND_CATCHALL = "virtualOutbound-catchall-tcp"
FALLBACK_CHAIN = "PassthroughFilterChain"

BLACKHOLE_CLUSTER = "BlackHoleCluster"
PASSTHROUGH_CLUSTER = "PassthroughCluster"
DYNAMIC_DNS_CLUSTER = "AllowAnyDynamicDNSCluster"
INBOUND_PASSTHROUGH_CLUSTER = "InboundPassthroughCluster"

HTTP_PROXY_ROUTES = "http_proxy"
"""The route configuration of the HTTP proxy that a mesh gives its applications."""

ALLOW_ANY = "allow_any"
BLOCK_ALL = "block_all"
DEFAULT_ROUTE = "default"

WILDCARD = "0.0.0.0"

TLS_MODE_LABEL = "tlsMode"
"""Key of an endpoint's transport socket metadata; its value is `TLS_MODE_ISTIO` or the key is absent."""
TLS_MODE_ISTIO = "istio"

# Ends the names of listeners to which connections are made.
_BOUND = "_bound"


def upstream(key: UpstreamKey) -> str:
    """The Envoy cluster of an upstream, which is also its EDS service name."""
    if key.is_passthrough:
        return f"outbound_.{key.port}_.{key.subset}_.{key.hostname}"
    return f"outbound|{key.port}|{key.subset}|{key.hostname}"


def inbound(port: int) -> str:
    """The Envoy cluster of a port that the application listens on."""
    return f"inbound|{port}||"


def inbound_virtual_host(port: int) -> str:
    """The only virtual host of an inbound port."""
    return f"inbound|http|{port}"


def listener(address: str, port: int) -> str:
    """A listener for one address (`0.0.0.0`: every address without a listener of its own) and port; of a
    unix socket, whose port is 0, the address alone.
    """
    return f"{address}_{port}" if port else address


def bound_listener(address: str, port: int) -> str:
    """A listener to which connections are made, not handed over: its name is not that of a captured one at
    the same place. Envoy ends when one name is bound in one version and not in the next, and knows no two
    listeners of one name. Nothing is captured for unix sockets, so theirs are as they are.
    """
    return f"{listener(address, port)}{_BOUND}" if port else address


def written_listener(name: str) -> str:
    """What users call a listener, bound or not."""
    return name.removesuffix(_BOUND)


def bound_routes(address: str, port: int) -> str:
    """The route configuration of an egress listener at an address of its own."""
    return listener(address, port)


def sidecar_routes(port: int) -> str:
    """The route configuration of a port whose protocol is HTTP."""
    return str(port)


def sniffed_routes(host: str, port: int) -> str:
    """The route configuration of one service whose protocol is found out per connection."""
    return _host_and_port(host, port)


def gateway_routes(port: int, bind: str = WILDCARD) -> str:
    """The route configuration of a gateway's plain HTTP port."""
    return f"http.{port}{_bound(bind)}"


def gateway_tls_routes(server: str, bind: str = WILDCARD) -> str:
    """The route configuration of one of a gateway's servers that end TLS; `server` says which."""
    return f"https.{server}{_bound(bind)}"


def virtual_host(host: str, port: int) -> str:
    """The virtual host of one service port."""
    return _host_and_port(host, port)


def blackhole_virtual_host(port: int) -> str:
    """Answers requests of unknown hosts at a gateway."""
    return f"blackhole:{port}"


def key_pair(ref: KeyPairRef) -> str:
    """The secret of a certificate chain and its key."""
    if isinstance(ref, KeyFiles):
        return f"file-cert:{ref.certificate}~{ref.key}"
    return _credential(ref)


def trust(ref: TrustRef) -> str:
    """The secret of the roots by which a peer is believed."""
    if isinstance(ref, TrustFiles):
        return f"file-root:{ref.roots}" + (f"~{ref.revoked}" if ref.revoked else "")
    return f"{_credential(ref)}-cacert"


def _credential(key: CredentialKey) -> str:
    return f"{'configmap' if key.is_config_map else 'kubernetes'}://{key.namespace}/{key.name}"


def _bound(address: str) -> str:
    return "" if address == WILDCARD else f".{address}"


def _host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
