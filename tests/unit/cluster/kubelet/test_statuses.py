"""The status of a pod, from the state of its containers."""

from typing import Any

import pytest
from tests.unit.cluster.kubelet.views import CREATING, RUNNING, ended, pod_view, view

from convoy.cluster.kubelet.states import ContainerView, Waiting
from convoy.cluster.kubelet.statuses import Facts, build_status, container_status, pod_phase, seeds_of

NOW = "2030-01-02T03:04:05Z"
CRASHING = Waiting("CrashLoopBackOff", "back-off 10s")


def _init(state: Any, **fields: Any) -> ContainerView:
    return view(state, "init", "init", **fields)


def _sidecar(state: Any, **fields: Any) -> ContainerView:
    return view(state, "proxy", "sidecar", **fields)


@pytest.mark.parametrize(
    ("views", "policy", "phase"),
    [
        ((view(CREATING),), "Always", "Pending"),
        ((view(RUNNING), view(CREATING, "b")), "Always", "Pending"),
        ((view(RUNNING), view(ended(), "b")), "Never", "Running"),
        ((view(CRASHING, last=ended(1)),), "Always", "Running"),
        ((view(ended()),), "Always", "Running"),
        ((view(ended()), view(ended(), "b")), "Never", "Succeeded"),
        ((view(ended()), view(ended(2), "b")), "Never", "Failed"),
        ((view(ended(2)),), "OnFailure", "Running"),
        ((view(ended()),), "OnFailure", "Succeeded"),
    ],
)
def test_the_phase_follows_from_the_containers(
    views: tuple[ContainerView, ...], policy: str, phase: str
) -> None:
    assert pod_phase(pod_view(*views), Facts(policy)) == phase


@pytest.mark.parametrize(
    ("init", "policy", "phase"),
    [
        (_init(RUNNING), "Always", "Pending"),
        (_init(ended(1)), "Always", "Pending"),
        (_init(ended(1)), "Never", "Failed"),
        (_sidecar(RUNNING, started=False), "Always", "Pending"),
        (_sidecar(RUNNING, started=True), "Always", "Pending"),
    ],
)
def test_a_pod_is_pending_while_it_initializes(init: ContainerView, policy: str, phase: str) -> None:
    waiting = view(Waiting("PodInitializing"))
    assert pod_phase(pod_view(waiting, inits=(init,)), Facts(policy)) == phase


def test_a_restarting_sidecar_does_not_take_a_running_pod_back() -> None:
    seen = pod_view(view(RUNNING, ready=True), inits=(_sidecar(CRASHING, last=ended(1)),))
    status = build_status(seen, Facts("Always"), {}, NOW)
    assert status["phase"] == "Running"
    conditions = {each["type"]: each for each in status["conditions"]}
    assert conditions["Initialized"]["status"] == "True"
    assert conditions["Ready"]["message"] == "containers with unready status: [proxy]"


def test_a_pod_that_was_ended_has_failed_unless_all_went_well() -> None:
    facts = Facts("Always", is_ended=True)
    assert pod_phase(pod_view(view(ended(143))), facts) == "Failed"
    assert pod_phase(pod_view(view(ended())), facts) == "Succeeded"


def test_a_failure_of_the_whole_pod_is_said() -> None:
    facts = Facts("Always", failure=("DeadlineExceeded", "too long"))
    status = build_status(pod_view(view(RUNNING)), facts, {}, NOW)
    assert (status["phase"], status["reason"], status["message"]) == (
        "Failed",
        "DeadlineExceeded",
        "too long",
    )


def test_times_of_transitions_stay_until_the_status_changes() -> None:
    seen = pod_view(view(RUNNING, ready=True))
    first = build_status(seen, Facts("Always"), {}, NOW)
    assert build_status(seen, Facts("Always"), first, "2031-01-01T00:00:00Z") == first
    unready = build_status(pod_view(view(RUNNING)), Facts("Always"), first, "2031-01-01T00:00:00Z")
    changed = {each["type"] for each in unready["conditions"] if each["lastTransitionTime"] != NOW}
    assert changed == {"Ready", "ContainersReady"}


def test_what_others_wrote_stays() -> None:
    theirs = {"type": "example.com/gate", "status": "True"}
    old = {"qosClass": "Burstable", "conditions": [theirs], "nominatedNodeName": "n"}
    status = build_status(pod_view(view(RUNNING, ready=True)), Facts("Always"), old, NOW)
    assert theirs in status["conditions"]
    assert (status["qosClass"], status["nominatedNodeName"]) == ("Burstable", "n")


def test_a_gate_must_be_open() -> None:
    seen, facts = pod_view(view(RUNNING, ready=True)), Facts("Always", gates=("g",))

    def ready(*conditions: dict[str, str]) -> dict[str, Any]:
        status = build_status(seen, facts, {"conditions": [*conditions]}, NOW)
        return next(each for each in status["conditions"] if each["type"] == "Ready")

    assert 'readiness gate "g" does not exist' in ready()["message"]
    assert 'is not "True", but False' in ready({"type": "g", "status": "False"})["message"]
    assert ready({"type": "g", "status": "True"})["status"] == "True"


def test_a_container_tells_how_it_ended_before() -> None:
    status = container_status(view(RUNNING, last=ended(7), ready=True, started=True, restarts=2))
    assert status["state"] == {"running": {"startedAt": NOW}}
    assert status["lastState"]["terminated"]["exitCode"] == 7
    assert (status["restartCount"], status["ready"], status["started"]) == (2, True, True)


def _left(state: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "app", "state": state, "restartCount": 3, **fields}]}


def test_what_ran_when_the_machine_went_down_counts_as_ended() -> None:
    running = _left({"running": {"startedAt": NOW}})
    again = seeds_of(running, "Always")["app"]
    assert (again.restarts, again.is_done) == (3, False)
    assert again.last is not None
    assert again.last.exit_code == 255
    never = seeds_of(running, "Never")["app"]
    assert never.is_done
    assert never.last is not None
    assert (never.last.exit_code, never.last.reason) == (137, "ContainerStatusUnknown")


@pytest.mark.parametrize(
    ("code", "policy", "is_done"),
    [
        (0, "Never", True),
        (1, "Never", True),
        (0, "OnFailure", True),
        (1, "OnFailure", False),
        (0, "Always", False),
    ],
)
def test_what_had_ended_is_not_run_again_unless_the_policy_says_so(
    code: int, policy: str, is_done: bool
) -> None:
    seed = seeds_of(_left({"terminated": {"exitCode": code, "finishedAt": NOW}}), policy)["app"]
    assert seed.is_done is is_done


def test_what_never_ran_leaves_nothing() -> None:
    assert seeds_of(_left({"waiting": {"reason": "ContainerCreating"}}), "Always") == {}
