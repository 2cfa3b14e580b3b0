"""Everything that the gateways of one view listen for, server by server."""

from collections.abc import Iterable, Iterator

import msgspec

from convoy.mesh.facts import Facts
from convoy.mesh.gateway_http import build_gateway_http, build_gateway_https
from convoy.mesh.gateway_servers import OpenPorts, OpenServer, Place, ServerKind
from convoy.mesh.gateway_tcp import TakenNames, build_gateway_tcp, build_gateway_unopened
from convoy.mesh.model import (
    Credential,
    GatewayHttp,
    GatewayHttps,
    GatewayPassthrough,
    GatewayTcp,
    PortRoutes,
    TcpRoute,
    ViewKey,
)
from convoy.mesh.passthrough import build_passthrough
from convoy.mesh.server_tls import HeldBackTls, OpenedTls, open_tls
from convoy.mesh.upstreams import PlannedUpstream, UpstreamPlanner


class GatewayPorts(msgspec.Struct, frozen=True, eq=False):
    """What a view serves, the upstreams of what is passed on by SNI, and the credentials of its servers."""

    http: tuple[GatewayHttp, ...]
    https: tuple[GatewayHttps, ...]
    tcp: tuple[GatewayTcp, ...]
    passthrough: tuple[GatewayPassthrough, ...]
    passed_to: tuple[PlannedUpstream, ...]
    credentials: tuple[Credential, ...]

    def tables(self) -> Iterator[PortRoutes]:
        """The routes of all requests."""
        yield from (http.routes for http in self.http)
        yield from (https.routes for https in self.https)

    def connections(self) -> Iterator[TcpRoute]:
        """The routes of all connections."""
        yield from (tcp.route for tcp in self.tcp)


def build_gateway_ports(
    facts: Facts, key: ViewKey, planner: UpstreamPlanner, *, ports: OpenPorts
) -> GatewayPorts:
    """What the open servers of a gateway serve. Those that end TLS need their credentials for it."""
    opened = _Opened()
    for place, servers in ports.by_place.items():
        for server in servers:
            opened.add(facts, key, place, server)
    passing = [
        build_passthrough(facts, key, planner, place=place, servers=servers)
        for place, servers in ports.of_kind(ServerKind.AUTO_PASSTHROUGH)
    ]
    return GatewayPorts(
        http=tuple(
            build_gateway_http(facts, key, place=place, servers=servers)
            for place, servers in ports.of_kind(ServerKind.HTTP)
        ),
        https=tuple(opened.https),
        tcp=tuple(opened.tcp),
        passthrough=tuple(passthrough for passthrough, _ in passing if passthrough.routes),
        passed_to=tuple(upstream for _, upstreams in passing for upstream in upstreams),
        credentials=tuple(opened.credentials),
    )


def open_server(facts: Facts, server: OpenServer, namespace: str) -> OpenedTls | HeldBackTls | None:
    """How gateways of a namespace open the TLS of a server; None for one that opens none."""
    if server.tls is None or server.kind not in (ServerKind.HTTPS, ServerKind.TLS):
        return None
    return open_tls(
        server.tls,
        facts.credentials,
        namespace=namespace,
        trust_domains=(facts.settings.trust_domain, *facts.settings.trust_domain_aliases),
    )


class _Opened:
    """The servers of a view that were opened so far, place by place."""

    def __init__(self) -> None:
        self.https: list[GatewayHttps] = []
        self.tcp: list[GatewayTcp] = []
        self.credentials: dict[Credential, None] = {}
        self._taken: dict[Place, TakenNames] = {}

    def add(self, facts: Facts, key: ViewKey, place: Place, server: OpenServer) -> None:
        """Open a server, if it can be and it is one of those that stand alone."""
        opened = open_server(facts, server, key.namespace)
        if isinstance(opened, HeldBackTls):
            return
        taken = self._taken.setdefault(place, TakenNames())
        if server.kind is ServerKind.HTTPS and opened:
            https = build_gateway_https(facts, key, place=place, server=server, tls=opened.tls)
            names = taken.claim(https.server_names)
            self.https += [msgspec.structs.replace(https, server_names=names)] if names else []
        elif server.kind is ServerKind.TLS and opened:
            self._add_tcp([build_gateway_tcp(facts, key, place=place, server=server, tls=opened.tls)], taken)
        elif server.kind is ServerKind.TCP:
            self.tcp += filter(None, [build_gateway_tcp(facts, key, place=place, server=server)])
        elif server.kind is ServerKind.PASSTHROUGH:
            self._add_tcp(build_gateway_unopened(facts, key, place=place, server=server), taken)
        self.credentials |= dict.fromkeys(opened.credentials if opened else ())

    def _add_tcp(self, made: Iterable[GatewayTcp | None], taken: TakenNames) -> None:
        for tcp in filter(None, made):
            self.tcp += filter(None, [taken.claim_for(tcp)])
