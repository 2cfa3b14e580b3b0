"""Between clusters: whether what one cluster sends to another's gateway is let in there.

A `.global` upstream is only a promise: its subset travels as part of the SNI, and the destination cluster
must have a chain for exactly that name. Otherwise the connection is reset, and neither cluster alone can see
why. Pure, over the snapshots of all clusters; the Problem is told at the caller, naming both clusters.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from convoy.api import codes
from convoy.api.meta import ClusterID, Hostname, ObjectKey
from convoy.api.paths import quote
from convoy.api.problems import Problem, sort_problems
from convoy.mesh.model import (
    GatewayAddress,
    GatewayPassthrough,
    HostRoutes,
    MeshSnapshot,
    PassthroughRoute,
    RouteRule,
    Service,
    SidecarView,
    TlsMode,
    Upstream,
    UpstreamKey,
)
from convoy.mesh.short_names import kube_hostname, split_global


class _Use(msgspec.Struct, frozen=True):
    """A route of one cluster to another: who says so, the upstream, and the gateway it goes to."""

    said_by: ObjectKey
    field: str
    upstream: Upstream
    caller: ClusterID
    gateway: GatewayAddress
    owner: ClusterID
    is_plain: bool


def check_links(snapshots: Mapping[ClusterID, MeshSnapshot]) -> tuple[Problem, ...]:
    """What is wrong between clusters: each Problem carries the calling cluster's ID and its object's key."""
    gateways = {
        (address.address, address.port): (cluster, address)
        for cluster in sorted(snapshots, reverse=True)
        for address in snapshots[cluster].gateway_addresses
    }
    problems: list[Problem] = []
    for cluster in sorted(snapshots):
        for use in _uses(cluster, snapshots[cluster], gateways):
            remote = snapshots[use.owner]
            problem = _broken(use, remote)
            problems += [problem] if problem else _ignored_routes(use, remote)
    return sort_problems(problems)


def _uses(
    cluster: ClusterID,
    snapshot: MeshSnapshot,
    gateways: Mapping[tuple[str, int], tuple[ClusterID, GatewayAddress]],
) -> Iterator[_Use]:
    for view in snapshot.sidecar_views.values():
        upstreams = {upstream.key: upstream for upstream in view.upstreams}
        for key, said_by, field in _routed(view, snapshot):
            upstream = upstreams.get(key)
            if upstream is None or split_global(key.hostname) is None:
                continue
            for address, port, accepts_mtls in _reached(upstream, snapshot):
                owner, gateway = gateways.get((address.lower(), port), (cluster, None))
                if gateway and owner != cluster:
                    is_plain = _is_plain(upstream, accepts_mtls=accepts_mtls)
                    yield _Use(said_by, field, upstream, cluster, gateway, owner, is_plain)


def _routed(view: SidecarView, snapshot: MeshSnapshot) -> Iterator[tuple[UpstreamKey, ObjectKey, str]]:
    ports = [*view.http, *(sniffed.routes for sniffed in view.sniffed)]
    for host in (host for port in ports for host in port.hosts):
        for rule in host.rules:
            mirrors = (mirror.key for mirror in rule.mirrors)
            for key in (*(destination.key for destination in rule.destinations), *mirrors):
                said_by, field = _place(rule, host, snapshot)
                if said_by:
                    yield key, said_by, field
    for destination in (one for route in view.tcp for one in route.destinations):
        source = snapshot.sources.get(destination.key.hostname)
        if source:
            yield destination.key, source, "spec.hosts"


def _place(rule: RouteRule, host: HostRoutes, snapshot: MeshSnapshot) -> tuple[ObjectKey | None, str]:
    origin = rule.origin
    if origin is None:
        return snapshot.sources.get(Hostname(host.host)), "spec.hosts"
    index = origin.rule.partition(".match[")[0]
    field = f"spec.{index}" if index.startswith("http[") else "spec.http"
    return ObjectKey(origin.kind, origin.namespace, origin.name), field


def _reached(upstream: Upstream, snapshot: MeshSnapshot) -> Iterable[tuple[str, int, bool]]:
    assignment = snapshot.assignments.get(upstream.key)
    listed = (
        {(one.address, one.port, one.accepts_mtls) for one in assignment.endpoints} if assignment else set()
    )
    return sorted(listed | {(one.address, one.port, one.accepts_mtls) for one in upstream.dns_endpoints})


def _is_plain(upstream: Upstream, *, accepts_mtls: bool) -> bool:
    mode = upstream.tls.mode
    return mode is TlsMode.DISABLE or (mode is TlsMode.AUTO and not accepts_mtls)


def _broken(use: _Use, remote: MeshSnapshot) -> Problem | None:
    key = use.upstream.key
    if use.is_plain:
        return _problem(
            use,
            f"{_sent(use)} as plain text; the gateway of {use.owner} lets in mutual TLS only.",
            "Set tls.mode ISTIO_MUTUAL in the DestinationRule for that host.",
        )
    passthrough = _passthrough(use.gateway, remote)
    if passthrough is None:
        return _problem(
            use,
            f"{_sent(use)} to port {use.gateway.port} of the gateway of {use.owner}, which has no"
            " AUTO_PASSTHROUGH server there.",
            f"Apply a Gateway with that port, mode AUTO_PASSTHROUGH and hosts *.global in {use.owner}.",
        )
    if _lets_in(passthrough.routes, use.upstream.tls.sni):
        return None
    return _unserved(use, key, remote)


def _unserved(use: _Use, key: UpstreamKey, remote: MeshSnapshot) -> Problem:
    named = split_global(key.hostname)
    host = kube_hostname(*named, remote.settings.cluster_domain) if named else key.hostname
    service = remote.services.get(host)
    if service is None:
        return _problem(
            use,
            f"{_sent(use)} to {use.owner}, which has no service {quote(host)}.",
            f"Apply the Service in {use.owner}, or correct the name.",
        )
    if key.port not in [port.number for port in service.ports]:
        ports = ", ".join(str(port.number) for port in service.ports) or "none"
        return _problem(
            use,
            f"{_sent(use)} to {use.owner}, whose service has the ports {ports}.",
            "Give the ServiceEntry the port number of the remote Service.",
        )
    subsets = _subsets(service, remote)
    if key.subset and key.subset.lower() not in {subset.lower() for subset in subsets}:
        return _problem(
            use,
            f"{_sent(use)} to {use.owner}, which has no subset {quote(key.subset)} of {quote(host)}"
            f" (it has {', '.join(subsets) or 'none'}).",
            f"Add {key.subset} to a DestinationRule for {host} in {use.owner}.",
        )
    return _problem(
        use,
        f"{_sent(use)} to {use.owner} by the SNI {quote(use.upstream.tls.sni)}, which its gateway refuses.",
        "Admit the host in the hosts of its AUTO_PASSTHROUGH server, and write no sni of your own.",
    )


def _sent(use: _Use) -> str:
    key = use.upstream.key
    subset = f" subset {key.subset}" if key.subset else ""
    return f"{use.caller} sends requests for {quote(f'{key.hostname}:{key.port}')}{subset}"


def _passthrough(gateway: GatewayAddress, remote: MeshSnapshot) -> GatewayPassthrough | None:
    view = remote.gateway_views.get(gateway.view)
    ports = view.passthrough if view else ()
    return next((one for one in ports if one.listen_port == gateway.listen_port), None)


def _lets_in(routes: Iterable[PassthroughRoute], sni: str) -> bool:
    # As Envoy does, without regard to case.
    return any(name.lower() == sni.lower() for route in routes for name in route.server_names)


def _subsets(service: Service, remote: MeshSnapshot) -> list[str]:
    keys = {
        route.key.subset
        for view in remote.gateway_views.values()
        for port in view.passthrough
        for route in port.routes
        if route.key.hostname == service.hostname and route.key.subset
    }
    return sorted(keys)


def _ignored_routes(use: _Use, remote: MeshSnapshot) -> Iterator[Problem]:
    named = split_global(use.upstream.key.hostname)
    host = kube_hostname(*named, remote.settings.cluster_domain) if named else use.upstream.key.hostname
    origins = {
        (rule.origin.namespace, rule.origin.name)
        for view in remote.sidecar_views.values()
        for port in view.http
        for routes in port.hosts
        if routes.host == host
        for rule in routes.rules
        if rule.origin
    }
    for namespace, name in sorted(origins):
        yield Problem(
            code=codes.REMOTE_ROUTES_IGNORED,
            key=use.said_by,
            field=use.field,
            cluster=use.caller,
            message=f"{_sent(use)} to {use.owner}; VirtualService {namespace}/{name} there does not count,"
            " because its gateway passes connections on unopened.",
            remedy=f"Write such rules in {use.caller}, for {quote(use.upstream.key.hostname)}.",
        )


def _problem(use: _Use, message: str, remedy: str) -> Problem:
    return Problem(
        code=codes.BROKEN_LINK,
        key=use.said_by,
        field=use.field,
        cluster=use.caller,
        message=message,
        remedy=remedy,
    )
