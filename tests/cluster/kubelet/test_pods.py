"""Pods of the API over their lives: order, phases, restarts, status, events, ends."""

import asyncio
import os
import signal

import pytest
from tests.cluster.kubelet.laboratory import Laboratory, condition, container_of, reason
from tests.cluster.manifests import container, http_probe, pod, shell
from tests.kit.waiting import until

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

SLEEP = "exec sleep infinity"
LASTING = "trap 'echo {0} ended >>/scratch/story; exit 0' TERM; echo {0} up >>/scratch/story; "
WAIT = "while :; do sleep 0.02; done"
SCRATCH = [{"name": "scratch", "emptyDir": {}}]
MOUNT = [{"name": "scratch", "mountPath": "/scratch"}]


def step(name: str, more: str = "", **fields: object) -> dict[str, object]:
    return shell(LASTING.format(name) + more, name=name, volumeMounts=MOUNT, **fields)


async def test_a_pod_becomes_ready_and_its_status_says_everything(lab: Laboratory) -> None:
    await lab.run(pod("web", container(image="test/web:1", readinessProbe=http_probe())))
    status = await lab.ready("web")
    assert status["phase"] == "Running"
    assert status["podIPs"] == [{"ip": status["podIP"]}]
    assert (status["hostIP"], status["qosClass"]) == ("198.18.9.1", "BestEffort")
    kinds = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    assert [condition(status, kind) for kind in kinds] == ["True"] * 5
    (app,) = status["containerStatuses"]
    assert (app["ready"], app["started"], app["restartCount"]) == (True, True, 0)
    assert app["containerID"].startswith("convoy://")
    assert "running" in app["state"]
    await lab.event("web", "Started")
    assert [why for why, _ in lab.events("web") if why != "Unhealthy"] == ["Pulled", "Created", "Started"]


def pre_stop(script: str) -> dict[str, object]:
    return {"preStop": {"exec": {"command": ["sh", "-c", script]}}}


async def test_init_containers_and_sidecars_come_first_and_sidecars_go_last(lab: Laboratory) -> None:
    probe = {"exec": {"command": ["cat", "/tmp/up"]}, "periodSeconds": 1}
    begin = "sleep 0.2; touch /tmp/up; "
    first_word = pre_stop("echo proxy hook >>/scratch/story")
    sidecar = step("proxy", begin + WAIT, restartPolicy="Always", startupProbe=probe, lifecycle=first_word)
    inits = [shell("echo first >>/scratch/story", name="first", volumeMounts=MOUNT), sidecar]
    patient = "until grep -q proxy.hook /scratch/story; do sleep 0.05; done; echo hook >>/scratch/story"
    app = step("app", WAIT, lifecycle=pre_stop(patient))
    await lab.run(pod("ordered", app, initContainers=inits, volumes=SCRATCH))
    status = await lab.ready("ordered")
    assert reason(container_of(status, "first")) == "Completed"
    assert container_of(status, "proxy")["started"] is True
    story = lab.volume("ordered", "scratch") / "story"
    await until(lambda: "app up" in story.read_text())
    with story.open() as open_story:  # the folder goes with the pod
        await lab.delete("ordered")
        await lab.gone("ordered")
        told = open_story.read().splitlines()
    assert told == ["first", "proxy up", "app up", "proxy hook", "hook", "app ended", "proxy ended"]
    assert any(key.name == "ordered" for key in lab.network.withdrawn)


async def test_a_failing_container_waits_longer_each_time_but_not_the_first(lab: Laboratory) -> None:
    script = "echo it broke >/dev/termination-log; exit 7"
    await lab.run(pod("failing", shell(script)))
    status = await lab.when("failing", lambda status: reason(container_of(status)) == "CrashLoopBackOff")
    app = container_of(status)
    assert app["restartCount"] == 1
    assert app["state"]["waiting"]["message"].startswith("back-off 10s restarting failed container=app")
    ended = app["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"], ended["message"]) == (7, "Error", "it broke\n")
    assert (status["phase"], condition(status, "Ready")) == ("Running", "False")
    assert "Back-off restarting failed container app in pod failing_default" in await lab.event(
        "failing", "BackOff"
    )
    assert await lab.log("failing", previous=True) == ""
    await lab.delete("failing")
    await lab.gone("failing")


@pytest.mark.parametrize(
    ("policy", "script", "phase"),
    [("Never", "exit 0", "Succeeded"), ("Never", "exit 3", "Failed"), ("OnFailure", "exit 0", "Succeeded")],
)
async def test_a_pod_that_is_not_restarted_ends(
    lab: Laboratory, policy: str, script: str, phase: str
) -> None:
    await lab.run(pod("task", shell(f"echo done; {script}"), restartPolicy=policy))
    status = await lab.phase("task", phase)
    assert condition(status, "Ready") == "False"
    assert "terminated" in container_of(status)["state"]
    assert await lab.log("task") == "done\n"
    await lab.delete("task")
    await lab.gone("task")


async def test_a_failed_init_container_fails_a_pod_that_is_never_restarted(lab: Laboratory) -> None:
    init = shell("exit 4", name="init")
    await lab.run(pod("doomed", shell(SLEEP), initContainers=[init], restartPolicy="Never"))
    status = await lab.phase("doomed", "Failed")
    assert container_of(status, "init")["state"]["terminated"]["exitCode"] == 4
    assert reason(container_of(status)) == "PodInitializing"
    assert condition(status, "Initialized") == "False"
    await lab.delete("doomed")


async def test_a_readiness_gate_holds_readiness_back(lab: Laboratory) -> None:
    await lab.run(pod("gated", shell(SLEEP), readinessGates=[{"conditionType": "example.com/open"}]))
    status = await lab.when("gated", lambda status: condition(status, "ContainersReady") == "True")
    assert condition(status, "Ready") == "False"
    await lab.set_condition("gated", "example.com/open", "True")
    status = await lab.ready("gated")
    assert condition(status, "example.com/open") == "True"
    await lab.delete("gated", grace=0)


async def test_a_deadline_ends_a_pod_for_good(lab: Laboratory) -> None:
    await lab.run(pod("limited", shell(SLEEP), activeDeadlineSeconds=1))
    status = await lab.phase("limited", "Failed")
    assert status["reason"] == "DeadlineExceeded"
    await lab.when("limited", lambda status: "terminated" in container_of(status).get("state", {}))
    await lab.delete("limited")


async def test_an_unknown_image_says_what_to_do_and_runs_once_it_is_mapped(lab: Laboratory) -> None:
    await lab.run(pod("strange", container(image="quay.io/nobody/knows:3")))
    status = await lab.when("strange", lambda status: reason(container_of(status)) == "ErrImagePull")
    assert "stands for no program here; map it" in container_of(status)["state"]["waiting"]["message"]
    assert status["phase"] == "Pending"
    assert "images.yaml" in await lab.event("strange", "Failed", about="Failed to pull image")
    await lab.delete("strange", grace=0)


async def test_what_a_pod_may_not_do_is_refused_with_an_event(lab: Laboratory) -> None:
    privileged = shell(SLEEP, securityContext={"privileged": True})
    await lab.run(pod("mighty", privileged))
    assert "privileged containers are not allowed" in await lab.event("mighty", "Failed")
    await lab.run(pod("nosy", shell(SLEEP), volumes=[{"name": "root", "hostPath": {"path": "/root"}}]))
    assert 'hostPath "/root" is not among' in await lab.event("nosy", "FailedMount")
    await lab.run(pod("wide", shell(SLEEP), hostNetwork=True))
    assert "spec.hostNetwork is not allowed" in await lab.event("wide", "FailedCreatePodSandBox")
    for name in ("mighty", "nosy", "wide"):
        assert (lab.pod(name) or {})["status"]["phase"] == "Pending"
        await lab.delete(name)
        await lab.gone(name)


async def test_what_cannot_be_applied_is_left_out_with_a_warning(lab: Laboratory) -> None:
    context = {"capabilities": {"add": ["SYS_ADMIN"]}, "procMount": "Unmasked"}
    await lab.run(pod("wishful", shell(SLEEP, securityContext=context), hostUsers=False))
    await lab.ready("wishful")
    left = await lab.event("wishful", "Unsupported")
    assert left == "Left out: container app: capability SYS_ADMIN, container app: procMount Unmasked"
    await lab.delete("wishful", grace=0)


async def test_a_grace_period_may_be_shortened_while_it_runs(lab: Laboratory) -> None:
    deaf = shell("trap '' TERM; echo deaf; " + WAIT)
    await lab.run(pod("stubborn", deaf, terminationGracePeriodSeconds=600))
    await lab.logged("stubborn", "deaf")
    await lab.delete("stubborn")
    await lab.event("stubborn", "Killing")
    assert "deletionTimestamp" in (lab.pod("stubborn") or {})["metadata"]
    await lab.delete("stubborn", grace=1)
    await lab.gone("stubborn")


async def test_a_forced_deletion_ends_the_processes_too(lab: Laboratory) -> None:
    await lab.run(pod("forced", shell("trap '' TERM; echo deaf; " + WAIT), terminationGracePeriodSeconds=600))
    await lab.logged("forced", "deaf")
    pid = lab.process_of("forced")
    await lab.delete("forced", grace=0)
    assert lab.pod("forced") is None
    await until(lambda: not lab.is_running("forced"))
    assert pid


async def test_a_liveness_probe_restarts_and_readiness_comes_and_goes(lab: Laboratory) -> None:
    probe = {
        "exec": {"command": ["sh", "-c", "cat /tmp/alive || exit 9"]},
        "periodSeconds": 1,
        "failureThreshold": 1,
    }
    frail = shell(
        f"touch /tmp/alive; {SLEEP}", livenessProbe=probe, terminationMessagePolicy="FallbackToLogsOnError"
    )
    await lab.run(pod("frail", frail))
    await lab.ready("frail")
    await lab.sh("frail", "rm /tmp/alive")
    status = await lab.when("frail", lambda status: container_of(status).get("restartCount") == 1)
    assert container_of(status)["lastState"]["terminated"]["exitCode"] == 143
    assert "No such file" in await lab.event("frail", "Unhealthy", about="Liveness probe failed")
    assert await lab.event("frail", "Killing") == "Container app failed liveness probe, will be restarted"
    await lab.delete("frail", grace=0)


async def test_hooks_run_and_a_failing_one_ends_the_container(lab: Laboratory) -> None:
    after = {"postStart": {"exec": {"command": ["sh", "-c", "echo hooked >/tmp/hooked"]}}}
    await lab.run(pod("hooked", shell(SLEEP, lifecycle=after)))
    await lab.ready("hooked")
    assert await lab.sh("hooked", "cat /tmp/hooked") == "hooked\n"
    bad = {"postStart": {"exec": {"command": ["sh", "-c", "echo nope; exit 1"]}}}
    await lab.run(pod("unhooked", shell(SLEEP, lifecycle=bad), restartPolicy="Never"))
    assert await lab.event("unhooked", "FailedPostStartHook") == "PostStartHook failed: nope"
    await lab.phase("unhooked", "Failed")
    for name in ("hooked", "unhooked"):
        await lab.delete(name, grace=0)


async def test_a_pre_stop_hook_counts_in_the_grace_period(lab: Laboratory) -> None:
    slow = {"preStop": {"sleep": {"seconds": 60}}}
    script = "trap 'echo told; exit 0' TERM; echo up; " + WAIT
    await lab.run(pod("slow", shell(script, lifecycle=slow), terminationGracePeriodSeconds=1))
    await lab.logged("slow", "up")
    followed = asyncio.create_task(lab.log("slow", follow=True))
    await lab.delete("slow")
    await lab.gone("slow")
    assert await followed == "up\ntold\n"  # SIGTERM came all the same


async def test_a_sandbox_whose_init_is_killed_is_made_again(lab: Laboratory) -> None:
    await lab.run(pod("phoenix", step("app", WAIT), volumes=SCRATCH))
    before = await lab.ready("phoenix")
    lab.kill_init("phoenix")
    status = await lab.when("phoenix", lambda status: container_of(status).get("restartCount") == 1)
    status = await lab.ready("phoenix")
    assert container_of(status)["lastState"]["terminated"]["exitCode"] == 137
    assert status["podIP"] == before["podIP"]
    assert await lab.event("phoenix", "SandboxChanged")
    assert await lab.sh("phoenix", "grep -c up /scratch/story") == "2\n"  # an emptyDir outlives its sandbox
    await lab.delete("phoenix", grace=0)


async def test_a_container_whose_main_process_is_killed_is_restarted(lab: Laboratory) -> None:
    await lab.run(pod("shot", shell(SLEEP)))
    await lab.ready("shot")
    await lab.runner("shot").signal(signal.SIGKILL)
    status = await lab.when("shot", lambda status: container_of(status).get("restartCount") == 1)
    assert container_of(status)["lastState"]["terminated"]["exitCode"] == 137
    await lab.delete("shot", grace=0)


async def test_what_a_container_left_in_the_background_ends_with_it(lab: Laboratory) -> None:
    await lab.run(pod("messy", shell("setsid sleep 4711 & sleep 0.2; exit 0"), restartPolicy="Never"))
    await lab.phase("messy", "Succeeded")
    assert not lab.commands_running("sleep 4711")
    await lab.delete("messy")


async def test_another_image_restarts_the_container(lab: Laboratory) -> None:
    await lab.run(pod("changing", container(image="test/web:1", command=["sh", "-c", SLEEP])))
    await lab.ready("changing")
    await lab.set_image("changing", "test/web:2")
    status = await lab.when("changing", lambda status: container_of(status).get("restartCount") == 1)
    assert container_of(status)["image"] == "test/web:2"
    assert "definition changed" in await lab.event("changing", "Killing")
    await lab.delete("changing", grace=0)


async def test_an_ephemeral_container_looks_into_a_running_pod(lab: Laboratory) -> None:
    await lab.run(pod("opaque", shell(SLEEP)))
    await lab.ready("opaque")
    await lab.debug("opaque", shell("cat /proc/[0-9]*/comm", name="look"))
    assert "convoy-pod" in await lab.logged("opaque", "sleep", "look")
    status = await lab.when("opaque", lambda status: status.get("ephemeralContainerStatuses"))
    assert status["ephemeralContainerStatuses"][0]["name"] == "look"
    await lab.delete("opaque", grace=0)


async def test_pods_are_run_on_after_the_machine_went_down(lab: Laboratory) -> None:
    await lab.run(pod("steady", shell(f"date >>/scratch/t; {SLEEP}", volumeMounts=MOUNT), volumes=SCRATCH))
    await lab.run(pod("once", shell(SLEEP), restartPolicy="Never"))
    before = await lab.ready("steady")
    await lab.ready("once")
    await lab.stop()
    assert (lab.pod("steady") or {})["status"]["phase"] == "Running"
    lab.start()
    once = await lab.phase("once", "Failed")
    assert container_of(once)["state"]["terminated"]["reason"] == "ContainerStatusUnknown"
    status = await lab.when("steady", lambda status: container_of(status).get("restartCount") == 1)
    status = await lab.ready("steady")
    assert container_of(status)["lastState"]["terminated"]["exitCode"] == 255
    assert status["podIP"] == before["podIP"]
    assert status["startTime"] == before["startTime"]
    for name in ("steady", "once"):
        await lab.delete(name, grace=0)


async def test_a_node_is_registered_and_ready(lab: Laboratory) -> None:
    node = await until(lambda: lab.find("nodes", "node-1"))
    assert condition(node["status"], "Ready") == "True"
    assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "zone-a"
    assert node["status"]["nodeInfo"]["kubeletVersion"].startswith("v1.32.")
    assert int(node["status"]["capacity"]["cpu"]) == os.cpu_count()
    lease = await until(lambda: lab.find("leases", "node-1", namespace="kube-node-lease"))
    assert lease["spec"]["holderIdentity"] == "node-1"
