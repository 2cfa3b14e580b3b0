"""Pods: what state they are in, in one word, and how often they were restarted.

The words are those that kubectl's users know (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
and https://kubernetes.io/docs/tasks/debug/debug-application/debug-init-containers/): a phase, unless a
container has something more exact to say.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from convoy.cluster.apiserver.tables.ages import human_duration
from convoy.cluster.apiserver.tables.columns import (
    AGE_COLUMN,
    NAME_COLUMN,
    Cell,
    Column,
    Obj,
    Printer,
    age_of,
    look,
    name_of,
)
from convoy.cluster.apiserver.tables.words import NONE, or_none
from convoy.cluster.machinery.conditions import condition_in, is_true_in
from convoy.kit.times import parse_time

_COLUMNS = (
    NAME_COLUMN,
    Column("Ready", "Containers that are ready, of all that keep running."),
    Column("Status", "The state of the pod in a word."),
    Column("Restarts", "How often its containers were started again, and when last."),
    AGE_COLUMN,
    Column("IP", "The address of the pod.", priority=1),
    Column("Node", "The node that runs it.", priority=1),
    Column("Nominated Node", "The node on which room is made for it.", priority=1),
    Column("Readiness Gates", "Additional conditions that are true, of those that must be.", priority=1),
)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a pod's containers say: its word, ready containers, restarts, and the end of the last run."""

    word: str
    ready: int
    restarts: int
    last_end: datetime | None


def pod_cells(pod: Obj, now: datetime) -> Sequence[Cell]:
    """The cells of a pod."""
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    progress = _progress(spec, status)
    restarts = str(progress.restarts)
    if progress.restarts and progress.last_end:
        restarts += f" ({human_duration(now - progress.last_end)} ago)"
    addresses = status.get("podIPs") or ()
    return (
        name_of(pod),
        f"{progress.ready}/{_lasting_containers(spec)}",
        _overruling(pod, status) or progress.word,
        restarts,
        age_of(pod, now),
        or_none(addresses[0].get("ip") if addresses else status.get("podIP")),
        or_none(spec.get("nodeName")),
        or_none(status.get("nominatedNodeName")),
        _readiness_gates(spec, status),
    )


POD = Printer(_COLUMNS, pod_cells)


def row_conditions(pod: Obj) -> list[dict[str, str]]:
    """What a row says of a pod that came to its end."""
    phase = look(pod, "status", "phase")
    if phase not in ("Succeeded", "Failed"):
        return []
    message = "The pod has completed successfully." if phase == "Succeeded" else "The pod failed."
    return [{"type": "Completed", "status": "True", "reason": phase, "message": message}]


def _is_sidecar(container: Obj) -> bool:
    return container.get("restartPolicy") == "Always"


def _lasting_containers(spec: Obj) -> int:
    sidecars = [each for each in spec.get("initContainers") or () if _is_sidecar(each)]
    return len(spec.get("containers") or ()) + len(sidecars)


def _overruling(pod: Obj, status: Obj) -> str | None:
    """The word of a pod that is being deleted."""
    if not pod["metadata"].get("deletionTimestamp"):
        return None
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return None if status.get("phase") in ("Succeeded", "Failed") else "Terminating"


def _progress(spec: Obj, status: Obj) -> Progress:
    initial, is_initializing = _initial_progress(spec, status)
    if is_initializing and not is_true_in(status.get("conditions"), "Initialized"):
        return initial
    return _running_progress(spec, status, initial)


def _phase_word(status: Obj) -> str:
    scheduled = condition_in(status.get("conditions"), "PodScheduled") or {}
    if scheduled.get("reason") == "SchedulingGated":
        return "SchedulingGated"
    return status.get("reason") or status.get("phase") or ""


def _initial_progress(spec: Obj, status: Obj) -> tuple[Progress, bool]:
    """What the init containers say, up to the first that has not done its work; whether there is one."""
    declared = spec.get("initContainers") or ()
    sidecars = {each.get("name") for each in declared if _is_sidecar(each)}
    seen: list[Obj] = []
    ready, word = 0, None
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        seen.append(container)
        is_sidecar = container.get("name") in sidecars
        if look(container, "state", "terminated") and not _exit_code(container):
            continue
        if is_sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        word = _initial_word(container) or f"Init:{index}/{len(declared)}"
        break
    progress = Progress(word or _phase_word(status), ready, _restarts(seen), _last_end(seen))
    return progress, word is not None


def _initial_word(container: Obj) -> str | None:
    """What stops an init container; None when it only takes its time."""
    terminated = look(container, "state", "terminated")
    if terminated:
        return f"Init:{_end_word(terminated)}"
    waiting = look(container, "state", "waiting", "reason")
    return f"Init:{waiting}" if waiting and waiting != "PodInitializing" else None


def _running_progress(spec: Obj, status: Obj, initial: Progress) -> Progress:
    """What the containers say, the first one before the others; sidecars count among them."""
    sidecars = {each.get("name") for each in spec.get("initContainers") or () if _is_sidecar(each)}
    containers = status.get("containerStatuses") or ()
    counted = [each for each in status.get("initContainerStatuses") or () if each.get("name") in sidecars]
    counted += containers
    running = [each for each in containers if _is_running(each)]
    words = [word for each in containers if (word := _container_word(each))]
    word = words[0] if words else initial.word
    if word == "Completed" and running:
        word = "Running" if is_true_in(status.get("conditions"), "Ready") else "NotReady"
    return Progress(word, initial.ready + len(running), _restarts(counted), _last_end(counted))


def _is_running(container: Obj) -> bool:
    # `running` may be an empty object.
    return bool(container.get("ready")) and look(container, "state", "running") is not None


def _container_word(container: Obj) -> str | None:
    waiting = look(container, "state", "waiting", "reason")
    if waiting:
        return str(waiting)
    terminated = look(container, "state", "terminated")
    return _end_word(terminated) if terminated else None


def _end_word(terminated: Obj) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _exit_code(container: Obj) -> int:
    return look(container, "state", "terminated", "exitCode") or 0


def _restarts(containers: Iterable[Obj]) -> int:
    return sum(each.get("restartCount") or 0 for each in containers)


def _last_end(containers: Iterable[Obj]) -> datetime | None:
    """When the last run ended that was followed by another."""
    ends = (parse_time(look(each, "lastState", "terminated", "finishedAt")) for each in containers)
    return max((end for end in ends if end), default=None)


def _readiness_gates(spec: Obj, status: Obj) -> str:
    gates: Sequence[Any] = spec.get("readinessGates") or ()
    passed = [each for each in gates if is_true_in(status.get("conditions"), each.get("conditionType", ""))]
    return f"{len(passed)}/{len(gates)}" if gates else NONE
