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
from convoy.mesh.model import RetryPolicy, RouteRule
from convoy.mesh.retries import DEFAULT_RETRIES
from convoy.mesh.short_names import expand_host
from convoy.mesh.visibility import Visibility, resolve_export_to


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
    answers: dict[Hashable, tuple[RouteRule, ...]] = {}
    """What `http_routes` made of the rules, by all that this depends on."""


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


class Routing:
    """All VirtualServices, oldest first. `delegates` are those without hosts, which count nowhere else."""

    def __init__(
        self,
        services: Iterable[VirtualService],
        *,
        domain: str,
        retries: RetryPolicy = DEFAULT_RETRIES,
        export_to: tuple[str, ...] = (),
        aliases: Aliases | None = None,
    ) -> None:
        written = tuple(services)
        self.retries = retries
        self.delegates = {
            (service.metadata.namespace, service.metadata.name): Delegate(
                service, _visibility(service, export_to)
            )
            for service in written
            if is_delegate(service)
        }
        self._all = tuple(
            _prepare(
                service,
                self.delegates,
                domain=domain,
                retries=retries,
                visibility=_visibility(service, export_to),
                aliases=aliases or {},
            )
            for service in written
            if not is_delegate(service)
        )
        self._mesh: dict[str, SidecarRouting] = {}
        self._bound: dict[tuple[str, str], tuple[PreparedVirtualService, ...]] = {}

    def __iter__(self) -> Iterator[PreparedVirtualService]:
        return iter(self._all)

    def narrowed(self, keeps: Callable[[PreparedVirtualService], bool]) -> "Routing":
        """The same for proxies that import only some of them."""
        narrowed = copy.copy(self)
        narrowed._all = tuple(filter(keeps, self._all))
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
    return PreparedVirtualService(
        key=key_of(service),
        namespace=namespace,
        hosts=tuple(dict.fromkeys(expand_host(host, namespace, domain) for host in spec.hosts)),
        gateways=tuple(dict.fromkeys(gateways)),
        visibility=visibility,
        rules=tuple(
            resolve_rule(rule, aliases)
            for placed in place_routes(service, delegates, domain=domain)
            for rule in prepare_route(placed, domain, retries)
        ),
        written=service,
    )
