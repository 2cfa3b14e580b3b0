"""A VirtualService, prepared once: hosts and gateways expanded, delegates put in, rules settled."""

from collections.abc import Container, Hashable, Mapping

import msgspec

from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kinds import key_of
from convoy.api.meta import Hostname, Namespace, ObjectKey
from convoy.mesh.aliases import Aliases, resolve_rule
from convoy.mesh.delegates import Delegate, Key, place_routes
from convoy.mesh.gateway_names import MESH, resolve_gateway
from convoy.mesh.http_rules import PreparedRule, prepare_route
from convoy.mesh.model import RetryPolicy, RouteRule
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
    is_connecting: bool = False
    """It has rules for connections."""
    is_delegating: bool = False
    is_labelled: bool = False
    """It depends on the labels of callers which of its HTTP rules apply."""
    answers: dict[Hashable, tuple[RouteRule, ...]] = {}
    """What `http_routes` made of the rules, by all that this depends on."""

    @property
    def is_of_some_sort(self) -> bool:
        """Whether there is more to it than rules for the requests of sidecars, whoever they are."""
        is_at_gateway = self.gateways != (MESH,)
        return is_at_gateway or self.is_connecting or self.is_delegating or self.is_labelled

    @property
    def created(self) -> str:
        """When it was made; older ones come first."""
        return self.written.metadata.creation_timestamp

    def reaches_any(self, hosts: Container[str]) -> bool:
        """Whether its rules may send to one of some hosts."""
        return self.is_connecting or any(host in hosts for rule in self.rules for host in rule.reached)

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


class Preparing(msgspec.Struct, frozen=True, eq=False):
    """How VirtualServices are prepared: what the mesh says beside them."""

    domain: str
    retries: RetryPolicy
    export_to: tuple[str, ...]
    aliases: Aliases

    def prepare(self, service: VirtualService, delegates: Mapping[Key, Delegate]) -> PreparedVirtualService:
        """One VirtualService with what its delegates say."""
        namespace = Namespace(service.metadata.namespace)
        spec = service.spec
        gateways = (resolve_gateway(name, namespace) for name in spec.gateways or [MESH])
        rules = tuple(
            resolve_rule(rule, self.aliases)
            for placed in place_routes(service, delegates, domain=self.domain)
            for rule in prepare_route(placed, self.domain, self.retries)
        )
        return PreparedVirtualService(
            key=key_of(service),
            namespace=namespace,
            hosts=tuple(dict.fromkeys(expand_host(host, namespace, self.domain) for host in spec.hosts)),
            gateways=tuple(dict.fromkeys(gateways)),
            visibility=resolve_visibility(service, self.export_to),
            rules=rules,
            written=service,
            is_connecting=bool(spec.tls or spec.tcp),
            is_delegating=any(route.delegate for route in spec.http),
            is_labelled=any(rule.filter.labels for rule in rules),
        )


def resolve_visibility(service: VirtualService, default: tuple[str, ...]) -> Visibility:
    """Who sees a VirtualService."""
    return resolve_export_to(service.spec.export_to or default, service.metadata.namespace)
