"""The servers that are open on one gateway, by the port it really listens on.

A Gateway names the Service's port; the pod listens on the target port. Servers of one kind share a port;
where kinds differ, the oldest Gateway's decides and the others are held back (and told by `checks`).
"""

import enum
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.gateway import Gateway, Server, ServerTlsMode
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.mesh.hosts import covers
from convoy.mesh.model import Part
from convoy.mesh.pods import PodFacts
from convoy.mesh.selections import listen_ports
from convoy.mesh.services import Registered

_HTTP = ("HTTP", "HTTP2", "GRPC", "GRPC-WEB")


class ServerKind(enum.Enum):
    """The kinds of servers that are built."""

    HTTP = "HTTP"
    PASSTHROUGH = "AUTO_PASSTHROUGH"


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


class OpenPorts(msgspec.Struct, frozen=True, eq=False):
    """Servers by listening port, and those held back because the port is taken by another kind."""

    by_port: Mapping[int, tuple[OpenServer, ...]]
    held_back: tuple[tuple[OpenServer, OpenServer], ...]

    def of_kind(self, kind: ServerKind) -> Iterator[tuple[int, tuple[OpenServer, ...]]]:
        """The ports that serve one kind, sorted."""
        return ((port, servers) for port, servers in self.by_port.items() if servers[0].kind is kind)


def open_ports(pod: PodFacts, services: Iterable[Registered], gateways: Iterable[Gateway]) -> OpenPorts:
    """What a gateway pod, selected by these Services, listens for."""
    by_port: dict[int, list[OpenServer]] = {}
    held_back = []
    selecting = tuple(services)
    for gateway in gateways:
        if not gateway.spec.selector.items() <= pod.labels.items():
            continue
        for server in _servers(gateway):
            for port in listen_ports(pod, selecting, server.port):
                sharing = by_port.setdefault(port, [])
                if sharing and sharing[0].kind is not server.kind:
                    held_back.append((server, sharing[0]))
                else:
                    sharing.append(server)
    return OpenPorts({port: tuple(by_port[port]) for port in sorted(by_port)}, tuple(held_back))


def _servers(gateway: Gateway) -> Iterator[OpenServer]:
    namespace = gateway.metadata.namespace
    for index, server in enumerate(gateway.spec.servers):
        kind = _kind(server)
        if kind:
            yield OpenServer(
                gateway=f"{namespace}/{gateway.metadata.name}",
                key=key_of(gateway),
                field=f"spec.servers[{index}]",
                port=server.port.number,
                kind=kind,
                hosts=tuple(_host_filter(host, namespace) for host in server.hosts),
            )


def _kind(server: Server) -> ServerKind | None:
    if server.port.protocol.upper() in _HTTP:
        return ServerKind.HTTP
    if server.tls and server.tls.mode is ServerTlsMode.AUTO_PASSTHROUGH:
        return ServerKind.PASSTHROUGH
    return None


def _host_filter(written: str, own: str) -> HostFilter:
    namespace, slash, host = written.lower().rpartition("/")
    if not slash:
        namespace = "*"
    return HostFilter(own if namespace == "." else namespace, host)
