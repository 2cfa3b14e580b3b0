"""DestinationRules of one host: what is read off each, and how several become one."""

from collections.abc import Iterable, Iterator
from itertools import chain

import msgspec

from convoy.api.istio.destination_rule import (
    DestinationRule,
    PortTrafficPolicy,
    Subset,
    TrafficPolicy,
)
from convoy.api.meta import ObjectKey
from convoy.mesh.model import Labels
from convoy.mesh.visibility import Visibility


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


def label_keys_of(priority_labels: Iterable[str]) -> Iterator[str]:
    """The keys of labels that are written as `label` or `label=value`."""
    return (label.partition("=")[0] for label in priority_labels)


def selector_of(rule: DestinationRule) -> Labels:
    """The labels of the workloads that a rule is for; none: for all."""
    selector = rule.spec.workload_selector
    return tuple(sorted(selector.match_labels.items())) if selector else ()


def levels_of(rule: DestinationRule) -> Iterator[TrafficPolicy | PortTrafficPolicy]:
    """Every policy in a rule: its own and its subsets', and those of ports."""
    policies = [rule.spec.traffic_policy, *(subset.traffic_policy for subset in rule.spec.subsets)]
    for policy in filter(None, policies):
        yield policy
        yield from policy.port_level_settings


def minds_localities(level: TrafficPolicy | PortTrafficPolicy) -> bool:
    """Whether it may matter for this policy where callers are."""
    balancer = level.load_balancer
    if level.outlier_detection or (balancer and balancer.zone_aware_lb_setting):
        return True
    return bool(balancer and balancer.locality_lb_setting and balancer.locality_lb_setting.distribute)


def minds_zones(level: TrafficPolicy | PortTrafficPolicy) -> bool:
    """Whether it may matter for this policy how many callers there are in each place."""
    return bool(level.load_balancer and level.load_balancer.zone_aware_lb_setting)


def order_labels(rule: DestinationRule) -> Iterator[str]:
    """The labels by which some policy of a rule puts endpoints in order."""
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
