"""What a service port speaks, by Istio's protocol selection.

A Kubernetes port says it by `appProtocol`, else by the part of its name before the first `-`; a
ServiceEntry's port by `protocol`. Nothing known means: find out per connection, except on ports where servers
speak first.
"""

from convoy.mesh.model import Protocol

# Their servers speak first, so that waiting for the client's first bytes would wait for ever.
_SERVER_FIRST = frozenset({25, 53, 3306, 27017})

_PROTOCOLS = {
    "http": Protocol.HTTP,
    "http_proxy": Protocol.HTTP,
    "grpc-web": Protocol.GRPC_WEB,
    "kubernetes.io/ws": Protocol.HTTP,
    "http2": Protocol.HTTP2,
    "kubernetes.io/h2c": Protocol.HTTP2,
    "grpc": Protocol.GRPC,
    "https": Protocol.TLS,
    "tls": Protocol.TLS,
    "kubernetes.io/wss": Protocol.TLS,
    "tcp": Protocol.TCP,
    "mongo": Protocol.TCP,
    "redis": Protocol.TCP,
    "mysql": Protocol.TCP,
}


def kube_protocol(*, app_protocol: str, name: str, number: int) -> Protocol:
    """The protocol of a port of a Kubernetes Service."""
    said = (app_protocol or name).lower()
    if said == "grpc-web" or said.startswith("grpc-web-"):
        return Protocol.GRPC_WEB
    protocol = _PROTOCOLS.get(said) or _PROTOCOLS.get(said.partition("-")[0])
    return protocol or unsaid_protocol(number)


def entry_protocol(protocol: str, *, number: int = 0) -> Protocol:
    """The protocol of a ServiceEntry's port."""
    return _PROTOCOLS.get(protocol.lower()) or unsaid_protocol(number)


def unsaid_protocol(number: int) -> Protocol:
    """The protocol of a port of which nothing is said."""
    return Protocol.TCP if speaks_first(number) else Protocol.AUTO


def speaks_first(number: int) -> bool:
    """Whether servers are known to speak first on a port of this number, so that nothing can be sniffed."""
    return number in _SERVER_FIRST
