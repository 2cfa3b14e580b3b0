"""DestinationRules of one host: what is read off each, and how several become one."""

import enum
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


class Trait(enum.Enum):
    """What some rules make matter for the whole mesh."""

    PLACES = "where callers are"
    NUMBERS = "how many callers there are in each place"


class HostRule(msgspec.Struct, frozen=True, eq=False):
    """One rule with its host expanded."""

    rule: DestinationRule
    host: str
    visibility: Visibility
    key: ObjectKey
    selector: Labels
    label_keys: frozenset[str]
    """The label keys by which it tells endpoints apart, or puts them in order."""
    order_keys: frozenset[str]
    """Those by which it puts them in order."""
    traits: frozenset[Trait]

    @property
    def age(self) -> tuple[str, str, str]:
        """The older, the smaller."""
        metadata = self.rule.metadata
        return (metadata.creation_timestamp, metadata.name, metadata.namespace)

    def selects(self, labels: frozenset[tuple[str, str]]) -> bool:
        """Whether it is for proxies with these labels."""
        return labels.issuperset(self.selector)


def label_keys_of(priority_labels: Iterable[str]) -> Iterator[str]:
    """The keys of labels that are written as `label` or `label=value`."""
    return (label.partition("=")[0] for label in priority_labels)


def prepare_rule(rule: DestinationRule, settings: MeshSettings) -> HostRule:
    """What is read off a rule."""
    namespace = rule.metadata.namespace
    export_to = rule.spec.export_to or settings.default_destination_rule_export_to
    order = frozenset(label_keys_of(_order_labels(rule)))
    levels = list(levels_of(rule))
    traits = ((Trait.PLACES, _minds_places), (Trait.NUMBERS, _minds_numbers))
    return HostRule(
        rule,
        host=expand_host(rule.spec.host, namespace, settings.cluster_domain),
        visibility=resolve_export_to(export_to, namespace),
        key=key_of(rule),
        selector=_selector_of(rule),
        label_keys=order.union(label for subset in rule.spec.subsets for label in subset.labels),
        order_keys=order,
        traits=frozenset(trait for trait, minds in traits if any(map(minds, levels))),
    )


def _selector_of(rule: DestinationRule) -> Labels:
    """The labels of the workloads that a rule is for; none: for all."""
    selector = rule.spec.workload_selector
    return tuple(sorted(selector.match_labels.items())) if selector else ()


def levels_of(rule: DestinationRule) -> Iterator[TrafficPolicy | PortTrafficPolicy]:
    """Every policy in a rule: its own and its subsets', and those of ports."""
    policies = [rule.spec.traffic_policy, *(subset.traffic_policy for subset in rule.spec.subsets)]
    for policy in filter(None, policies):
        yield policy
        yield from policy.port_level_settings


def _minds_places(level: TrafficPolicy | PortTrafficPolicy) -> bool:
    balancer = level.load_balancer
    if level.outlier_detection or (balancer and balancer.zone_aware_lb_setting):
        return True
    return bool(balancer and balancer.locality_lb_setting and balancer.locality_lb_setting.distribute)


def _minds_numbers(level: TrafficPolicy | PortTrafficPolicy) -> bool:
    return bool(level.load_balancer and level.load_balancer.zone_aware_lb_setting)


def _order_labels(rule: DestinationRule) -> Iterator[str]:
    for level in levels_of(rule):
        balancer = level.load_balancer
        for setting in (balancer.locality_lb_setting, balancer.zone_aware_lb_setting) if balancer else ():
            yield from setting.failover_priority if setting else ()


def merge_rules(host: str, rules: list[HostRule]) -> MergedRule:
    """The rules of one namespace for one host as one, oldest first; where some select, only those alike."""
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
            level.tls.credential_name for rule in merged for level in levels_of(rule.rule) if level.tls
        ),
    )
