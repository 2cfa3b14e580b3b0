"""What a caller sends to: an upstream for every port of a service and for every subset of its
DestinationRule.

Network view: an endpoint that a ServiceEntry lists is used by proxies whose view is the endpoint's network,
and by no other (an endpoint that names none is on the cluster's own). This is how an egress gateway sees the
remote gateway while sidecars see only the egress gateway. Pods are seen by everyone.

What a ServiceEntry lists may be a gateway, which carries mutual TLS as bytes: it can neither ask a caller to
leave when it ends, nor share one connection among pods. So callers renew such connections by themselves.
"""

from collections.abc import Mapping
from typing import NamedTuple

from convoy.api.istio.destination_rule import ClientTlsMode, Subset
from convoy.api.meta import Hostname
from convoy.mesh.assignments import EndpointSelector, select_endpoints, subset_labels
from convoy.mesh.destination_rules import DestinationRules, MergedRule
from convoy.mesh.endpoints import Endpoints
from convoy.mesh.identities import accepted_identities
from convoy.mesh.model import (
    DnsEndpoint,
    Endpoint,
    EndpointKey,
    MeshSettings,
    Part,
    Resolution,
    Service,
    ServicePort,
    TlsMode,
    Upstream,
    UpstreamKey,
    UpstreamTls,
)
from convoy.mesh.services import Registered
from convoy.mesh.traffic_policy import Policy, resolve_policy

RENEWED_AFTER_MS = 10_000
"""A gateway that ends must let connections live on for longer (the agent's `DRAIN_SECONDS`)."""


class PlannedUpstream(Part, frozen=True, cache_hash=True):
    """An upstream and how its endpoints are chosen."""

    upstream: Upstream
    selector: EndpointSelector


class _Caller(NamedTuple):
    """Who asks: by which rule, from which view, and whether as a gateway, perhaps one that passes TLS on."""

    rule: MergedRule | None
    network: str
    at_gateway: bool
    is_passthrough: bool


class UpstreamPlanner:
    """Makes upstreams; callers for whom everything is the same get the same objects."""

    def __init__(
        self,
        *,
        rules: DestinationRules,
        endpoints: Endpoints,
        accounts: Mapping[Hostname, tuple[str, ...]],
        settings: MeshSettings,
    ) -> None:
        self._rules = rules
        self._endpoints = endpoints
        self._accounts = accounts
        self._settings = settings
        self._made: dict[tuple[str, int, str, bool, bool], tuple[PlannedUpstream, ...]] = {}

    def plan(
        self, registered: Registered, *, client: str, network: str, at_gateway: bool = False
    ) -> tuple[PlannedUpstream, ...]:
        """The upstreams of a service for proxies of namespace `client`: for each port the whole, then
        subsets.
        """
        return self._plan_once(registered, client, network, at_gateway, is_passthrough=False)

    def plan_passthrough(
        self, registered: Registered, *, client: str, network: str
    ) -> tuple[PlannedUpstream, ...]:
        """The same for a gateway that passes TLS on unopened; only endpoints that accept mutual TLS."""
        return self._plan_once(registered, client, network, at_gateway=True, is_passthrough=True)

    def _plan_once(
        self, registered: Registered, client: str, network: str, at_gateway: bool, *, is_passthrough: bool
    ) -> tuple[PlannedUpstream, ...]:
        service = registered.service
        rule = self._rules.find(service.hostname, client=client, service=service.namespace)
        view = "" if registered.kube else network
        question = (service.hostname, id(rule), view, at_gateway, is_passthrough)
        if question not in self._made:
            caller = _Caller(rule, view, at_gateway, is_passthrough)
            subsets = (None, *(rule.subsets if rule else ()))
            self._made[question] = tuple(
                self._plan_one(service, port, subset, caller) for port in service.ports for subset in subsets
            )
        return self._made[question]

    def _plan_one(
        self, service: Service, port: ServicePort, subset: Subset | None, caller: _Caller
    ) -> PlannedUpstream:
        policy = self._policy(caller.rule, subset, port)
        # Of names only the DNS server knows what is behind them; a remote gateway is among them, for one.
        is_listed = service.resolution is not Resolution.DNS
        only_mtls = caller.is_passthrough and is_listed
        selector = EndpointSelector(subset_labels(subset), caller.network, only_mtls=only_mtls)
        chosen = select_endpoints(self._endpoints[EndpointKey(service.hostname, port.number)], selector)
        resolution = _resolution(service, policy, at_gateway=caller.at_gateway)
        name = subset.name if subset else ""
        key = UpstreamKey(service.hostname, port.number, name, is_passthrough=caller.is_passthrough)
        mode = TlsMode.DISABLE if caller.is_passthrough else _tls_mode(policy, service, resolution, chosen)
        upstream = Upstream(
            key=key,
            protocol=port.protocol,
            resolution=resolution,
            tls=self._tls(service, policy, key, mode),
            lb_policy=policy.lb_policy,
            connect_timeout_ms=policy.connect_timeout_ms,
            dns_endpoints=_dns_endpoints(chosen) if resolution is Resolution.DNS else (),
            renewed_after_ms=0 if service.is_kubernetes or mode is TlsMode.DISABLE else RENEWED_AFTER_MS,
        )
        return PlannedUpstream(upstream, selector)

    def _tls(self, service: Service, policy: Policy, key: UpstreamKey, mode: TlsMode) -> UpstreamTls:
        if mode is TlsMode.DISABLE:
            return UpstreamTls(mode)
        accepted = accepted_identities(
            service,
            stated=policy.subject_alt_names,
            accounts=self._accounts[service.hostname],
            trust_domain=self._settings.trust_domain,
        )
        sni = policy.sni or sni_of(key.hostname, port=key.port, subset=key.subset)
        return UpstreamTls(mode, sni, accepted.identities, accepted.prefixes)

    def _policy(self, rule: MergedRule | None, subset: Subset | None, port: ServicePort) -> Policy:
        return resolve_policy(
            rule, subset, port=port.number, connect_timeout_ms=self._settings.connect_timeout_ms
        )


def sni_of(host: str, *, port: int, subset: str) -> str:
    """The SNI by which a gateway knows an upstream: `outbound_.9080_.v2_.reviews.default.global`."""
    return f"outbound_.{port}_.{subset}_.{host}"


def _resolution(service: Service, policy: Policy, *, at_gateway: bool) -> Resolution:
    if at_gateway:
        # Nobody addressed a pod there, so a gateway chooses among the endpoints of a headless Service, too.
        return Resolution.DNS if service.resolution is Resolution.DNS else Resolution.ENDPOINTS
    return Resolution.ORIGINAL_DST if policy.keeps_address else service.resolution


def _tls_mode(
    policy: Policy, service: Service, resolution: Resolution, endpoints: tuple[Endpoint, ...]
) -> TlsMode:
    if policy.tls_mode is ClientTlsMode.DISABLE:
        return TlsMode.DISABLE
    if policy.tls_mode is not None:
        # SIMPLE and MUTUAL are refused by validation; were one to come here, this would fail closed.
        return TlsMode.MUTUAL
    if service.is_external:
        return TlsMode.DISABLE
    if resolution is Resolution.ORIGINAL_DST:
        # Envoy learns nothing about the endpoint but its address, so one answer must do for all of them.
        if service.vips and not endpoints:
            return TlsMode.DISABLE  # nobody that the mesh knows answers there
        return TlsMode.MUTUAL if all(endpoint.accepts_mtls for endpoint in endpoints) else TlsMode.DISABLE
    return TlsMode.AUTO


def _dns_endpoints(endpoints: tuple[Endpoint, ...]) -> tuple[DnsEndpoint, ...]:
    return tuple(
        DnsEndpoint(
            address=endpoint.address,
            port=endpoint.port,
            weight=endpoint.weight,
            locality=endpoint.locality,
            accepts_mtls=endpoint.accepts_mtls,
        )
        for endpoint in endpoints
    )
