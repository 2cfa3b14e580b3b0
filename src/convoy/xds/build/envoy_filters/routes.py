"""Patches of route configurations, virtual hosts and routes."""

from collections.abc import Sequence

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.config.route.v3 import route_pb2 as route_v3

from convoy.api.istio.envoy_filter import ApplyTo, RouteActionKind, RouteConfigurationMatch, VirtualHostMatch
from convoy.xds.build.envoy_filters.changes import Change, Items, of_kind

RouteConfiguration = route_v3.RouteConfiguration
VirtualHost = route_parts_v3.VirtualHost
Route = route_parts_v3.Route

_ACTIONS = {
    RouteActionKind.ROUTE: "route",
    RouteActionKind.REDIRECT: "redirect",
    RouteActionKind.DIRECT_RESPONSE: "direct_response",
}
_KINDS = (ApplyTo.ROUTE_CONFIGURATION, ApplyTo.VIRTUAL_HOST, ApplyTo.HTTP_ROUTE)


def patch_routes(
    configuration: RouteConfiguration, changes: Sequence[Change], *, port: int = 0
) -> RouteConfiguration:
    """A route configuration once the changes that fit it were made; the same object when none did.

    `port` is that of the listener it belongs to, for those whose names do not tell.
    """
    fitting = [
        change
        for change in of_kind(changes, *_KINDS)
        if fits_configuration(change.match.route_configuration, configuration.name, port=port)
    ]
    if not fitting:
        return configuration
    result = RouteConfiguration()
    result.CopyFrom(configuration)
    for change in of_kind(fitting, ApplyTo.ROUTE_CONFIGURATION):
        if change.merges:
            change.merge_into(result)
    _patch_hosts(result, fitting)
    return result


def fits_configuration(match: RouteConfigurationMatch | None, name: str, *, port: int = 0) -> bool:
    """Whether a match means a route configuration of that name.

    Names tell ports: `9080`, `host:9080`, `http.8080`, `https.443.name.gateway.namespace`.
    """
    if match is None:
        return True
    if match.name and match.name != name:
        return False
    if match.port_number and match.port_number not in (port, _port_of(name)):
        return False
    return _is_of_gateway(match, name)


def _port_of(name: str) -> int:
    scheme, _, rest = name.partition(".")
    number = rest.partition(".")[0] if scheme in ("http", "https") else name.rpartition(":")[2]
    if name.startswith("inbound|"):
        number = name.split("|")[1]
    return int(number) if number.isdigit() else 0


def _is_of_gateway(match: RouteConfigurationMatch, name: str) -> bool:
    """Only the servers that end TLS have names that tell their gateway and port name."""
    if not (match.gateway or match.port_name):
        return True
    if not name.startswith("https."):
        return not match.port_name and name.startswith("http.")
    parts = name.split(".")
    _, _, port_name, gateway, namespace = (*parts, "", "", "", "", "")[:5]
    return match.port_name in ("", port_name) and match.gateway in ("", f"{namespace}/{gateway}")


def _patch_hosts(configuration: RouteConfiguration, changes: Sequence[Change]) -> None:
    of_hosts, of_routes = of_kind(changes, ApplyTo.VIRTUAL_HOST), of_kind(changes, ApplyTo.HTTP_ROUTE)
    hosts = Items(
        configuration.virtual_hosts, VirtualHost, matches=lambda change, host: _fits_host(_host(change), host)
    )
    for change in of_hosts:
        hosts.make(change)
    patched = [_patch_host(host, of_routes) for host in hosts]
    del configuration.virtual_hosts[:]
    configuration.virtual_hosts.extend(patched)


def _patch_host(host: VirtualHost, changes: Sequence[Change]) -> VirtualHost:
    fitting = [change for change in changes if _fits_host(_host(change), host)]
    if not fitting:
        return host
    routes = Items(host.routes, Route, matches=_fits_route, names_one=_names_route)
    for change in fitting:
        routes.make(change)
    result = VirtualHost()
    result.CopyFrom(host)
    del result.routes[:]
    result.routes.extend(routes)
    return result


def _host(change: Change) -> VirtualHostMatch | None:
    match = change.match.route_configuration
    return match.vhost if match else None


def _fits_host(match: VirtualHostMatch | None, host: VirtualHost) -> bool:
    if match is None:
        return True
    return match.name in ("", host.name) and (not match.domain_name or match.domain_name in host.domains)


def _names_route(change: Change) -> bool:
    match = _host(change)
    route = match.route if match else None
    return route is not None and bool(route.name or route.action is not RouteActionKind.ANY)


def _fits_route(change: Change, route: Route) -> bool:
    match = _host(change)
    wanted = match.route if match else None
    if wanted is None:
        return True
    if wanted.name and wanted.name != route.name:
        return False
    return wanted.action is RouteActionKind.ANY or route.WhichOneof("action") == _ACTIONS[wanted.action]
