"""Delegation: a rule of a VirtualService that leaves the choice to the rules of another, its delegate.

The rules of a delegate take the place of the rule that names it, each narrowed by that rule's conditions. A
rule whose conditions contradict them is left out. What the delegate's rule leaves open (timeout, headers and
so on) it has from the rule that names it. A delegate has no hosts, and it delegates to nobody.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from convoy.api.istio.common import Destination, Headers
from convoy.api.istio.virtual_service import HttpRoute, VirtualService
from convoy.mesh.delegate_matches import merge_matches
from convoy.mesh.gateway_names import resolve_gateway
from convoy.mesh.short_names import expand_host
from convoy.mesh.visibility import Visibility

_INHERITED = (
    "rewrite",
    "direct_response",
    "timeout",
    "retries",
    "fault",
    "mirror",
    "mirror_percent",
    "mirror_percent_alias",
    "mirror_percentage",
    "cors_policy",
)

Key = tuple[str, str]
"""Namespace and name."""


class Delegate(msgspec.Struct, frozen=True, eq=False):
    """A VirtualService without hosts, and who may delegate to it."""

    written: VirtualService
    visibility: Visibility


class PlacedRoute(msgspec.Struct, frozen=True, eq=False):
    """An HTTP rule, and where it is written: in which object, at which index of `http`."""

    service: VirtualService
    index: int
    route: HttpRoute


def is_delegate(service: VirtualService) -> bool:
    """Whether a VirtualService can only be delegated to."""
    return not service.spec.hosts


def delegate_key(route: HttpRoute, namespace: str) -> Key | None:
    """Whom a rule of a VirtualService in a namespace delegates to; None when it does not."""
    if route.delegate is None:
        return None
    return (route.delegate.namespace or namespace, route.delegate.name)


def place_routes(
    service: VirtualService, delegates: Mapping[Key, Delegate], *, domain: str
) -> Iterator[PlacedRoute]:
    """The rules of a VirtualService in order, those of its delegates in their places.

    A rule whose delegate is missing, or not exported to the VirtualService's namespace, is left out.
    """
    namespace = service.metadata.namespace
    for index, route in enumerate(service.spec.http):
        key = delegate_key(route, namespace)
        if key is None:
            yield PlacedRoute(service, index, route)
            continue
        delegate = delegates.get(key)
        if delegate and delegate.visibility.allows(namespace):
            yield from _delegated(qualify(route, namespace, domain), delegate.written, domain)


def merge_route(root: HttpRoute, delegate: HttpRoute) -> HttpRoute | None:
    """One rule of a delegate as a rule of its root; None when their conditions contradict each other."""
    matches = merge_matches(root.match, delegate.match)
    if matches is None:
        return None
    inherited = {field: getattr(root, field) for field in _INHERITED if getattr(delegate, field) is None}
    return replace(
        delegate,
        match=matches,
        name="-".join(filter(None, (root.name, delegate.name))),
        mirrors=delegate.mirrors or root.mirrors,
        headers=root.headers if delegate.headers == Headers() else delegate.headers,
        **inherited,
    )


def qualify(route: HttpRoute, namespace: str, domain: str) -> HttpRoute:
    """The rule with all names in full, so that it means the same in any namespace."""

    def full(destination: Destination) -> Destination:
        return replace(destination, host=expand_host(destination.host, namespace, domain))

    return replace(
        route,
        match=[
            replace(match, gateways=[resolve_gateway(name, namespace) for name in match.gateways])
            for match in route.match
        ],
        route=[replace(choice, destination=full(choice.destination)) for choice in route.route],
        mirror=full(route.mirror) if route.mirror else None,
        mirrors=[replace(mirror, destination=full(mirror.destination)) for mirror in route.mirrors],
    )


def _delegated(root: HttpRoute, delegate: VirtualService, domain: str) -> Iterable[PlacedRoute]:
    for index, route in enumerate(delegate.spec.http):
        if route.delegate is not None:
            continue
        merged = merge_route(root, qualify(route, delegate.metadata.namespace, domain))
        if merged is not None:
            yield PlacedRoute(delegate, index, merged)
