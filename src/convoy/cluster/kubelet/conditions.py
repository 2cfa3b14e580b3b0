"""The conditions of a pod, from the state of its containers. Pure.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from convoy.cluster.kubelet.states import ContainerView, PodView, Terminated
from convoy.cluster.machinery.conditions import transition_time

Condition = dict[str, Any]
OURS = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")


def build_conditions(
    view: PodView, phase: str, *, gates: Iterable[str], others: Sequence[Mapping[str, Any]]
) -> list[Condition]:
    """What this kubelet says, without times; `others` are the conditions there are, also of the `gates`."""
    containers_ready = _containers_ready(view, phase)
    return [
        _condition("PodReadyToStartContainers", view.has_sandbox),
        _initialized(view, phase),
        _ready(containers_ready, gates, {str(each["type"]): each for each in others}),
        containers_ready,
        _condition("PodScheduled", True),
    ]


def merge_conditions(new: Iterable[Condition], old: Sequence[Mapping[str, Any]], now: str) -> list[Condition]:
    """The new conditions, with the time of their last transition, and before them those that others keep."""
    known = {each["type"]: each for each in old}
    kept = [dict(each) for each in old if each["type"] not in OURS]
    merged = []
    for each in new:
        since = transition_time(known.get(each["type"]), each["status"], now)
        merged.append({**each, "lastTransitionTime": since})
    return kept + merged


def _condition(kind: str, holds: bool, reason: str = "", message: str = "") -> Condition:
    condition = {"type": kind, "status": "True" if holds else "False"}
    return condition | {key: text for key, text in (("reason", reason), ("message", message)) if text}


def is_initialized(view: ContainerView) -> bool:
    """Whether an init container is through; a sidecar is once it has started."""
    if view.role == "sidecar":
        return view.started
    return isinstance(view.state, Terminated) and view.state.exit_code == 0


def _initialized(view: PodView, phase: str) -> Condition:
    if phase == "Succeeded":
        return _condition("Initialized", True, "PodCompleted")
    missing = [each.name for each in view.inits if not is_initialized(each)]
    if not missing or _apps_began(view):
        return _condition("Initialized", True)
    listed = " ".join(missing)
    message = f"containers with incomplete status: [{listed}]"
    return _condition("Initialized", False, "ContainersNotInitialized", message)


def _apps_began(view: PodView) -> bool:
    """Once an app container has run, the pod was initialized; a sidecar's restart does not change that."""
    return any(each.container_id for each in view.apps)


def _containers_ready(view: PodView, phase: str) -> Condition:
    if phase in ("Succeeded", "Failed"):
        return _condition("ContainersReady", False, "PodCompleted" if phase == "Succeeded" else "PodFailed")
    lasting = [*(each for each in view.inits if each.role == "sidecar"), *view.apps]
    unready = [each.name for each in lasting if not each.ready]
    if not unready:
        return _condition("ContainersReady", True)
    message = f"containers with unready status: [{' '.join(unready)}]"
    return _condition("ContainersReady", False, "ContainersNotReady", message)


def _ready(containers: Condition, gates: Iterable[str], others: Mapping[str, Mapping[str, Any]]) -> Condition:
    if containers["status"] != "True":
        return {**containers, "type": "Ready"}
    troubles = []
    for gate in gates:
        if gate not in others:
            troubles.append(f'corresponding condition of pod readiness gate "{gate}" does not exist.')
        elif others[gate].get("status") != "True":
            troubles.append(
                f'the status of pod readiness gate "{gate}" is not "True", but {others[gate]["status"]}'
            )
    if troubles:
        return _condition("Ready", False, "ReadinessGatesNotReady", ", ".join(troubles))
    return _condition("Ready", True)
