"""A pod's status in the API, from the state of its containers. Pure.

Shapes and words are those of the kubelet
(https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#PodStatus).
"""

from dataclasses import dataclass
from typing import Any

from convoy.cluster.kubelet.conditions import build_conditions, is_initialized, merge_conditions
from convoy.cluster.kubelet.states import ContainerView, PodView, Running, Seed, State, Terminated, Waiting
from convoy.kit.times import format_time, parse_time

Json = dict[str, Any]
_FINAL = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a status needs beside the containers.

    `failure` is a (reason, message) why the whole pod failed; `is_ended` says that it was deleted and nothing
    of it runs any more.
    """

    restart_policy: str
    pod_ips: tuple[str, ...] = ()
    host_ips: tuple[str, ...] = ()
    start_time: str = ""
    failure: tuple[str, str] | None = None
    is_ended: bool = False
    gates: tuple[str, ...] = ()


def build_status(view: PodView, facts: Facts, old: Json, now: str) -> Json:
    """The whole status; `old` is the one so far, of which others' fields and conditions stay."""
    phase = pod_phase(view, facts)
    conditions = old.get("conditions") or []
    made = build_conditions(view, phase, gates=facts.gates, others=conditions)
    status = {
        **{key: value for key, value in old.items() if key not in ("reason", "message")},
        "phase": phase,
        "conditions": merge_conditions(made, conditions, now),
        "hostIP": facts.host_ips[0] if facts.host_ips else "",
        "hostIPs": [{"ip": ip} for ip in facts.host_ips],
        "podIP": facts.pod_ips[0] if facts.pod_ips else "",
        "podIPs": [{"ip": ip} for ip in facts.pod_ips],
        "startTime": facts.start_time,
        "initContainerStatuses": [container_status(each) for each in view.inits],
        "containerStatuses": [container_status(each) for each in sorted(view.apps, key=_name)],
        "ephemeralContainerStatuses": [container_status(each) for each in view.ephemerals],
    }
    if facts.failure is not None:
        status["reason"], status["message"] = facts.failure
    return {key: value for key, value in status.items() if value not in ("", [], None)}


def pod_phase(view: PodView, facts: Facts) -> str:
    """Where the pod is in its life."""
    if facts.failure is not None:
        return "Failed"
    pending = [each for each in view.inits if not is_initialized(each)]
    if pending and not any(each.container_id for each in view.apps) and not facts.is_ended:
        given_up = any(_failed_for_good(each, facts) for each in pending)
        return "Failed" if given_up else "Pending"
    if any(isinstance(each.state, Waiting) and each.last is None for each in view.apps):
        return "Failed" if facts.is_ended else "Pending"
    if any(isinstance(each.state, Running) for each in view.apps):
        return "Running"
    ends = [each.state if isinstance(each.state, Terminated) else each.last for each in view.apps]
    succeeded = all(end is not None and end.exit_code == 0 for end in ends)
    if facts.restart_policy == "Always" and not facts.is_ended:
        return "Running"
    if succeeded:
        return "Succeeded"
    return "Failed" if facts.restart_policy == "Never" or facts.is_ended else "Running"


def _failed_for_good(view: ContainerView, facts: Facts) -> bool:
    state = view.state
    failed = view.role == "init" and isinstance(state, Terminated) and state.exit_code != 0
    return failed and facts.restart_policy == "Never"


def container_status(view: ContainerView) -> Json:
    """One entry of `containerStatuses`."""
    return {
        "name": view.name,
        "image": view.image,
        "imageID": view.image_id,
        **({"containerID": view.container_id} if view.container_id else {}),
        "state": _state(view.state),
        "lastState": _state(view.last) if view.last is not None else {},
        "ready": _is_ready(view),
        "started": view.started,
        "restartCount": view.restarts,
    }


def _name(view: ContainerView) -> str:
    return view.name


def _is_ready(view: ContainerView) -> bool:
    """An init container is ready once it has succeeded, others while they can serve."""
    return is_initialized(view) if view.role == "init" else view.ready


def _state(state: State) -> Json:
    if isinstance(state, Running):
        return {"running": {"startedAt": format_time(state.started_at)}}
    if isinstance(state, Waiting):
        message = {"message": state.message} if state.message else {}
        return {"waiting": {"reason": state.reason, **message}}
    ended: Json = {"exitCode": state.exit_code, "reason": state.reason}
    if state.message:
        ended["message"] = state.message
    ended["startedAt"] = format_time(state.started_at) if state.started_at else None
    ended["finishedAt"] = format_time(state.finished_at) if state.finished_at else None
    if state.container_id:
        ended["containerID"] = state.container_id
    return {"terminated": {key: value for key, value in ended.items() if value is not None}}


def seeds_of(status: Json, restart_policy: str) -> dict[str, Seed]:
    """What containers were when the machine went down, by name, from the status they left in the API."""
    seeds: dict[str, Seed] = {}
    for kind in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for each in status.get(kind) or []:
            seed = _seed(each, restart_policy, is_app=kind == "containerStatuses")
            if seed is not None:
                seeds[each["name"]] = seed
    return seeds


def _seed(status: Json, restart_policy: str, *, is_app: bool) -> Seed | None:
    state = status.get("state") or {}
    last = (status.get("lastState") or {}).get("terminated")
    restarts = int(status.get("restartCount") or 0)
    if "running" in state:
        lost = _lost(status, state["running"].get("startedAt"), restart_policy)
        return Seed(restarts, lost, is_done=is_app and restart_policy == "Never")
    ended = state.get("terminated") or last
    if ended is None:
        return None
    was_final = "terminated" in state and is_app and not _runs_again(ended, restart_policy)
    return Seed(restarts, _terminated(ended), is_done=was_final)


def _runs_again(ended: Json, restart_policy: str) -> bool:
    code = ended.get("exitCode", 0)
    return restart_policy == "Always" or (restart_policy == "OnFailure" and code != 0)


def _lost(status: Json, started: str | None, restart_policy: str) -> Terminated:
    """It ran when the machine went down, so nobody saw its end."""
    final = restart_policy == "Never"
    return Terminated(
        exit_code=137 if final else 255,
        reason="ContainerStatusUnknown" if final else "Unknown",
        message="The container could not be located when the pod was terminated" if final else "",
        started_at=parse_time(started),
        container_id=status.get("containerID", ""),
    )


def _terminated(ended: Json) -> Terminated:
    return Terminated(
        exit_code=int(ended.get("exitCode", 0)),
        reason=ended.get("reason", ""),
        message=ended.get("message", ""),
        started_at=parse_time(ended.get("startedAt")),
        finished_at=parse_time(ended.get("finishedAt")),
        container_id=ended.get("containerID", ""),
    )
