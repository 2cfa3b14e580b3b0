"""Rules of a VirtualService for connections that are passed on as they are: `tls` and `tcp`."""

from collections.abc import Sequence

from convoy.api import codes
from convoy.api.istio.virtual_service import (
    L4Match,
    RouteDestination,
    TcpRoute,
    TlsMatch,
    TlsRoute,
    VirtualServiceSpec,
)
from convoy.api.paths import item_path, quote
from convoy.api.validation import names
from convoy.api.validation.destinations import check_destination, check_weights
from convoy.api.validation.finding import Findings
from convoy.api.validation.gateway_names import check_gateway_names, is_for_mesh


def check_tls_rule(path: str, rule: TlsRoute, spec: VirtualServiceSpec, found: Findings) -> None:
    """Names of the handshake (SNI) that belong to the hosts, and where their connections go."""
    found.check_not_empty(f"{path}.match", rule.match, "Say which SNI hosts it is for.")
    for i, match in enumerate(rule.match):
        here = item_path(f"{path}.match", i)
        found.check_not_empty(f"{here}.sniHosts", match.sni_hosts, "Add the name that clients send.")
        for j, host in enumerate(match.sni_hosts):
            _check_sni_host(item_path(f"{here}.sniHosts", j), host, spec, found)
        _check_match(here, match, found)
    _check_route(f"{path}.route", rule.route, found)


def check_tcp_rule(path: str, rule: TcpRoute, found: Findings) -> None:
    """Conditions on a connection's addresses, and where it goes."""
    for i, match in enumerate(rule.match):
        _check_match(item_path(f"{path}.match", i), match, found)
    _check_route(f"{path}.route", rule.route, found)


def _check_sni_host(path: str, host: str, spec: VirtualServiceSpec, found: Findings) -> None:
    at_gateways_only = not is_for_mesh(spec.gateways)
    if not names.is_domain(host) and not (at_gateways_only and names.is_cluster_sni(host)):
        if names.is_ip(host):
            message = f"{quote(host)} is an address, which clients do not send as SNI."
            found.add(codes.RISKY, path, message, "Use destinationSubnets, or a host name.")
        else:
            found.check_host(path, host, wildcard=True, bare=True)
        return
    if not any(names.covers(allowed, host) for allowed in spec.hosts):
        message = f"{quote(host)} is none of spec.hosts, which has {', '.join(spec.hosts) or 'none'}."
        found.add(codes.BAD_HOST, path, message, "Use one of those, or add it there.")


def _check_match(path: str, match: TlsMatch | L4Match, found: Findings) -> None:
    for i, subnet in enumerate(match.destination_subnets):
        if not names.is_ip(subnet) and not names.is_cidr(subnet):
            here = item_path(f"{path}.destinationSubnets", i)
            message = f"{quote(subnet)} is neither an address nor a network."
            found.add(codes.BAD_ADDRESS, here, message, 'Write one such as "10.1.0.0/16".')
    found.check_labels(f"{path}.sourceLabels", match.source_labels)
    check_gateway_names(f"{path}.gateways", match.gateways, found)


def _check_route(path: str, route: Sequence[RouteDestination], found: Findings) -> None:
    found.check_not_empty(path, route, "Say where the connections go.")
    for i, choice in enumerate(route):
        check_destination(f"{item_path(path, i)}.destination", choice.destination, found)
    check_weights(path, [choice.weight for choice in route], found)
