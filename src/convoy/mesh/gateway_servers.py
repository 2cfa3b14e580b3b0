"""The servers that are open on one gateway, by the address and port it really listens on.

A Gateway names the Service's port; the pod listens on the target port. Servers of one kind share a port: HTTP
with HTTP, TLS of all sorts with TLS, where each host belongs to the server that names it first. Where kinds
differ, the oldest Gateway's decides. What is held back is told by `checks`.

Sockets are opened for Gateways of the pod's own namespace alone: Envoy removes what stands at a socket's path
before, so whoever names it can take a file of the proxy's container away.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.gateway import Gateway, Server, ServerTlsMode, ServerTlsSettings
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.mesh.hosts import covers
from convoy.mesh.model import ANY_ADDRESS, Part
from convoy.mesh.pods import PodFacts
from convoy.mesh.selections import listen_ports
from convoy.mesh.services import Registered

_UNIX = "unix://"
_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")
_UNOPENED = {ServerTlsMode.PASSTHROUGH: "PASSTHROUGH", ServerTlsMode.AUTO_PASSTHROUGH: "AUTO_PASSTHROUGH"}


class ServerKind(enum.Enum):
    """What becomes of the connections of a server."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    """TLS ends at the gateway, and inside are requests."""
    TLS = "TLS"
    """TLS ends at the gateway, and inside are bytes."""
    PASSTHROUGH = "PASSTHROUGH"
    """TLS is passed on by its SNI, as VirtualServices say."""
    AUTO_PASSTHROUGH = "AUTO_PASSTHROUGH"
    """TLS is passed on by its SNI, which names a service."""
    TCP = "TCP"

    @property
    def is_tls(self) -> bool:
        """Whether connections are told apart by their SNI."""
        return self not in (ServerKind.HTTP, ServerKind.TCP)

    def shares_with(self, other: "ServerKind") -> bool:
        """Whether servers of both kinds can stand on one port."""
        return (self.is_tls and other.is_tls) or self is other is ServerKind.HTTP


class HostFilter(Part, frozen=True, cache_hash=True):
    """One of a server's `hosts`: `<namespace>/<host>`, where `*` is every namespace."""

    namespace: str
    host: str

    def admits(self, host: str, namespace: str) -> bool:
        """Whether a host that belongs to a namespace may be served."""
        return self.namespace in ("*", namespace) and covers(self.host, host)


class OpenServer(msgspec.Struct, frozen=True, eq=False):
    """A server that a gateway serves. `port` is the number the Gateway says; `field` its path there."""

    gateway: str
    key: ObjectKey
    field: str
    port: int
    kind: ServerKind
    hosts: tuple[HostFilter, ...]
    name: str = ""
    """What its author calls it; in messages only."""
    port_name: str = ""
    bind: str = ANY_ADDRESS
    """An IP address, or the path of a unix socket (`@name`: in no file system)."""
    tls: ServerTlsSettings | None = None
    is_grpc_web: bool = False


class Place(Part, frozen=True, order=True, cache_hash=True):
    """Where a gateway listens."""

    port: int
    bind: str = ANY_ADDRESS


class LeftOut(msgspec.Struct, frozen=True, eq=False):
    """A host that its TLS server does not serve, because `other` does."""

    server: OpenServer
    host: str
    other: OpenServer


class OpenPorts(msgspec.Struct, frozen=True, eq=False):
    """Servers by where they listen, and those held back because the port is taken by another kind."""

    by_place: Mapping[Place, tuple[OpenServer, ...]]
    held_back: tuple[tuple[OpenServer, OpenServer], ...]
    left_out: tuple[LeftOut, ...] = ()

    def of_kind(self, kind: ServerKind) -> Iterator[tuple[Place, tuple[OpenServer, ...]]]:
        """Where servers of a kind are, and those of each place, sorted by place."""
        for place, servers in self.by_place.items():
            found = tuple(server for server in servers if server.kind is kind)
            if found:
                yield place, found


def open_ports(pod: PodFacts, services: Iterable[Registered], gateways: Iterable[Gateway]) -> OpenPorts:
    """What a gateway pod, selected by these Services, listens for."""
    by_place: dict[Place, list[OpenServer]] = {}
    held_back = []
    selecting = tuple(services)
    for gateway in gateways:
        if not gateway.spec.selector.items() <= pod.labels.items():
            continue
        for server in open_servers(gateway):
            for place in _places(pod, selecting, server):
                sharing = by_place.setdefault(place, [])
                if sharing and not server.kind.shares_with(sharing[0].kind):
                    held_back.append((server, sharing[0]))
                else:
                    sharing.append(server)
    left_out: list[LeftOut] = []
    settled = {place: tuple(_distinct(by_place[place], left_out)) for place in sorted(by_place)}
    return OpenPorts(settled, tuple(held_back), tuple(left_out))


def open_servers(gateway: Gateway) -> Iterator[OpenServer]:
    """The servers of a Gateway as they are written."""
    namespace = gateway.metadata.namespace
    for index, server in enumerate(gateway.spec.servers):
        yield OpenServer(
            gateway=f"{namespace}/{gateway.metadata.name}",
            key=key_of(gateway),
            field=f"spec.servers[{index}]",
            port=server.port.number,
            kind=_kind(server),
            hosts=tuple(_host_filter(host, namespace) for host in server.hosts),
            name=server.name,
            port_name=server.port.name,
            bind=server.bind.removeprefix(_UNIX) or ANY_ADDRESS,
            tls=server.tls,
            is_grpc_web=server.port.protocol.upper() == "GRPC-WEB",
        )


def _places(pod: PodFacts, services: tuple[Registered, ...], server: OpenServer) -> Iterator[Place]:
    if server.port == 0 or server.bind.startswith(("/", "@")):
        if server.key.namespace == pod.namespace:
            yield Place(0, server.bind)
        return
    for port in listen_ports(pod, services, server.port):
        yield Place(port, server.bind)


def _distinct(servers: list[OpenServer], left_out: list[LeftOut]) -> Iterator[OpenServer]:
    """The servers with those of their hosts that no earlier one of the same place has."""
    owners: dict[str, OpenServer] = {}
    for server in servers:
        if not server.kind.is_tls or server.kind is ServerKind.AUTO_PASSTHROUGH:
            yield server
            continue
        for host in dict.fromkeys(admitted.host for admitted in server.hosts):
            if owners.setdefault(host, server) is not server:
                left_out.append(LeftOut(server, host, owners[host]))
        hosts = tuple(admitted for admitted in server.hosts if owners.get(admitted.host) is server)
        if hosts:
            yield msgspec.structs.replace(server, hosts=hosts)


def _kind(server: Server) -> ServerKind:
    protocol = server.port.protocol.upper()
    if protocol in _HTTP:
        return ServerKind.HTTP
    if protocol not in ("HTTPS", "TLS"):
        return ServerKind.TCP
    mode = server.tls.mode if server.tls else ServerTlsMode.PASSTHROUGH
    if mode in _UNOPENED:
        return ServerKind[_UNOPENED[mode]]
    return ServerKind.HTTPS if protocol == "HTTPS" else ServerKind.TLS


def _host_filter(written: str, own: str) -> HostFilter:
    namespace, slash, host = written.lower().rpartition("/")
    if not slash:
        namespace = "*"
    return HostFilter(own if namespace == "." else namespace, host)
