"""What a caller sends to: an upstream for every port of a service and for every subset of its
DestinationRule.

Network view: an endpoint that a ServiceEntry lists is used by proxies whose view is the endpoint's network,
and by no other (an endpoint that names none is on the cluster's own). This is how an egress gateway sees the
remote gateway while sidecars see only the egress gateway. Pods are seen by everyone.

What a ServiceEntry lists may be a gateway, which carries mutual TLS as bytes: it can neither ask a caller to
leave when it ends, nor share one connection among pods. So callers renew such connections by themselves.
"""

import copy
from typing import NamedTuple

import msgspec

from convoy.api.istio.destination_rule import Subset
from convoy.api.meta import Hostname
from convoy.mesh.assignments import EndpointSelector, select_endpoints, subset_labels
from convoy.mesh.destination_rules import DestinationRules
from convoy.mesh.endpoints import Accounts, Endpoints
from convoy.mesh.host_rules import MergedRule
from convoy.mesh.model import (
    PLAIN_CONNECTIONS,
    ConnectionPolicy,
    DnsEndpoint,
    Endpoint,
    HashSource,
    HttpVersion,
    Labels,
    LocalityPolicy,
    MeshSettings,
    Part,
    Pool,
    Protocol,
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
from convoy.mesh.upstream_tls import Answering, resolve_upstream_tls, speaks_mesh_tls

RENEWED_AFTER_MS = 10_000
"""A gateway that ends must let connections live on for longer (the agent's `DRAIN_SECONDS`)."""

_MINUTE_MS = 60_000


class PlannedUpstream(Part, frozen=True, cache_hash=True):
    """An upstream and how its endpoints are chosen."""

    upstream: Upstream
    selector: EndpointSelector
    locality: LocalityPolicy | None = None


class _Caller(NamedTuple):
    """Who asks: by which rule, from which view, and whether as a gateway, perhaps one that passes TLS on."""

    rule: MergedRule | None
    network: str
    at_gateway: bool
    is_passthrough: bool
    secrets_of: str
    """The namespace whose credentials it may be given; empty: none."""


Plans = tuple[PlannedUpstream, ...]
_Question = tuple[Service, _Caller]


class UpstreamPlanner:
    """Makes upstreams; callers for whom everything is the same get the same objects.

    `plans` is one object as long as all that was answered would be answered in the same way.
    """

    def __init__(
        self,
        *,
        rules: DestinationRules,
        endpoints: Endpoints,
        accounts: Accounts,
        settings: MeshSettings,
    ) -> None:
        self._rules = rules
        self._endpoints = endpoints
        self._accounts = accounts
        self._settings = settings
        # Rules are compared as objects: they are the same ones as long as the planner's rules are.
        self._made: dict[Hostname, dict[_Question, Plans]] = {}
        self._policies: dict[tuple[int, str, int], tuple[MergedRule | None, Policy]] = {}
        self.plans = object()
        self._base: object | None = None
        self._changed: frozenset[Hostname] = frozenset()

    def revised(self, rules: DestinationRules, endpoints: Endpoints, accounts: Accounts) -> "UpstreamPlanner":
        """One for other rules, endpoints and accounts, which makes again only what reads what changed."""
        ruled = rules.changed_since(self._rules)
        keys = endpoints.changed_since(self._endpoints)
        services = accounts.changed_since(self._accounts)
        made = copy.copy(self)
        made._rules, made._endpoints, made._accounts = rules, endpoints, accounts
        if ruled is None or keys is None or services is None:
            made._made, made._policies, made.plans, made._base = {}, {}, object(), None
            return made
        hosts = {key.hostname for key in keys} | {service.hostname for service in services}
        hosts -= ruled
        again = {host: made._again(self._made[host]) for host in hosts & self._made.keys()}
        changed = {host for host, answers in again.items() if answers is not self._made[host]}
        made._made = {**self._made, **again}
        for host in map(Hostname, ruled):
            # Other rules are other questions.
            if made._made.pop(host, None) is not None:
                changed.add(host)
        if ruled:
            kept = (item for item in self._policies.items() if not item[1][0] or item[1][0].host not in ruled)
            made._policies = dict(kept)
        if changed:
            made._base, made._changed, made.plans = self.plans, frozenset(changed), object()
        return made

    def _again(self, answers: dict[_Question, Plans]) -> dict[_Question, Plans]:
        """The answers as they are now; the same ones where they are equal."""
        news = {question: self._answer(question) for question in answers}
        if news == answers:
            return answers
        return {
            question: old if news[question] == old else news[question] for question, old in answers.items()
        }

    def changed_since(self, plans: object) -> frozenset[Hostname] | None:
        """The hosts of which something else was planned when `plans` was the planner's; None: unknown."""
        if plans is self.plans:
            return frozenset()
        return self._changed if plans is self._base else None

    def plan(
        self,
        registered: Registered,
        *,
        client: str,
        network: str,
        labels: Labels = (),
        at_gateway: bool = False,
    ) -> Plans:
        """The upstreams of a service for proxies of namespace `client` with at least these labels: for each
        port the whole, then subsets.
        """
        service = registered.service
        rule = self._rules.find(service.hostname, client=client, service=service.namespace, labels=labels)
        network = "" if registered.kube else network
        may_ask = rule is not None and rule.uses_credentials and (at_gateway or rule.is_selective)
        caller = _Caller(rule, network, at_gateway, False, secrets_of=client if may_ask else "")
        return self._plan_once((service, caller))

    def plan_passthrough(
        self, registered: Registered, *, client: str, network: str, labels: Labels = ()
    ) -> Plans:
        """The same for a gateway that passes TLS on unopened; only endpoints that accept mutual TLS."""
        service = registered.service
        rule = self._rules.find(service.hostname, client=client, service=service.namespace, labels=labels)
        network = "" if registered.kube else network
        return self._plan_once((service, _Caller(rule, network, True, True, secrets_of="")))

    def _plan_once(self, question: _Question) -> Plans:
        answers = self._made.setdefault(question[0].hostname, {})
        if question not in answers:
            answers[question] = self._answer(question)
        return answers[question]

    def _answer(self, question: _Question) -> Plans:
        service, caller = question
        subsets = (None, *(caller.rule.subsets if caller.rule else ()))
        return tuple(
            self._plan_one(service, port, subset, caller) for port in service.ports for subset in subsets
        )

    def _plan_one(
        self, service: Service, port: ServicePort, subset: Subset | None, caller: _Caller
    ) -> PlannedUpstream:
        policy = self._policy(caller.rule, subset, port)
        # Of names only the DNS server knows what is behind them; a remote gateway is among them, for one.
        is_listed = not service.resolution.is_dns
        only_mtls = caller.is_passthrough and is_listed
        selector = EndpointSelector(subset_labels(subset), caller.network, only_mtls, service.rank)
        chosen = select_endpoints(self._endpoints[service.endpoint_key(port)], selector)
        resolution = _resolution(service, policy, at_gateway=caller.at_gateway)
        name = subset.name if subset else ""
        key = UpstreamKey(service.hostname, port.number, name, is_passthrough=caller.is_passthrough)
        is_dns = resolution.is_dns
        tls = UpstreamTls(TlsMode.DISABLE)
        if not caller.is_passthrough:
            answering = Answering(service, resolution, chosen, self._accounts[service])
            tls = resolve_upstream_tls(
                policy.tls, answering, key, secrets_of=caller.secrets_of, mesh=self._settings
            )
        upstream = Upstream(
            key=key,
            protocol=port.protocol,
            resolution=resolution,
            tls=tls,
            lb_policy=policy.choice.policy,
            connect_timeout_ms=policy.connect_timeout_ms,
            dns_endpoints=_dns_endpoints(chosen, policy.locality) if is_dns else (),
            renewed_after_ms=RENEWED_AFTER_MS if speaks_mesh_tls(tls) and not service.is_kubernetes else 0,
            balancing=policy.choice.balancing,
            pool=self._pool(policy, port, caller),
            outliers=policy.outliers,
            connections=_connections(policy),
            proxy_header=policy.proxy_header,
            locality=policy.locality if is_dns else None,
            override_port=_override_port(service, port),
            dns_refresh_ms=_refresh_ms(self._settings) if is_dns else 0,
        )
        return PlannedUpstream(upstream, selector, policy.locality)

    def _pool(self, policy: Policy, port: ServicePort, caller: _Caller) -> Pool:
        """The limits, with the mesh's wish to speak HTTP/2 where a port's protocol is known to be HTTP."""
        pool = policy.pool
        upgrades = self._settings.h2_upgrade and port.protocol is Protocol.HTTP and not caller.is_passthrough
        if upgrades and pool.http_version is None and not policy.keeps_http_version:
            return msgspec.structs.replace(pool, http_version=HttpVersion.HTTP2)
        return pool

    def _policy(self, rule: MergedRule | None, subset: Subset | None, port: ServicePort) -> Policy:
        question = (id(rule), subset.name if subset else "", port.number)
        if question not in self._policies:
            policy = resolve_policy(rule, subset, port=port.number, settings=self._settings)
            # The rule is kept with the answer, so that no other object can be mistaken for it.
            self._policies[question] = (rule, policy)
        return self._policies[question][1]


def _refresh_ms(settings: MeshSettings) -> int:
    return 0 if settings.dns_refresh_rate_ms == _MINUTE_MS else settings.dns_refresh_rate_ms


def _resolution(service: Service, policy: Policy, *, at_gateway: bool) -> Resolution:
    if service.resolution is Resolution.DYNAMIC_DNS or (at_gateway and service.resolution.is_dns):
        return service.resolution
    if at_gateway:
        # Nobody addressed a pod there, so a gateway chooses among the endpoints of a headless Service, too.
        return Resolution.ENDPOINTS
    return Resolution.ORIGINAL_DST if policy.choice.keeps_address else service.resolution


def _override_port(service: Service, port: ServicePort) -> int:
    """Where no endpoint says it, a ServiceEntry's target port replaces the one that was dialled."""
    has_endpoints = service.resolution not in (Resolution.ORIGINAL_DST, Resolution.DYNAMIC_DNS)
    if service.is_kubernetes or has_endpoints or port.target_port == port.number:
        return 0
    return int(port.target_port)


def _connections(policy: Policy) -> ConnectionPolicy:
    pool, hashing = policy.pool, policy.choice.balancing.hash_policy
    hashes_source = hashing is not None and hashing.source is HashSource.SOURCE_IP
    if not (
        pool.tcp_idle_ms is not None or pool.max_connection_duration_ms or hashes_source or policy.tunnel
    ):
        return PLAIN_CONNECTIONS
    return ConnectionPolicy(pool.tcp_idle_ms, pool.max_connection_duration_ms, hashes_source, policy.tunnel)


def _dns_endpoints(
    endpoints: tuple[Endpoint, ...], locality: LocalityPolicy | None
) -> tuple[DnsEndpoint, ...]:
    are_ordered = bool(locality and locality.priority_labels)
    return tuple(
        DnsEndpoint(
            address=endpoint.address,
            port=endpoint.port,
            weight=endpoint.weight,
            locality=endpoint.locality,
            accepts_mtls=endpoint.accepts_mtls,
            labels=endpoint.labels if are_ordered else (),
        )
        for endpoint in endpoints
    )
