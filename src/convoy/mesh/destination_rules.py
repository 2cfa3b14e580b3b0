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

from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.mesh.host_rules import (
    HostRule,
    MergedRule,
    label_keys_of,
    levels_of,
    merge_rules,
    minds_localities,
    minds_zones,
    order_labels,
    selector_of,
)
from convoy.mesh.hosts import HostTable, covers, is_wildcard
from convoy.mesh.model import Labels, MeshSettings
from convoy.mesh.short_names import expand_host
from convoy.mesh.visibility import Visibility, resolve_export_to


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
        selector = selector_of(rule)
        prepared = HostRule(rule, host, visibility, key_of(rule), selector)
        self._by_namespace.setdefault(namespace, []).append(prepared)
        if selector:
            self._pairs[namespace] = self._pairs.get(namespace, frozenset()) | set(selector)
        order = set(label_keys_of(order_labels(rule)))
        self._order_keys |= order
        self.uses_localities = self.uses_localities or any(map(minds_localities, levels_of(rule)))
        self.uses_zones = self.uses_zones or any(map(minds_zones, levels_of(rule)))
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
            self._tables[keys] = HostTable(
                (host, merge_rules(host, group)) for host, group in by_host.items()
            )
        return self._tables[keys]
