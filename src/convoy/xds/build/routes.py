"""Route configurations: which cluster serves a request, by its host and the rules of that host.

A cluster that does not exist is named all the same (`validate_clusters` off): its requests are answered 503,
and one wrong rule cannot make Envoy refuse the routes of every other service on the port.
"""

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.config.route.v3 import route_pb2 as route_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.mesh.model import Fallback, HostRoutes, PortRoutes, RetryPolicy
from convoy.xds.build import names
from convoy.xds.build.packing import seconds, uint32
from convoy.xds.build.retries import build_inbound_retry_policy, build_retry_policy
from convoy.xds.build.route_actions import build_route

_ANY_HOST = "*"
_LARGEST_DIRECT_BODY = 1024 * 1024


def build_route_configuration(name: str, routes: PortRoutes) -> route_v3.RouteConfiguration:
    """All hosts of a port, sorted, and what happens to requests of other hosts."""
    frame = build_route_frame(name, routes)
    hosts = [build_virtual_host(host) for host in sorted_hosts(routes)]
    return _configuration(name, [*hosts, *frame.virtual_hosts], tells_ports=routes.port == 0)


def build_route_frame(name: str, routes: PortRoutes) -> route_v3.RouteConfiguration:
    """The route configuration without its hosts: only what happens to requests of others.

    Its bytes after those of the hosts, as fields `virtual_hosts`, are the bytes of the whole.
    """
    # A gateway may serve `*` itself; Envoy takes each domain only once.
    takes_all = any(_ANY_HOST in host.domains for host in routes.hosts)
    return _configuration(name, [] if takes_all else [_fallback_host(routes)], tells_ports=routes.port == 0)


def sorted_hosts(routes: PortRoutes) -> list[HostRoutes]:
    """The hosts in the order of their virtual hosts' names."""
    return sorted(routes.hosts, key=lambda host: names.virtual_host(host.host, host.port))


def build_virtual_host(host: HostRoutes) -> route_parts_v3.VirtualHost:
    """One host and the routes of its rules."""
    tls = route_parts_v3.VirtualHost.ALL if host.requires_tls else route_parts_v3.VirtualHost.NONE
    return route_parts_v3.VirtualHost(
        name=names.virtual_host(host.host, host.port),
        domains=host.domains,
        routes=[build_route(rule) for rule in host.rules],
        require_tls=tls,
        include_request_attempt_count=True,
    )


def build_inbound_routes(
    cluster: str, virtual_host: str, retries: RetryPolicy | None = None
) -> route_v3.RouteConfiguration:
    """Every request to the application; it has its caller's timeout, so none of its own."""
    action = route_parts_v3.RouteAction(
        cluster=cluster,
        timeout=seconds(0),
        retry_policy=build_retry_policy(retries) if retries else build_inbound_retry_policy(),
    )
    return _configuration(cluster, [_host_of_all(virtual_host, _route(names.DEFAULT_ROUTE, route=action))])


def _configuration(
    name: str, hosts: list[route_parts_v3.VirtualHost], *, tells_ports: bool = False
) -> route_v3.RouteConfiguration:
    return route_v3.RouteConfiguration(
        name=name,
        virtual_hosts=hosts,
        validate_clusters=BoolValue(value=False),
        max_direct_response_body_size_bytes=uint32(_LARGEST_DIRECT_BODY),
        ignore_port_in_host_matching=not tells_ports,
    )


def _fallback_host(routes: PortRoutes) -> route_parts_v3.VirtualHost:
    if routes.fallback is Fallback.RESOLVE:
        action = route_parts_v3.RouteAction(cluster=names.DYNAMIC_DNS_CLUSTER, timeout=seconds(0))
        return _host_of_all(names.ALLOW_ANY, _route(names.ALLOW_ANY, route=action))
    if routes.fallback is Fallback.PASSTHROUGH:
        proxy = routes.egress_proxy
        cluster = names.upstream(proxy) if proxy else names.PASSTHROUGH_CLUSTER
        action = route_parts_v3.RouteAction(cluster=cluster, timeout=seconds(0))
        return _host_of_all(names.ALLOW_ANY, _route(names.ALLOW_ANY, route=action))
    if routes.fallback is Fallback.BLOCK:
        return _host_of_all(names.BLOCK_ALL, _answer(names.BLOCK_ALL, 502))
    return _host_of_all(names.blackhole_virtual_host(routes.port), _answer("blackhole", 404))


def _host_of_all(name: str, route: route_parts_v3.Route) -> route_parts_v3.VirtualHost:
    return route_parts_v3.VirtualHost(
        name=name, domains=[_ANY_HOST], routes=[route], include_request_attempt_count=True
    )


def _answer(name: str, status: int) -> route_parts_v3.Route:
    return _route(name, direct_response=route_parts_v3.DirectResponseAction(status=status))


def _route(
    name: str,
    *,
    route: route_parts_v3.RouteAction | None = None,
    direct_response: route_parts_v3.DirectResponseAction | None = None,
) -> route_parts_v3.Route:
    return route_parts_v3.Route(
        name=name,
        match=route_parts_v3.RouteMatch(prefix="/"),
        route=route,
        direct_response=direct_response,
    )
