"""VirtualServices, prepared once: hosts and gateways expanded, matches and defaults settled.

What depends on the proxy (port, namespace, labels, gateway) stays as a filter on each rule and is decided in
`http_routes`.
"""

from collections.abc import Iterable, Iterator

import msgspec

from convoy.api.istio.virtual_service import HttpMatchRequest, HttpRetry, HttpRoute, VirtualService
from convoy.api.kinds import key_of
from convoy.api.meta import Hostname, Namespace, ObjectKey
from convoy.mesh.durations import milliseconds
from convoy.mesh.hosts import HostTable
from convoy.mesh.http_matches import build_match
from convoy.mesh.model import Labels, Part, RetryPolicy, RouteMatch, RuleRef
from convoy.mesh.short_names import expand_host
from convoy.mesh.visibility import Visibility, resolve_export_to

MESH = "mesh"
"""The name that stands for all sidecars where gateways are named."""

_RETRY_ON = ("connect-failure", "refused-stream", "unavailable", "cancelled", "retriable-status-codes")
DEFAULT_RETRIES = RetryPolicy(attempts=2, retry_on=_RETRY_ON, retriable_status_codes=(503,))
NO_RETRIES = RetryPolicy(attempts=0, retry_on=(), retriable_status_codes=())


class RuleFilter(Part, frozen=True, cache_hash=True):
    """For which proxies and ports a rule is there at all; empty fields: for all."""

    port: int | None = None
    labels: Labels = ()
    namespace: str = ""
    gateways: tuple[str, ...] = ()


class Target(Part, frozen=True, cache_hash=True):
    """A destination with its host expanded. `port` None: the service's only port, else the listener's."""

    host: Hostname
    subset: str
    port: int | None
    weight: int


class PreparedRule(Part, frozen=True, cache_hash=True):
    """One match of one HTTP rule."""

    match: RouteMatch
    filter: RuleFilter
    targets: tuple[Target, ...]
    timeout_ms: int
    retries: RetryPolicy
    origin: RuleRef
    name: str


class PreparedVirtualService(msgspec.Struct, frozen=True, eq=False):
    """One VirtualService. `gateways` holds `mesh` and `<namespace>/<name>`."""

    key: ObjectKey
    namespace: Namespace
    hosts: tuple[Hostname, ...]
    gateways: tuple[str, ...]
    visibility: Visibility
    rules: tuple[PreparedRule, ...]
    written: VirtualService


class Routing:
    """All VirtualServices, oldest first."""

    def __init__(self, services: Iterable[VirtualService], *, domain: str) -> None:
        self._all = tuple(_prepare(service, domain) for service in services)
        self._mesh: dict[str, HostTable[PreparedVirtualService]] = {}

    def __iter__(self) -> Iterator[PreparedVirtualService]:
        return iter(self._all)

    def bound(self, gateway: str, *, namespace: str) -> tuple[PreparedVirtualService, ...]:
        """Those for a gateway (`<namespace>/<name>`) or `mesh` that proxies of a namespace see."""
        return tuple(
            service
            for service in self._all
            if gateway in service.gateways and service.visibility.allows(namespace)
        )

    def for_sidecars(self, namespace: str) -> HostTable[PreparedVirtualService]:
        """By host, for the sidecars of a namespace. The oldest counts for a host; others do not add to it."""
        if namespace not in self._mesh:
            bound = self.bound(MESH, namespace=namespace)
            self._mesh[namespace] = HostTable((host, service) for service in bound for host in service.hosts)
        return self._mesh[namespace]


def resolve_gateway(name: str, namespace: str) -> str:
    """A gateway's name in a VirtualService of that namespace, as `<namespace>/<name>`; `mesh` stays."""
    if name == MESH or "/" in name:
        return name
    if "." in name:  # the old spelling, as of a Service
        labels = name.split(".")
        return f"{labels[1]}/{labels[0]}"
    return f"{namespace}/{name}"


def _prepare(service: VirtualService, domain: str) -> PreparedVirtualService:
    namespace = Namespace(service.metadata.namespace)
    spec = service.spec
    gateways = (resolve_gateway(name, namespace) for name in spec.gateways or [MESH])
    return PreparedVirtualService(
        key=key_of(service),
        namespace=namespace,
        hosts=tuple(dict.fromkeys(expand_host(host, namespace, domain) for host in spec.hosts)),
        gateways=tuple(dict.fromkeys(gateways)),
        visibility=resolve_export_to(spec.export_to, namespace),
        rules=tuple(
            rule
            for index, route in enumerate(spec.http)
            for rule in _prepare_route(service, index, route, domain)
        ),
        written=service,
    )


def _prepare_route(
    service: VirtualService, index: int, route: HttpRoute, domain: str
) -> Iterator[PreparedRule]:
    namespace = service.metadata.namespace
    targets = tuple(_targets(route, namespace, domain))
    ref = route.name or f"http[{index}]"
    for number, request in enumerate(route.match or [HttpMatchRequest()]):
        several = f".match[{number}]" if len(route.match) > 1 else ""
        yield PreparedRule(
            match=build_match(request),
            filter=_filter(request, namespace),
            targets=targets,
            timeout_ms=milliseconds(route.timeout),
            retries=_retries(route.retries),
            origin=RuleRef("VirtualService", namespace, service.metadata.name, ref + several),
            name=".".join(part for part in (route.name or "default", request.name) if part),
        )


def _targets(route: HttpRoute, namespace: str, domain: str) -> Iterator[Target]:
    # A lone destination gets everything, whatever its weight; among several, weight 0 means none.
    is_alone = len(route.route) == 1
    for written in route.route:
        destination = written.destination
        yield Target(
            host=expand_host(destination.host, namespace, domain),
            subset=destination.subset,
            port=destination.port.number if destination.port else None,
            weight=100 if is_alone else written.weight,
        )


def _filter(request: HttpMatchRequest, namespace: str) -> RuleFilter:
    return RuleFilter(
        port=request.port,
        labels=tuple(sorted(request.source_labels.items())),
        namespace=request.source_namespace,
        gateways=tuple(sorted({resolve_gateway(name, namespace) for name in request.gateways})),
    )


def _retries(written: HttpRetry | None) -> RetryPolicy:
    if written is None:
        return DEFAULT_RETRIES
    if written.attempts == 0:
        return NO_RETRIES
    conditions, codes = _retry_on(written.retry_on)
    return RetryPolicy(
        attempts=written.attempts,
        retry_on=conditions,
        retriable_status_codes=codes,
        per_try_timeout_ms=milliseconds(written.per_try_timeout),
    )


def _retry_on(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return DEFAULT_RETRIES.retry_on, DEFAULT_RETRIES.retriable_status_codes
    codes = tuple(sorted({int(part) for part in parts if part.isdigit()}))
    conditions = [part for part in parts if not part.isdigit()]
    if codes:
        conditions.append("retriable-status-codes")
    return tuple(dict.fromkeys(conditions)), codes
