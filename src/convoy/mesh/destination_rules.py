"""Which DestinationRule counts for a caller and a host.

Looked up in the caller's namespace, then the service's, then the root namespace; within one namespace the
most specific host wins. The first hit is the answer: nothing is inherited from a wildcard rule, so a rule for
`reviews.default.global` without `tls` switches off what a rule for `*.global` says. Rules for the same host
in one namespace are merged: the oldest top-level policy, and of subsets with the same name the oldest.
"""

from collections.abc import Iterable, Iterator

import msgspec

from convoy.api.istio.destination_rule import DestinationRule, Subset, TrafficPolicy
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.mesh.hosts import HostTable, covers, is_wildcard
from convoy.mesh.model import MeshSettings
from convoy.mesh.short_names import expand_host
from convoy.mesh.visibility import Visibility, resolve_export_to


class MergedRule(msgspec.Struct, frozen=True, eq=False):
    """All rules of one namespace for one host, as one."""

    host: str
    traffic_policy: TrafficPolicy | None
    subsets: tuple[Subset, ...]
    sources: tuple[ObjectKey, ...]

    def subset(self, name: str) -> Subset | None:
        """The subset of that name."""
        return next((subset for subset in self.subsets if subset.name == name), None)


class HostRule(msgspec.Struct, frozen=True, eq=False):
    """One rule with its host expanded."""

    rule: DestinationRule
    host: str
    visibility: Visibility
    key: ObjectKey


class DestinationRules:
    """All rules of a cluster, ready to be asked; equal questions get the same object."""

    def __init__(self, rules: Iterable[DestinationRule], *, settings: MeshSettings) -> None:
        self._root: str = settings.root_namespace
        self._by_namespace: dict[str, list[HostRule]] = {}
        self._tables: dict[tuple[ObjectKey, ...], HostTable[MergedRule]] = {}
        self._scopes: dict[tuple[str, str], tuple[HostTable[MergedRule], ...]] = {}
        self._found: dict[tuple[str, str, str], MergedRule | None] = {}
        self._label_keys: dict[str, set[str]] = {}
        for rule in rules:
            self._add(rule, settings.cluster_domain)
        self._wildcards = [host for host in self._label_keys if is_wildcard(host)]

    def _add(self, rule: DestinationRule, domain: str) -> None:
        namespace = rule.metadata.namespace
        host = expand_host(rule.spec.host, namespace, domain)
        visibility = resolve_export_to(rule.spec.export_to, namespace)
        self._by_namespace.setdefault(namespace, []).append(HostRule(rule, host, visibility, key_of(rule)))
        self._label_keys.setdefault(host, set()).update(
            label for subset in rule.spec.subsets for label in subset.labels
        )

    def __iter__(self) -> Iterator[HostRule]:
        return (rule for namespace in sorted(self._by_namespace) for rule in self._by_namespace[namespace])

    def find(self, host: str, *, client: str, service: str) -> MergedRule | None:
        """The rule for traffic to `host`, a service of namespace `service`, from proxies of namespace
        `client`.
        """
        question = (host, client, service)
        if question not in self._found:
            tables = self._tables_for(client, service)
            self._found[question] = next((rule for table in tables if (rule := table.find(host))), None)
        return self._found[question]

    def label_keys(self, host: str) -> frozenset[str]:
        """The label keys by which any subset of the host tells its endpoints apart."""
        patterns = (pattern for pattern in self._wildcards if covers(pattern, host))
        return frozenset(label for one in (host, *patterns) for label in self._label_keys.get(one, ()))

    def _tables_for(self, client: str, service: str) -> tuple[HostTable[MergedRule], ...]:
        if (client, service) not in self._scopes:
            self._scopes[client, service] = tuple(map(self._table, self._in_scope(client, service)))
        return self._scopes[client, service]

    def _in_scope(self, client: str, service: str) -> Iterator[list[HostRule]]:
        own = self._by_namespace.get(client, [])
        if client == self._root:
            # What the root namespace exports is everybody's last resort, not its own proxies' first choice.
            yield [rule for rule in own if rule.visibility == Visibility(False, (client,))]
        else:
            yield [rule for rule in own if rule.visibility.allows(client)]
        for namespace in (service, self._root):
            yield [rule for rule in self._by_namespace.get(namespace, []) if rule.visibility.allows(client)]

    def _table(self, rules: list[HostRule]) -> HostTable[MergedRule]:
        keys = tuple(rule.key for rule in rules)
        if keys not in self._tables:
            by_host: dict[str, list[HostRule]] = {}
            for rule in rules:
                by_host.setdefault(rule.host, []).append(rule)
            self._tables[keys] = HostTable((host, _merge(host, group)) for host, group in by_host.items())
        return self._tables[keys]


def _merge(host: str, rules: list[HostRule]) -> MergedRule:
    subsets: dict[str, Subset] = {}
    for rule in rules:
        for subset in rule.rule.spec.subsets:
            subsets.setdefault(subset.name, subset)
    policies = (rule.rule.spec.traffic_policy for rule in rules)
    return MergedRule(
        host=host,
        traffic_policy=next((policy for policy in policies if policy is not None), None),
        subsets=tuple(subsets.values()),
        sources=tuple(rule.key for rule in rules),
    )
