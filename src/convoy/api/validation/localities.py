"""Which localities requests go to, and where they fail over."""

from collections.abc import Iterable, Sequence

from convoy.api import codes
from convoy.api.istio.destination_rule import LocalityFailover, LocalityLbSetting, ZoneAwareLbSetting
from convoy.api.paths import child_path, item_path, quote
from convoy.api.validation.finding import Findings

TOPOLOGY_LABELS = (
    "topology.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.istio.io/subzone",
)


def check_locality_setting(
    path: str, setting: LocalityLbSetting, found: Findings, *, detects_outliers: bool
) -> None:
    """Shares of localities or failover between regions, not both."""
    if setting.distribute and setting.failover:
        message = "distribute and failover exclude each other."
        found.add(codes.CONFLICT, path, message, "Keep one of them.")
    if setting.failover:
        for i, label in enumerate(setting.failover_priority):
            if label in TOPOLOGY_LABELS:
                message = f"{quote(label)} orders regions, zones or subzones, as failover does."
                here = item_path(f"{path}.failoverPriority", i)
                found.add(codes.CONFLICT, here, message, "Keep one of them.")
    _check_distribute(path, setting, found)
    _check_failover(path, setting.failover, found)
    _check_detection(path, setting, found, detects_outliers=detects_outliers)


def check_zone_setting(
    path: str, setting: ZoneAwareLbSetting, found: Findings, *, detects_outliers: bool
) -> None:
    """Envoy chooses zones by itself, so only the order of regions can be said."""
    for i, label in enumerate(setting.failover_priority):
        if label in TOPOLOGY_LABELS:
            message = f"{quote(label)} is what zone-aware balancing goes by already."
            found.add(codes.CONFLICT, item_path(f"{path}.failoverPriority", i), message, "Remove it.")
    _check_failover(path, setting.failover, found)
    _check_detection(path, setting, found, detects_outliers=detects_outliers)


def _check_detection(
    path: str, setting: LocalityLbSetting | ZoneAwareLbSetting, found: Findings, *, detects_outliers: bool
) -> None:
    if (setting.failover or setting.failover_priority) and not detects_outliers:
        name = "failover" if setting.failover else "failoverPriority"
        message = "needs outlierDetection beside loadBalancer: no endpoint is ever found to fail."
        found.add(codes.NO_EFFECT, f"{path}.{name}", message, "Add outlierDetection.")


def _check_failover(path: str, rules: Sequence[LocalityFailover], found: Findings) -> None:
    for i, rule in enumerate(rules):
        here = item_path(f"{path}.failover", i)
        if rule.from_ == rule.to:
            found.add(codes.BAD_POLICY, here, f"from and to are both {quote(rule.to)}.", "Name two regions.")
        for member, region in (("from", rule.from_), ("to", rule.to)):
            if "/" in region or "*" in region:
                message = f"{quote(region)} is not a region."
                found.add(codes.BAD_POLICY, f"{here}.{member}", message, "Name a region alone.")


def _check_distribute(path: str, setting: LocalityLbSetting, found: Findings) -> None:
    for i, rule in enumerate(setting.distribute):
        here = f"{item_path(f'{path}.distribute', i)}.to"
        total = sum(rule.to.values())
        if total != 100:
            found.add(codes.BAD_WEIGHT, here, f"the weights add up to {total}, not to 100.", "Correct them.")
        # A mapping has no order, so it counts as written with the narrower places first.
        ordered = sorted(rule.to, key=lambda name: (name.endswith("*"), -name.count("/"), name))
        _check_localities([(child_path(here, name), name) for name in ordered], found)
    origins = enumerate(rule.from_ for rule in setting.distribute)
    _check_localities([(f"{item_path(f'{path}.distribute', i)}.from", name) for i, name in origins], found)


def _check_localities(named: Iterable[tuple[str, str]], found: Findings) -> None:
    """Each is `region`, `region/zone`, `region/zone/subzone` or one of these with `*` at its end."""
    earlier: list[str] = []
    for path, locality in named:
        parts = locality.split("/", 2)
        if "*" in locality[:-1] or not all(parts):
            message = f"{quote(locality)} is not a locality."
            remedy = 'Write "region/zone/subzone" or a part of it; "*" may stand at the end.'
            found.add(codes.BAD_POLICY, path, message, remedy)
            continue
        for other in earlier:
            if _overlap(other, locality):
                message = f"{quote(locality)} overlaps with {quote(other)}."
                found.add(codes.DUPLICATE_VALUE, path, message, "Make them different places.")
                break
        earlier.append(locality)


def _overlap(earlier: str, later: str) -> bool:
    """Whether the earlier one takes something of the later; a `*` may come after what it covers."""
    parts = later.split("/", 2)
    for i, part in enumerate(earlier.split("/", 2)):
        if part == "*" or i >= len(parts):
            return True
        if part != parts[i]:
            return False
    return True
