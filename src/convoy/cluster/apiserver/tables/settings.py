"""What pods are given and held to: ConfigMaps, Secrets, quotas, disruption budgets, autoscalers."""

from collections.abc import Sequence

from convoy.cluster.apiserver.tables.columns import AGE, NAME, Obj, at, look, number, printer, text
from convoy.cluster.apiserver.tables.words import NONE, UNSET, join_some

_MOST_METRICS = 2

CONFIG_MAP = printer(
    NAME,
    text(
        "Data",
        "How many entries it has.",
        lambda o: len(o.get("data") or ()) + len(o.get("binaryData") or ()),
    ),
    AGE,
)
SECRET = printer(
    NAME,
    text("Type", "What its entries are.", at("type")),
    text("Data", "How many entries it has.", lambda o: len(o.get("data") or ())),
    AGE,
)


def _quota(quota: Obj, *, limits: bool) -> str:
    hard, used = look(quota, "status", "hard") or {}, look(quota, "status", "used") or {}
    names = sorted(name for name in hard if name.startswith("limits.") == limits)
    return ", ".join(f"{name}: {used.get(name, '0')}/{hard[name]}" for name in names)


RESOURCE_QUOTA = printer(
    NAME,
    text("Request", "What is requested, of what may be.", lambda o: _quota(o, limits=False)),
    text("Limit", "The sum of limits, of what it may be.", lambda o: _quota(o, limits=True)),
    AGE,
)


def _or_not(value: int | str | None) -> str:
    return "N/A" if value is None else str(value)


DISRUPTION_BUDGET = printer(
    NAME,
    text("Min Available", "Pods that must stay.", lambda o: _or_not(look(o, "spec", "minAvailable"))),
    text(
        "Max Unavailable", "Pods that may be missing.", lambda o: _or_not(look(o, "spec", "maxUnavailable"))
    ),
    number(
        "Allowed Disruptions",
        "Pods that may be evicted now.",
        at("status", "disruptionsAllowed", missing=0),
    ),
    AGE,
)


def _targets(autoscaler: Obj) -> str:
    metrics: Sequence[Obj] = look(autoscaler, "spec", "metrics") or ()
    current: Sequence[Obj] = look(autoscaler, "status", "currentMetrics") or ()
    found = [_target(each, current[at] if at < len(current) else {}) for at, each in enumerate(metrics)]
    return join_some(found, _MOST_METRICS, separator=", ") or NONE


_METRICS = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _target(metric: Obj, current: Obj) -> str:
    """`cpu: 10%/80%`: what is measured, of what it should be."""
    key = _METRICS.get(metric.get("type", ""))
    source = metric.get(key) if key else None
    if not key or not source:
        return "<unknown type>"
    target, measured = source.get("target") or {}, look(current, key, "current") or {}
    if key in ("resource", "containerResource"):
        shown = _average(measured, target) if "averageValue" in target else _utilization(measured, target)
        return f"{source.get('name', '')}: {shown}"
    if "averageValue" in target:
        shown = _average(measured, target)
        return shown if key == "pods" else f"{shown} (avg)"
    return f"{measured.get('value', '<unknown>')}/{target.get('value', '0')}"


def _average(measured: Obj, target: Obj) -> str:
    return f"{measured.get('averageValue', '<unknown>')}/{target['averageValue']}"


def _utilization(measured: Obj, target: Obj) -> str:
    found, wanted = measured.get("averageUtilization"), target.get("averageUtilization")
    shown = "<unknown>" if found is None else f"{found}%"
    return f"{shown}/{'<auto>' if wanted is None else f'{wanted}%'}"


def _old_targets(autoscaler: Obj) -> str:
    """The one metric of autoscaling/v1."""
    wanted = look(autoscaler, "spec", "targetCPUUtilizationPercentage")
    found = look(autoscaler, "status", "currentCPUUtilizationPercentage")
    if wanted is None:
        return _targets(autoscaler)
    return f"cpu: {_utilization({'averageUtilization': found}, {'averageUtilization': wanted})}"


def _scaled(autoscaler: Obj) -> str:
    target = look(autoscaler, "spec", "scaleTargetRef") or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _least(autoscaler: Obj) -> str:
    least = look(autoscaler, "spec", "minReplicas")
    return UNSET if least is None else str(least)


AUTOSCALER = printer(
    NAME,
    text("Reference", "What it scales.", _scaled),
    text("Targets", "What is measured, of what it should be.", _old_targets),
    text("MinPods", "The fewest pods.", _least),
    text("MaxPods", "The most pods.", at("spec", "maxReplicas", missing=0)),
    text("Replicas", "The pods there are.", at("status", "currentReplicas", missing=0)),
    AGE,
)

SCALE = printer(
    NAME,
    number("Desired", "Pods that are wanted.", at("spec", "replicas", missing=0)),
    number("Available", "Pods that there are.", at("status", "replicas", missing=0)),
    AGE,
)
