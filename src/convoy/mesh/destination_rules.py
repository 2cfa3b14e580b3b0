"""Which DestinationRule counts for a caller and a host.

Looked up in the caller's namespace, then the service's, then the root namespace; within one namespace the
most specific host wins. The first hit is the answer: nothing is inherited from a wildcard rule, so a rule for
`reviews.default.global` without `tls` switches off what a rule for `*.global` says. Rules for the same host
in one namespace are merged: the oldest top-level policy, and of subsets with the same name the oldest.

A rule with a `workloadSelector` is one for the selected proxies of its own namespace, and to nobody else it
exists. For them it goes before the rules for the same host that have none; it is not merged with those, nor
with rules that select otherwise.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from convoy.api.istio.destination_rule import (
    DestinationRule,
    PortTrafficPolicy,
    Subset,
    TrafficPolicy,
)
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.mesh.hosts import HostTable, covers, is_wildcard
from convoy.mesh.model import Labels, MeshSettings
from convoy.mesh.short_names import expand_host
from convoy.mesh.visibility import Visibility, resolve_export_to


class MergedRule(msgspec.Struct, frozen=True, eq=False):
    """All rules of one namespace for one host, as one."""

    host: str
    traffic_policy: TrafficPolicy | None
    subsets: tuple[Subset, ...]
    sources: tuple[ObjectKey, ...]
    is_selective: bool = False
    """It is for selected workloads only."""
    uses_credentials: bool = False
    """Some policy of it names a credential."""

    def subset(self, name: str) -> Subset | None:
        """The subset of that name."""
        return next((subset for subset in self.subsets if subset.name == name), None)


class HostRule(msgspec.Struct, frozen=True, eq=False):
    """One rule with its host expanded."""

    rule: DestinationRule
    host: str
    visibility: Visibility
    key: ObjectKey
    selector: Labels = ()

    def selects(self, labels: frozenset[tuple[str, str]]) -> bool:
        """Whether it is for proxies with these labels."""
        return labels.issuperset(self.selector)


class DestinationRules:
    """All rules of a cluster, ready to be asked; equal questions get the same object."""

    def __init__(self, rules: Iterable[DestinationRule], *, settings: MeshSettings) -> None:
        self._root: str = settings.root_namespace
        self._by_namespace: dict[str, list[HostRule]] = {}
        self._tables: dict[tuple[ObjectKey, ...], HostTable[MergedRule]] = {}
        self._scopes: dict[tuple[str, str, Labels], tuple[HostTable[MergedRule], ...]] = {}
        self._found: dict[tuple[str, str, str, Labels], MergedRule | None] = {}
        self._label_keys: dict[str, set[str]] = {}
        self._pairs: dict[str, frozenset[tuple[str, str]]] = {}
        self._order_keys: set[str] = set(label_keys_of(settings.locality_lb.failover_priority))
        self._default_order_keys = frozenset(self._order_keys)
        self._export_to = settings.default_destination_rule_export_to
        self.uses_localities = False
        """Whether for some traffic it matters where callers are."""
        self.uses_zones = False
        """Whether for some traffic it matters how many callers there are in each place."""
        for rule in rules:
            self._add(rule, settings.cluster_domain)
        self._wildcards = [host for host in self._label_keys if is_wildcard(host)]

    def _add(self, rule: DestinationRule, domain: str) -> None:
        namespace = rule.metadata.namespace
        host = expand_host(rule.spec.host, namespace, domain)
        visibility = resolve_export_to(rule.spec.export_to or self._export_to, namespace)
        selector = _selector(rule)
        prepared = HostRule(rule, host, visibility, key_of(rule), selector)
        self._by_namespace.setdefault(namespace, []).append(prepared)
        if selector:
            self._pairs[namespace] = self._pairs.get(namespace, frozenset()) | set(selector)
        order = set(label_keys_of(_priority_labels(rule)))
        self._order_keys |= order
        self.uses_localities = self.uses_localities or any(map(_minds_localities, _levels(rule)))
        self.uses_zones = self.uses_zones or any(map(_minds_zones, _levels(rule)))
        chosen_by = {label for subset in rule.spec.subsets for label in subset.labels}
        self._label_keys.setdefault(host, set()).update(chosen_by, order)

    def __iter__(self) -> Iterator[HostRule]:
        return (rule for namespace in sorted(self._by_namespace) for rule in self._by_namespace[namespace])

    def find(self, host: str, *, client: str, service: str, labels: Labels = ()) -> MergedRule | None:
        """The rule for traffic to `host`, a service of namespace `service`, from proxies of namespace
        `client` with at least these labels.
        """
        selecting = self._selecting(client, labels)
        question = (host, client, service, selecting)
        if question not in self._found:
            tables = self._tables_for(client, service, selecting)
            self._found[question] = next((rule for table in tables if (rule := table.find(host))), None)
        return self._found[question]

    def label_keys(self, host: str) -> frozenset[str]:
        """The label keys by which any subset of the host tells its endpoints apart, or puts them in order."""
        patterns = (pattern for pattern in self._wildcards if covers(pattern, host))
        found = (self._label_keys.get(one, ()) for one in (host, *patterns))
        return self._default_order_keys.union(*found)

    def order_keys(self) -> frozenset[str]:
        """The label keys by which any rule, or the mesh, puts endpoints in order (`failoverPriority`)."""
        return frozenset(self._order_keys)

    def selecting_pairs(self, namespace: str) -> frozenset[tuple[str, str]]:
        """The labels by which rules select proxies of a namespace."""
        return self._pairs.get(namespace, frozenset())

    def has_selective_subset(self, host: str, name: str, *, client: str) -> bool:
        """Whether some proxies of namespace `client` have a rule by which the host has this subset."""
        return any(
            rule.selector
            and covers(rule.host, host)
            and any(one.name == name for one in rule.rule.spec.subsets)
            for rule in self._by_namespace.get(client, [])
        )

    def _selecting(self, client: str, labels: Labels) -> Labels:
        """The labels that make a difference."""
        pairs = self._pairs.get(client)
        return tuple(pair for pair in labels if pair in pairs) if pairs else ()

    def _tables_for(self, client: str, service: str, labels: Labels) -> tuple[HostTable[MergedRule], ...]:
        question = (client, service, labels)
        if question not in self._scopes:
            scopes = self._in_scope(client, service, frozenset(labels))
            self._scopes[question] = tuple(map(self._table, scopes))
        return self._scopes[question]

    def _in_scope(
        self, client: str, service: str, labels: frozenset[tuple[str, str]]
    ) -> Iterator[list[HostRule]]:
        own = [rule for rule in self._by_namespace.get(client, []) if rule.selects(labels)]
        if client == self._root:
            # What the root namespace exports is everybody's last resort, not its own proxies' first choice.
            only_own = Visibility(False, (client,))
            yield [rule for rule in own if rule.visibility == only_own or rule.selector]
        else:
            yield [rule for rule in own if rule.visibility.allows(client)]
        for namespace in (service, self._root):
            rules = self._by_namespace.get(namespace, [])
            yield [rule for rule in rules if not rule.selector and rule.visibility.allows(client)]

    def _table(self, rules: list[HostRule]) -> HostTable[MergedRule]:
        keys = tuple(rule.key for rule in rules)
        if keys not in self._tables:
            by_host: dict[str, list[HostRule]] = {}
            for rule in rules:
                by_host.setdefault(rule.host, []).append(rule)
            self._tables[keys] = HostTable((host, _merge(host, group)) for host, group in by_host.items())
        return self._tables[keys]


def label_keys_of(priority_labels: Iterable[str]) -> Iterator[str]:
    """The keys of labels that are written as `label` or `label=value`."""
    return (label.partition("=")[0] for label in priority_labels)


def _selector(rule: DestinationRule) -> Labels:
    selector = rule.spec.workload_selector
    return tuple(sorted(selector.match_labels.items())) if selector else ()


def _levels(rule: DestinationRule) -> Iterator[TrafficPolicy | PortTrafficPolicy]:
    policies = [rule.spec.traffic_policy, *(subset.traffic_policy for subset in rule.spec.subsets)]
    for policy in filter(None, policies):
        yield policy
        yield from policy.port_level_settings


def _minds_localities(level: TrafficPolicy | PortTrafficPolicy) -> bool:
    balancer = level.load_balancer
    if level.outlier_detection or (balancer and balancer.zone_aware_lb_setting):
        return True
    return bool(balancer and balancer.locality_lb_setting and balancer.locality_lb_setting.distribute)


def _minds_zones(level: TrafficPolicy | PortTrafficPolicy) -> bool:
    return bool(level.load_balancer and level.load_balancer.zone_aware_lb_setting)


def _priority_labels(rule: DestinationRule) -> Iterator[str]:
    for level in _levels(rule):
        balancer = level.load_balancer
        for setting in (balancer.locality_lb_setting, balancer.zone_aware_lb_setting) if balancer else ():
            yield from setting.failover_priority if setting else ()


def _merge(host: str, rules: list[HostRule]) -> MergedRule:
    selector = next((rule.selector for rule in rules if rule.selector), ())
    merged = [rule for rule in rules if rule.selector == selector]
    subsets: dict[str, Subset] = {}
    for subset in chain.from_iterable(rule.rule.spec.subsets for rule in merged):
        subsets.setdefault(subset.name, subset)
    policies = (rule.rule.spec.traffic_policy for rule in merged)
    return MergedRule(
        host=host,
        traffic_policy=next((policy for policy in policies if policy is not None), None),
        subsets=tuple(subsets.values()),
        sources=tuple(rule.key for rule in merged),
        is_selective=bool(selector),
        uses_credentials=any(
            level.tls.credential_name for rule in merged for level in _levels(rule.rule) if level.tls
        ),
    )
