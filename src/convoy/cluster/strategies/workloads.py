"""What the kinds that run pods must satisfy: Deployments, ReplicaSets, Jobs and their relatives.

Source: the API reference of each kind.
"""

from typing import Any

from convoy.cluster.machinery.statuses import (
    Cause,
    field_forbidden,
    field_invalid,
    field_not_supported,
    field_required,
)
from convoy.cluster.schema.wording import quoted
from convoy.cluster.strategies.checks import not_negative, one_of, template_labels, template_selector
from convoy.cluster.strategies.names import check_labels
from convoy.cluster.strategies.pods import validate_pod_spec


def _template(path: str, spec: dict[str, Any], restarts: tuple[str, ...] = ("Always",)) -> list[Cause]:
    template = spec.get("template")
    if not isinstance(template, dict):
        return [field_required(f"{path}.template")]
    labels = (template.get("metadata") or {}).get("labels") or {}
    causes = check_labels(f"{path}.template.metadata.labels", labels)
    return causes + validate_pod_spec(f"{path}.template.spec", template.get("spec") or {}, restarts=restarts)


def _counts(spec: dict[str, Any], *fields: str) -> list[Cause]:
    return [cause for field in fields for cause in not_negative(f"spec.{field}", spec.get(field))]


def validate_deployment(obj: dict[str, Any]) -> list[Cause]:
    """A Deployment."""
    spec = obj.get("spec") or {}
    causes = _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds")
    causes += template_selector(spec)
    causes += _template("spec", spec)
    causes += _validate_strategy(spec.get("strategy") or {})
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if isinstance(deadline, int) and deadline <= ready:
        why = "must be greater than minReadySeconds"
        causes.append(field_invalid("spec.progressDeadlineSeconds", str(deadline), why))
    return causes


def _validate_strategy(strategy: dict[str, Any]) -> list[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate":
        if rolling is None:
            return []
        why = "may not be specified when strategy `type` is 'Recreate'"
        return [field_forbidden("spec.strategy.rollingUpdate", why)]
    if kind != "RollingUpdate":
        return [field_not_supported("spec.strategy.type", str(kind or ""), ("Recreate", "RollingUpdate"))]
    return _validate_rolling("spec.strategy.rollingUpdate", rolling or {})


def _validate_rolling(path: str, rolling: dict[str, Any]) -> list[Cause]:
    causes = share(f"{path}.maxUnavailable", rolling.get("maxUnavailable"))
    causes += share(f"{path}.maxSurge", rolling.get("maxSurge"))
    if not causes and _is_zero(rolling.get("maxUnavailable")) and _is_zero(rolling.get("maxSurge")):
        why = "may not be 0 when `maxSurge` is 0"
        value = str(rolling.get("maxUnavailable", 0))
        causes.append(field_invalid(f"{path}.maxUnavailable", value, why))
    return causes


def share(path: str, value: Any) -> list[Cause]:
    """A number that is not negative, or a percentage."""
    if isinstance(value, str):
        number = value.removesuffix("%")
        if not value.endswith("%") or not number.isdigit():
            why = "a valid percent string must be a numeric string followed by an ending '%'"
            return [field_invalid(path, quoted(value), why)]
        if path.endswith("maxUnavailable") and int(number) > 100:
            return [field_invalid(path, quoted(value), "must not be greater than 100%")]
        return []
    return not_negative(path, value)


def _is_zero(value: Any) -> bool:
    return value in (None, 0, "0%")


def validate_replica_set(obj: dict[str, Any]) -> list[Cause]:
    """A ReplicaSet."""
    spec = obj.get("spec") or {}
    return _counts(spec, "replicas", "minReadySeconds") + template_selector(spec) + _template("spec", spec)


def validate_replication_controller(obj: dict[str, Any]) -> list[Cause]:
    """A ReplicationController, whose selector is a map of labels."""
    spec = obj.get("spec") or {}
    causes = _counts(spec, "replicas", "minReadySeconds")
    selector = spec.get("selector") or {}
    causes += check_labels("spec.selector", selector) if selector else [field_required("spec.selector")]
    if isinstance(spec.get("template"), dict) and selector:
        causes += template_labels(spec, {"matchLabels": selector})
    return causes + _template("spec", spec)


def validate_stateful_set(obj: dict[str, Any]) -> list[Cause]:
    """A StatefulSet."""
    spec = obj.get("spec") or {}
    causes = _counts(spec, "replicas", "minReadySeconds", "revisionHistoryLimit")
    causes += template_selector(spec, kind="statefulset") + _template("spec", _with_claims(spec))
    policy = ("OrderedReady", "Parallel")
    causes += one_of("spec.podManagementPolicy", spec.get("podManagementPolicy"), policy)
    strategy = spec.get("updateStrategy") or {}
    causes += one_of("spec.updateStrategy.type", strategy.get("type"), ("OnDelete", "RollingUpdate"))
    rolling = strategy.get("rollingUpdate") or {}
    return causes + not_negative("spec.updateStrategy.rollingUpdate.partition", rolling.get("partition"))


def _with_claims(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with its claims among its template's volumes, as its pods will have them."""
    template = spec.get("template")
    claims = [(claim.get("metadata") or {}).get("name") for claim in spec.get("volumeClaimTemplates") or ()]
    if not claims or not isinstance(template, dict):
        return spec
    pod = template.get("spec") or {}
    others = [volume for volume in pod.get("volumes") or () if volume.get("name") not in claims]
    volumes = [*others, *({"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims)]
    return {**spec, "template": {**template, "spec": {**pod, "volumes": volumes}}}


def validate_daemon_set(obj: dict[str, Any]) -> list[Cause]:
    """A DaemonSet."""
    spec = obj.get("spec") or {}
    causes = _counts(spec, "minReadySeconds", "revisionHistoryLimit")
    causes += template_selector(spec, kind="daemonset") + _template("spec", spec)
    strategy = spec.get("updateStrategy") or {}
    causes += one_of("spec.updateStrategy.type", strategy.get("type"), ("OnDelete", "RollingUpdate"))
    if strategy.get("type") == "RollingUpdate":
        causes += _validate_rolling("spec.updateStrategy.rollingUpdate", strategy.get("rollingUpdate") or {})
    return causes


def validate_job_spec(path: str, spec: dict[str, Any]) -> list[Cause]:
    """A JobSpec, of a Job or in a CronJob's template."""
    causes: list[Cause] = []
    for field in (
        "completions",
        "parallelism",
        "backoffLimit",
        "activeDeadlineSeconds",
        "ttlSecondsAfterFinished",
    ):
        causes += not_negative(f"{path}.{field}", spec.get(field))
    modes = ("Indexed", "NonIndexed")
    causes += one_of(f"{path}.completionMode", spec.get("completionMode"), modes)
    if spec.get("completionMode") == "Indexed" and spec.get("completions") is None:
        causes.append(field_required(f"{path}.completions", "when completion mode is Indexed"))
    return causes + _template(path, spec, ("OnFailure", "Never"))


def validate_job(obj: dict[str, Any]) -> list[Cause]:
    """A Job."""
    return validate_job_spec("spec", obj.get("spec") or {})


def validate_cron_job(obj: dict[str, Any]) -> list[Cause]:
    """A CronJob; whether its schedule means something is said by its controller, too."""
    spec = obj.get("spec") or {}
    causes = _counts(spec, "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "startingDeadlineSeconds")
    schedule = spec.get("schedule") or ""
    if not schedule:
        causes.append(field_required("spec.schedule"))
    elif not schedule.startswith("@") and len(schedule.split()) != 5:
        why = f"expected exactly 5 fields, found {len(schedule.split())}: [{schedule}]"
        causes.append(field_invalid("spec.schedule", quoted(schedule), why))
    policies = ("Allow", "Forbid", "Replace")
    causes += one_of("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), policies)
    return causes + validate_job_spec(
        "spec.jobTemplate.spec", (spec.get("jobTemplate") or {}).get("spec") or {}
    )
