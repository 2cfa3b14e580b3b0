"""Which DestinationRule counts for a caller and a host.

Looked up in the caller's namespace, then the service's, then the root namespace; within one namespace the
most specific host wins. The first hit is the answer: nothing is inherited from a wildcard rule, so a rule for
`reviews.default.global` without `tls` switches off what a rule for `*.global` says. Rules for the same host
in one namespace are merged: the oldest top-level policy, and of subsets with the same name the oldest.

A rule with a `workloadSelector` is one for the selected proxies of its own namespace, and to nobody else it
exists. For them it goes before the rules for the same host that have none; it is not merged with those, nor
with rules that select otherwise.
"""

import copy
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator

from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.meta import ObjectKey
from convoy.config.view import Change
from convoy.mesh.host_rules import HostRule, MergedRule, Trait, label_keys_of, merge_rules, prepare_rule
from convoy.mesh.hosts import covers, is_wildcard
from convoy.mesh.model import Labels, MeshSettings
from convoy.mesh.revisions import Revision
from convoy.mesh.visibility import Visibility

_Rules = tuple[HostRule, ...]
_Question = tuple[str, str, Labels]
_Pairs = frozenset[tuple[str, str]]


class DestinationRules:
    """All rules of a cluster, ready to be asked; equal questions get the same object."""

    def __init__(self, rules: Iterable[DestinationRule], *, settings: MeshSettings) -> None:
        self._settings = settings
        self._root: str = settings.root_namespace
        prepared = [prepare_rule(rule, settings) for rule in rules]
        self._all = Revision((rule.key, rule) for rule in prepared)
        self._placed: dict[tuple[str, str], _Rules] = {}
        """By namespace and host, oldest first."""
        self._of_host: dict[str, _Rules] = {}
        for rule in prepared:
            self._place(rule)
        patterns = {rule.host for rule in prepared if is_wildcard(rule.host)}
        self._longest_first = sorted(patterns, key=lambda host: (-len(host), host))
        self._selective = tuple(rule for rule in prepared if rule.selector)
        self._pairs = _pairs_by_namespace(self._selective)
        # What was found, and what was merged, by host: so it can be forgotten by host.
        self._found: dict[str, dict[_Question, MergedRule | None]] = {}
        self._merged: dict[str, dict[Hashable, tuple[_Rules, MergedRule]]] = {}
        self._changed: frozenset[str] = frozenset()
        mesh_keys = label_keys_of(settings.locality_lb.failover_priority)
        self._mesh_keys = frozenset(mesh_keys)
        self._traits = Counter(trait for rule in prepared for trait in rule.traits)
        self._orders = Counter(key for rule in prepared for key in rule.order_keys)

    def _place(self, rule: HostRule) -> None:
        place = (rule.key.namespace, rule.host)
        self._placed[place] = (*self._placed.get(place, ()), rule)
        self._of_host[rule.host] = (*self._of_host.get(rule.host, ()), rule)

    @property
    def uses_localities(self) -> bool:
        """Whether for some traffic it matters where callers are."""
        return self._traits[Trait.PLACES] > 0

    @property
    def uses_zones(self) -> bool:
        """Whether for some traffic it matters how many callers there are in each place."""
        return self._traits[Trait.NUMBERS] > 0

    def exchanged(self, changes: Iterable[Change]) -> "DestinationRules | None":
        """The same with some rules as they are now; None where that concerns more than their own hosts."""
        olds: dict[ObjectKey, HostRule] = {}
        news: dict[ObjectKey, HostRule] = {}
        for change in changes:
            if old := self._all.get(change.key):
                olds[change.key] = old
            if isinstance(change.new, DestinationRule):
                news[change.key] = prepare_rule(change.new, self._settings)
        touched = (*olds.values(), *news.values())
        if any(rule.selector or is_wildcard(rule.host) for rule in touched):
            return None
        made = copy.copy(self)
        made._all = self._all.revised(news, olds)
        made._count(olds, news)
        is_alike = (made.uses_localities, made.uses_zones) == (self.uses_localities, self.uses_zones)
        if not is_alike or made.order_keys() != self.order_keys():
            return None
        made._changed = frozenset(rule.host for rule in touched)
        made._exchange(news)
        return made

    def _count(self, olds: dict[ObjectKey, HostRule], news: dict[ObjectKey, HostRule]) -> None:
        self._traits, self._orders = self._traits.copy(), self._orders.copy()
        for rules, sign in ((olds, -1), (news, 1)):
            for rule in rules.values():
                self._traits.update(dict.fromkeys(rule.traits, sign))
                self._orders.update(dict.fromkeys(rule.order_keys, sign))

    def _exchange(self, news: dict[ObjectKey, HostRule]) -> None:
        """Place the rules of the changed hosts anew."""
        self._placed, self._of_host = self._placed.copy(), self._of_host.copy()
        self._found, self._merged = self._found.copy(), self._merged.copy()
        for host in self._changed:
            before = self._of_host.pop(host, ())
            candidates = (*before, *(rule for rule in news.values() if rule.host == host))
            for rule in candidates:
                self._placed.pop((rule.key.namespace, host), None)
            # An older version of a rule is no longer among all.
            for rule in sorted(candidates, key=lambda rule: rule.age):
                if self._all.get(rule.key) is rule:
                    self._place(rule)
            self._found.pop(host, None)
            self._merged.pop(host, None)

    def changed_since(self, before: "DestinationRules") -> frozenset[str] | None:
        """The hosts of rules that came, went or changed; None: not known."""
        if self is before:
            return frozenset()
        return self._changed if self._all.changed_since(before._all) is not None else None

    def __iter__(self) -> Iterator[HostRule]:
        return iter(sorted(self._all.values(), key=lambda rule: (rule.key.namespace, rule.age)))

    def find(self, host: str, *, client: str, service: str, labels: Labels = ()) -> MergedRule | None:
        """The rule for traffic to `host`, a service of namespace `service`, from proxies of namespace
        `client` with at least these labels.
        """
        question = (client, service, self._selecting(client, labels))
        answers = self._found.setdefault(host, {})
        if question not in answers:
            answers[question] = self._look_up(host, *question)
        return answers[question]

    def _look_up(self, host: str, client: str, service: str, labels: Labels) -> MergedRule | None:
        patterns = (host, *(one for one in self._longest_first if one != host and covers(one, host)))
        own = frozenset(labels)
        for namespace, counts in ((client, self._counts_at_home), (service, _counts), (self._root, _counts)):
            for pattern in patterns:
                rules = self._placed.get((namespace, pattern), ())
                counting = tuple(rule for rule in rules if counts(rule, client, own))
                if counting:
                    return self._merge(pattern, counting)
        return None

    def _counts_at_home(self, rule: HostRule, client: str, labels: _Pairs) -> bool:
        """Whether a rule counts for proxies of its own namespace with these labels."""
        if not rule.selects(labels):
            return False
        # What the root namespace exports is everybody's last resort, not its own proxies' first choice.
        if client == self._root:
            return bool(rule.selector) or rule.visibility == Visibility(False, (client,))
        return rule.visibility.allows(client)

    def _merge(self, host: str, rules: _Rules) -> MergedRule:
        question = tuple(map(id, rules))
        merged = self._merged.setdefault(host, {})
        if question not in merged:
            # The rules are kept with the answer, so that no other object can be mistaken for one.
            merged[question] = (rules, merge_rules(host, list(rules)))
        return merged[question][1]

    def label_keys(self, host: str) -> frozenset[str]:
        """The label keys by which any subset of the host tells its endpoints apart, or puts them in order."""
        patterns = (pattern for pattern in self._longest_first if pattern != host and covers(pattern, host))
        rules = (rule for pattern in (host, *patterns) for rule in self._of_host.get(pattern, ()))
        return self._mesh_keys.union(*(rule.label_keys for rule in rules))

    def order_keys(self) -> frozenset[str]:
        """The label keys by which any rule, or the mesh, puts endpoints in order (`failoverPriority`)."""
        return self._mesh_keys | (+self._orders).keys()

    def selecting_pairs(self, namespace: str) -> _Pairs:
        """The labels by which rules select proxies of a namespace."""
        return self._pairs.get(namespace, frozenset())

    def has_selective_subset(self, host: str, name: str, *, client: str) -> bool:
        """Whether some proxies of namespace `client` have a rule by which the host has this subset."""
        return any(
            rule.key.namespace == client
            and covers(rule.host, host)
            and any(one.name == name for one in rule.rule.spec.subsets)
            for rule in self._selective
        )

    def _selecting(self, client: str, labels: Labels) -> Labels:
        """The labels that make a difference."""
        pairs = self._pairs.get(client)
        return tuple(pair for pair in labels if pair in pairs) if pairs else ()


def _counts(rule: HostRule, client: str, labels: _Pairs) -> bool:
    """Whether a rule counts for proxies of other namespaces than its own."""
    return not rule.selector and rule.visibility.allows(client)


def _pairs_by_namespace(rules: Iterable[HostRule]) -> dict[str, _Pairs]:
    found: dict[str, _Pairs] = {}
    for rule in rules:
        namespace = rule.key.namespace
        found[namespace] = found.get(namespace, frozenset()).union(rule.selector)
    return found
