"""VirtualServices, prepared once: hosts and gateways expanded, delegates put in, rules settled.

What depends on the proxy (port, namespace, labels, gateway) stays as a filter on each rule and is decided in
`http_routes`.
"""

import copy
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

import msgspec

from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kinds import key_of
from convoy.api.meta import Hostname, Namespace, ObjectKey
from convoy.mesh.aliases import Aliases, resolve_rule
from convoy.mesh.delegates import Delegate, Key, is_delegate, place_routes
from convoy.mesh.gateway_names import MESH, resolve_gateway
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.http_rules import PreparedRule, prepare_route
from convoy.mesh.memory import keep_tuple
from convoy.mesh.model import RetryPolicy, RouteRule
from convoy.mesh.retries import DEFAULT_RETRIES
from convoy.mesh.short_names import expand_host
from convoy.mesh.visibility import Visibility, resolve_export_to

_FEW = 16


class PreparedVirtualService(msgspec.Struct, frozen=True, eq=False):
    """One VirtualService. `gateways` holds `mesh` and `<namespace>/<name>`; `written` is as it was written,
    without its delegates.
    """

    key: ObjectKey
    namespace: Namespace
    hosts: tuple[Hostname, ...]
    gateways: tuple[str, ...]
    visibility: Visibility
    rules: tuple[PreparedRule, ...]
    written: VirtualService
    is_delegating: bool = False
    is_labelled: bool = False
    """It depends on the labels of callers which of its HTTP rules apply."""
    answers: dict[Hashable, tuple[RouteRule, ...]] = {}
    """What `http_routes` made of the rules, by all that this depends on."""

    def stands_like(self, other: "PreparedVirtualService") -> bool:
        """Whether it claims the same hosts at the same places before the same callers, whatever its rules
        say.
        """
        return (
            self.key == other.key
            and self.hosts == other.hosts
            and self.gateways == other.gateways
            and self.visibility == other.visibility
            and bool(self.written.spec.http) == bool(other.written.spec.http)
        )


class SidecarRouting:
    """The VirtualServices that sidecars of a namespace see, oldest first."""

    def __init__(self, services: tuple[PreparedVirtualService, ...]) -> None:
        self.services = services
        self._exact: dict[str, list[PreparedVirtualService]] = {}
        wildcards: dict[str, PreparedVirtualService] = {}
        for service in services:
            for host in service.hosts:
                if is_wildcard(host):
                    wildcards.setdefault(host, service)
                else:
                    self._exact.setdefault(host, []).append(service)
        self._longest_first = sorted(wildcards.items(), key=lambda item: (-len(item[0]), item[0]))

    def candidates(self, host: str) -> Iterator[PreparedVirtualService]:
        """Those for a host. The first that has a rule for the caller and port counts, and none adds to it:
        those that name the host, oldest first, then the oldest of the longest wildcard that covers it.
        """
        yield from self._exact.get(host, ())
        covering = (service for pattern, service in self._longest_first if covers(pattern, host))
        yield from (service for service in [next(covering, None)] if service)

    def replaced(self, changes: "Changes") -> "SidecarRouting":
        """The same with other rules in some VirtualServices, which stand as the old ones did."""
        services = _replaced(self.services, changes)
        if services is self.services:
            return self
        changed = copy.copy(self)
        changed.services = services
        changed._exact = dict(self._exact)
        for host in {host for one in changes for host in one.hosts}:
            if host in self._exact:
                changed._exact[host] = [changes.get(one, one) for one in self._exact[host]]
        changed._longest_first = [(pattern, changes.get(one, one)) for pattern, one in self._longest_first]
        return changed


Changes = Mapping[PreparedVirtualService, PreparedVirtualService]
"""What takes the place of a VirtualService."""


class Routing:
    """All VirtualServices, oldest first. `delegates` are those without hosts, which count nowhere else.

    `previous` was made with the same settings: what is as it was there is taken over.
    """

    def __init__(
        self,
        services: Iterable[VirtualService],
        *,
        domain: str,
        retries: RetryPolicy = DEFAULT_RETRIES,
        export_to: tuple[str, ...] = (),
        aliases: Aliases | None = None,
        previous: "Routing | None" = None,
    ) -> None:
        written = tuple(services)
        self.written = written
        self.retries = retries
        self.delegates = {
            (service.metadata.namespace, service.metadata.name): Delegate(
                service, _visibility(service, export_to)
            )
            for service in written
            if is_delegate(service)
        }
        known = previous._reusable(self.delegates) if previous else {}
        self._all = tuple(
            known.get(id(service))
            or _prepare(
                service,
                self.delegates,
                domain=domain,
                retries=retries,
                visibility=_visibility(service, export_to),
                aliases=aliases or {},
            )
            for service in written
            if service.spec.hosts
        )
        self.labelled = tuple(one for one in self._all if one.is_labelled)
        self.delegating = tuple(one for one in self._all if one.is_delegating)
        self.at_gateways = tuple(one for one in self._all if one.gateways != (MESH,))
        self.shape = object()
        """The same one while VirtualServices differ by their rules alone."""
        self._mesh: dict[str, SidecarRouting] = {}
        self._bound: dict[tuple[str, str], tuple[PreparedVirtualService, ...]] = {}
        if previous:
            self._take_over(previous)

    def _reusable(self, delegates: Mapping[Key, Delegate]) -> Mapping[int, PreparedVirtualService]:
        """Those prepared, by the `id` of what is written, that mean the same with these delegates."""
        old = self.delegates
        are_same = old.keys() == delegates.keys() and all(
            old[key].written is delegate.written for key, delegate in delegates.items()
        )
        return {id(one.written): one for one in self._all if are_same or not one.is_delegating}

    def _take_over(self, previous: "Routing") -> None:
        self._all = keep_tuple(self._all, previous._all)
        self.labelled = keep_tuple(self.labelled, previous.labelled)
        self.at_gateways = keep_tuple(self.at_gateways, previous.at_gateways)
        if len(self._all) != len(previous._all):
            return
        changes = {old: new for new, old in zip(self._all, previous._all, strict=True) if new is not old}
        if all(new.stands_like(old) for old, new in changes.items()):
            self.shape = previous.shape
            self._mesh = {place: one.replaced(changes) for place, one in previous._mesh.items()}
            self._bound = {place: _replaced(bound, changes) for place, bound in previous._bound.items()}

    def __iter__(self) -> Iterator[PreparedVirtualService]:
        return iter(self._all)

    def narrowed(self, keeps: Callable[[PreparedVirtualService], bool]) -> "Routing":
        """The same for proxies that import only some of them."""
        narrowed = copy.copy(self)
        narrowed._all = tuple(filter(keeps, self._all))
        narrowed.shape = object()
        narrowed._mesh = {}
        narrowed._bound = {}
        return narrowed

    def bound(self, gateway: str, *, namespace: str) -> tuple[PreparedVirtualService, ...]:
        """Those for a gateway (`<namespace>/<name>`) or `mesh` that proxies of a namespace see."""
        key = (gateway, namespace)
        if key not in self._bound:
            self._bound[key] = tuple(
                service
                for service in self._all
                if gateway in service.gateways and service.visibility.allows(namespace)
            )
        return self._bound[key]

    def for_sidecars(self, namespace: str) -> SidecarRouting:
        """Those that the sidecars of a namespace see, by host."""
        if namespace not in self._mesh:
            self._mesh[namespace] = SidecarRouting(self.bound(MESH, namespace=namespace))
        return self._mesh[namespace]


def _replaced(
    services: tuple[PreparedVirtualService, ...], changes: Changes
) -> tuple[PreparedVirtualService, ...]:
    """With what takes the place of some; the same tuple when they are not in it."""
    if len(changes) > _FEW:
        return keep_tuple(tuple(changes.get(one, one) for one in services), services)
    replaced = list(services)
    for old, new in changes.items():
        # To look for few is cheaper than to look up each.
        if old in services:
            replaced[services.index(old)] = new
    return keep_tuple(tuple(replaced), services)


def _visibility(service: VirtualService, default: tuple[str, ...]) -> Visibility:
    return resolve_export_to(service.spec.export_to or default, service.metadata.namespace)


def _prepare(
    service: VirtualService,
    delegates: Mapping[Key, Delegate],
    *,
    domain: str,
    retries: RetryPolicy,
    visibility: Visibility,
    aliases: Aliases,
) -> PreparedVirtualService:
    namespace = Namespace(service.metadata.namespace)
    spec = service.spec
    gateways = (resolve_gateway(name, namespace) for name in spec.gateways or [MESH])
    rules = tuple(
        resolve_rule(rule, aliases)
        for placed in place_routes(service, delegates, domain=domain)
        for rule in prepare_route(placed, domain, retries)
    )
    return PreparedVirtualService(
        key=key_of(service),
        namespace=namespace,
        hosts=tuple(dict.fromkeys(expand_host(host, namespace, domain) for host in spec.hosts)),
        gateways=tuple(dict.fromkeys(gateways)),
        visibility=visibility,
        rules=rules,
        written=service,
        is_delegating=any(route.delegate for route in spec.http),
        is_labelled=any(rule.filter.labels for rule in rules),
    )
