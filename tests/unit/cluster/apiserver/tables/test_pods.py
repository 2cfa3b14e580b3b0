"""What `kubectl get pods` says of a pod."""

from datetime import UTC, datetime
from typing import Any

import pytest

from convoy.cluster.apiserver.tables.pods import pod_cells, row_conditions

NOW = datetime(2024, 1, 1, 1, 0, tzinfo=UTC)
RUNNING = {"running": {}}
STARTING = {"waiting": {"reason": "PodInitializing"}}
SIDECAR = {"name": "proxy", "restartPolicy": "Always"}
IS_READY = [{"type": "Ready", "status": "True"}]


def ended(reason: str = "", code: int = 0, **more: Any) -> dict[str, Any]:
    return {"terminated": {"reason": reason, "exitCode": code, **more}}


def waiting(reason: str) -> dict[str, Any]:
    return {"waiting": {"reason": reason}}


def status(name: str, state: dict[str, Any], *, ready: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "ready": ready, "restartCount": 0, **more}


def pod(
    *statuses: dict[str, Any],
    init: tuple[dict[str, Any], ...] = (),
    initial: tuple[dict[str, Any], ...] = (),
    deleted: bool = False,
    spec: dict[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    containers = [{"name": each["name"]} for each in statuses] or [{"name": "app"}]
    return {
        "metadata": {
            "name": "p",
            "creationTimestamp": "2024-01-01T00:00:00Z",
            **({"deletionTimestamp": "2024-01-01T00:59:00Z"} if deleted else {}),
        },
        "spec": {"containers": containers, "initContainers": list(init), **(spec or {})},
        "status": {"containerStatuses": list(statuses), "initContainerStatuses": list(initial), **fields},
    }


def ready_and_word(obj: dict[str, Any]) -> tuple[str, str]:
    cells = pod_cells(obj, NOW)
    return cells[1], cells[2]


ONE, TWO = {"name": "one"}, {"name": "two"}
CASES: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "not scheduled": (pod(phase="Pending"), ("0/1", "Pending")),
    "gated": (
        pod(phase="Pending", conditions=[{"type": "PodScheduled", "reason": "SchedulingGated"}]),
        ("0/1", "SchedulingGated"),
    ),
    "creating": (
        pod(status("app", waiting("ContainerCreating")), phase="Pending"),
        ("0/1", "ContainerCreating"),
    ),
    "running": (pod(status("app", RUNNING, ready=True), phase="Running"), ("1/1", "Running")),
    "not ready": (pod(status("app", RUNNING), phase="Running"), ("0/1", "Running")),
    "crashing": (
        pod(status("app", waiting("CrashLoopBackOff")), phase="Running"),
        ("0/1", "CrashLoopBackOff"),
    ),
    "no image": (
        pod(status("app", waiting("ImagePullBackOff")), phase="Pending"),
        ("0/1", "ImagePullBackOff"),
    ),
    "completed": (pod(status("app", ended("Completed")), phase="Succeeded"), ("0/1", "Completed")),
    "failed": (pod(status("app", ended("Error", 3)), phase="Failed"), ("0/1", "Error")),
    "failed without a word": (pod(status("app", ended(code=3)), phase="Failed"), ("0/1", "ExitCode:3")),
    "killed": (pod(status("app", ended(code=137, signal=9)), phase="Failed"), ("0/1", "Signal:9")),
    "evicted": (pod(phase="Failed", reason="Evicted"), ("0/1", "Evicted")),
    "one of two completed": (
        pod(
            status("job", ended("Completed")),
            status("app", RUNNING, ready=True),
            conditions=IS_READY,
            phase="Running",
        ),
        ("1/2", "Running"),
    ),
    "one of two completed and not ready": (
        pod(status("job", ended("Completed")), status("app", RUNNING, ready=True), phase="Running"),
        ("1/2", "NotReady"),
    ),
    "first of two tells": (
        pod(status("a", waiting("CrashLoopBackOff")), status("b", ended("Error", 1)), phase="Running"),
        ("0/2", "CrashLoopBackOff"),
    ),
    "going": (pod(status("app", RUNNING, ready=True), phase="Running", deleted=True), ("1/1", "Terminating")),
    "gone with its node": (
        pod(status("app", RUNNING, ready=True), phase="Running", reason="NodeLost", deleted=True),
        ("1/1", "Unknown"),
    ),
    "completed and deleted": (
        pod(status("app", ended("Completed")), phase="Succeeded", deleted=True),
        ("0/1", "Completed"),
    ),
    "first of two init containers": (
        pod(
            status("app", STARTING),
            init=(ONE, TWO),
            initial=(status("one", RUNNING), status("two", STARTING)),
            phase="Pending",
        ),
        ("0/1", "Init:0/2"),
    ),
    "second of two init containers": (
        pod(
            status("app", STARTING),
            init=(ONE, TWO),
            initial=(status("one", ended("Completed")), status("two", STARTING)),
            phase="Pending",
        ),
        ("0/1", "Init:1/2"),
    ),
    "init container failed": (
        pod(
            status("app", STARTING), init=(ONE,), initial=(status("one", ended("Error", 1)),), phase="Pending"
        ),
        ("0/1", "Init:Error"),
    ),
    "init container failed without a word": (
        pod(status("app", STARTING), init=(ONE,), initial=(status("one", ended(code=4)),), phase="Pending"),
        ("0/1", "Init:ExitCode:4"),
    ),
    "init container crashing": (
        pod(
            status("app", STARTING),
            init=(ONE,),
            initial=(status("one", waiting("CrashLoopBackOff")),),
            phase="Pending",
        ),
        ("0/1", "Init:CrashLoopBackOff"),
    ),
    "initialized": (
        pod(
            status("app", STARTING),
            init=(ONE,),
            initial=(status("one", ended("Completed")),),
            phase="Pending",
        ),
        ("0/1", "PodInitializing"),
    ),
    "sidecar starting": (
        pod(
            status("app", STARTING),
            init=(SIDECAR,),
            initial=(status("proxy", RUNNING, started=False),),
            phase="Pending",
        ),
        ("0/2", "Init:0/1"),
    ),
    "with a sidecar": (
        pod(
            status("app", RUNNING, ready=True),
            init=(SIDECAR,),
            initial=(status("proxy", RUNNING, ready=True, started=True),),
            phase="Running",
        ),
        ("2/2", "Running"),
    ),
    "sidecar not ready": (
        pod(
            status("app", RUNNING, ready=True),
            init=(SIDECAR,),
            initial=(status("proxy", RUNNING, started=True),),
            phase="Running",
        ),
        ("1/2", "Running"),
    ),
    "sidecar restarting in a running pod": (
        pod(
            status("app", RUNNING, ready=True),
            init=(SIDECAR,),
            initial=(status("proxy", waiting("CrashLoopBackOff"), started=False),),
            phase="Running",
            conditions=[{"type": "Initialized", "status": "True"}],
        ),
        ("1/2", "Init:CrashLoopBackOff"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pods_state_is_told_in_a_word(case: str) -> None:
    obj, expected = CASES[case]
    assert ready_and_word(obj) == expected


def restarted(name: str, count: int, at: str) -> dict[str, Any]:
    return status(name, RUNNING, ready=True, started=True) | {
        "restartCount": count,
        "lastState": {"terminated": {"finishedAt": at}},
    }


def test_restarts_are_summed_and_dated_by_the_last() -> None:
    obj = pod(restarted("a", 1, "2024-01-01T00:59:00Z"), restarted("b", 2, "2024-01-01T00:59:55Z"))
    assert pod_cells(obj, NOW)[3] == "3 (5s ago)"


def test_restarts_of_finished_init_containers_are_not_counted_and_those_of_sidecars_are() -> None:
    done = status("one", ended("Completed")) | {"restartCount": 7}
    proxy = restarted("proxy", 2, "2024-01-01T00:50:00Z")
    obj = pod(status("app", RUNNING, ready=True), init=(ONE, SIDECAR), initial=(done, proxy), phase="Running")
    assert pod_cells(obj, NOW)[3] == "2 (10m ago)"


def test_restarts_of_init_containers_are_counted_while_they_run() -> None:
    failing = status("one", waiting("CrashLoopBackOff")) | {"restartCount": 4}
    assert pod_cells(pod(init=(ONE,), initial=(failing,), phase="Pending"), NOW)[3] == "4"


def test_wide_columns_are_none_before_there_is_anything() -> None:
    assert pod_cells(pod(phase="Pending"), NOW)[5:] == ("<none>",) * 4


def test_wide_columns_tell_address_node_and_gates() -> None:
    spec = {"nodeName": "n1", "readinessGates": [{"conditionType": "A"}, {"conditionType": "B"}]}
    conditions = [{"type": "A", "status": "True"}, {"type": "B", "status": "False"}]
    obj = pod(spec=spec, podIPs=[{"ip": "198.18.0.5"}], conditions=conditions, nominatedNodeName="n2")
    assert pod_cells(obj, NOW)[5:] == ("198.18.0.5", "n1", "n2", "1/2")


def test_rows_of_pods_that_ended_say_so() -> None:
    assert [each["reason"] for each in row_conditions(pod(phase="Failed"))] == ["Failed"]
    assert row_conditions(pod(phase="Running")) == []
