"""What a Job's podFailurePolicy says about a failed pod. Pure.

https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy
"""

from collections.abc import Iterable
from dataclasses import dataclass

from convoy.cluster.controllers.objects import Json, name_of, namespace_of, spec_of, status_of
from convoy.cluster.machinery.conditions import find_condition


@dataclass(frozen=True, slots=True)
class Verdict:
    """`action` is Count, Ignore or FailJob; `message` says why the Job fails."""

    action: str
    message: str = ""


def judge(job: Json, pod: Json) -> Verdict:
    """The first rule that fits decides; without one the failure counts."""
    rules = (spec_of(job).get("podFailurePolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules):
        reason = _fits(rule, pod)
        if reason:
            text = f"{reason} matching {rule.get('action')} rule at index {number}"
            return Verdict(str(rule.get("action")), text)
    return Verdict("Count")


def _fits(rule: Json, pod: Json) -> str:
    if (codes := rule.get("onExitCodes")) is not None:
        return _fits_codes(codes, pod)
    for pattern in rule.get("onPodConditions") or ():
        found = find_condition(pod, pattern.get("type") or "")
        if found is not None and found.get("status") == (pattern.get("status") or "True"):
            return f"Pod {namespace_of(pod)}/{name_of(pod)} has condition {found['type']}"
    return ""


def _fits_codes(codes: Json, pod: Json) -> str:
    wanted = codes.get("values") or ()
    for container in _ended_containers(pod):
        if (only := codes.get("containerName")) and only != container.get("name"):
            continue
        code = container["state"]["terminated"].get("exitCode") or 0
        if code != 0 and (code in wanted) == (codes.get("operator") == "In"):
            name = container.get("name")
            return f"Container {name} for pod {namespace_of(pod)}/{name_of(pod)} failed with exit code {code}"
    return ""


def _ended_containers(pod: Json) -> Iterable[Json]:
    status = status_of(pod)
    for field in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(field) or ():
            if (container.get("state") or {}).get("terminated"):
                yield container
