"""HorizontalPodAutoscalers of autoscaling/v1, which know the CPU target only, as autoscaling/v2 ones.

What version 1 cannot say travels in annotations, so that reading and writing it back loses nothing
(https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#api-object).
"""

from typing import Any

import orjson

_METRICS = "autoscaling.alpha.kubernetes.io/metrics"
_BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
_CPU_TARGET = "targetCPUUtilizationPercentage"
_CPU_STATUS = "currentCPUUtilizationPercentage"


def from_v1(scaler: dict[str, Any]) -> dict[str, Any]:
    """The autoscaling/v2 object."""
    scaler = dict(scaler)
    metadata, annotations = _annotations(scaler)
    metrics, behavior = annotations.pop(_METRICS, None), annotations.pop(_BEHAVIOR, None)
    if metrics is not None or behavior is not None:
        scaler["metadata"] = {**metadata, "annotations": annotations}
    if isinstance(scaler.get("spec"), dict):
        spec = dict(scaler["spec"])
        target = spec.pop(_CPU_TARGET, None)
        listed = [] if target is None else [_cpu_metric("target", target)]
        listed += _parse(metrics, list)
        scaler["spec"] = spec | ({"metrics": listed} if listed else {})
        if found := _parse(behavior, dict):
            scaler["spec"]["behavior"] = found
    if isinstance(scaler.get("status"), dict):
        status = dict(scaler["status"])
        current = status.pop(_CPU_STATUS, None)
        scaler["status"] = status | (
            {} if current is None else {"currentMetrics": [_cpu_metric("current", current)]}
        )
    return scaler


def to_v1(scaler: dict[str, Any]) -> dict[str, Any]:
    """The autoscaling/v1 object."""
    metadata, annotations = _annotations(scaler)
    spec = dict(scaler.get("spec") or {})
    metrics = spec.pop("metrics", [])
    cpu = next((metric for metric in metrics if _cpu_value(metric, "target") is not None), None)
    others = [metric for metric in metrics if metric is not cpu]
    if cpu is not None:
        spec[_CPU_TARGET] = _cpu_value(cpu, "target")
    if others:
        annotations[_METRICS] = orjson.dumps(others).decode()
    if (behavior := spec.pop("behavior", None)) is not None:
        annotations[_BEHAVIOR] = orjson.dumps(behavior).decode()
    if annotations:
        metadata = {**metadata, "annotations": annotations}
    shown = {**scaler, "metadata": metadata, "spec": spec}
    return {**shown, "status": _status_v1(scaler["status"])} if "status" in scaler else shown


def _status_v1(status: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in status.items() if key not in ("currentMetrics", "conditions")}
    values = (_cpu_value(metric, "current") for metric in status.get("currentMetrics") or ())
    current = next((value for value in values if value is not None), None)
    return kept | ({} if current is None else {_CPU_STATUS: current})


def _annotations(scaler: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    metadata = scaler.get("metadata") or {}
    return metadata, dict(metadata.get("annotations") or {})


def _cpu_metric(which: str, percent: Any) -> dict[str, Any]:
    value = {"averageUtilization": percent} | ({"type": "Utilization"} if which == "target" else {})
    return {"type": "Resource", "resource": {"name": "cpu", which: value}}


def _cpu_value(metric: dict[str, Any], which: str) -> Any:
    resource = metric.get("resource") or {}
    return (resource.get(which) or {}).get("averageUtilization") if resource.get("name") == "cpu" else None


def _parse(text: str | None, kind: type) -> Any:
    """What an annotation says; an empty `kind` when it is missing or was spoilt by hand."""
    try:
        parsed = orjson.loads(text) if text else kind()
    except orjson.JSONDecodeError:
        return kind()
    return parsed if isinstance(parsed, kind) else kind()
