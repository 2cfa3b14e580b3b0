"""Containers over time: order, probes, restarts, replacement, end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from tests.cluster.conftest import EAST
from tests.cluster.images import IMAGES
from tests.cluster.manifests import container, http_probe, pod, service, shell
from tests.kit.waiting import until

from convoy.cluster.client import World, start_world
from convoy.cluster.errors import WaitError
from convoy.cluster.types import ContainerStatus, PodStatus, WorldEvent

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

SLEEP = "exec sleep infinity"
# Dash runs a trap only between commands, so these wait in short steps.
LASTING = "trap 'echo {0} ended >>/tmp/story; cat /tmp/story; exit 0' TERM; while :; do sleep 0.02; done"


class Watcher:
    """Collects a world's events and waits for those of interest."""

    def __init__(self) -> None:
        self.events: list[WorldEvent] = []
        self._news = asyncio.Event()

    def __call__(self, event: WorldEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def wait(self, what: str, pod_name: str, *, count: int = 1) -> list[WorldEvent]:
        """The events of that sort about a pod, once there are `count`."""
        async with asyncio.timeout(20):
            while len(seen := self.seen(what, pod_name)) < count:
                self._news.clear()
                await self._news.wait()
        return seen

    def seen(self, what: str, pod_name: str) -> list[WorldEvent]:
        """The events of that sort about a pod, so far."""
        return [event for event in self.events if (event.what, event.pod) == (what, f"default/{pod_name}")]


@pytest.fixture(scope="module")
def watcher() -> Watcher:
    """What happened in the module's world."""
    return Watcher()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(state_dir: Path, watcher: Watcher) -> AsyncIterator[World]:
    """A world with one cluster, watched."""
    async with start_world(state_dir=state_dir, images=IMAGES, on_event=watcher) as started:
        await started.add_cluster(EAST)
        yield started


async def _pod(world: World, name: str) -> PodStatus:
    return next(status for status in await world.pods("east") if status.name == name)


async def _container(world: World, name: str) -> ContainerStatus:
    return (await _pod(world, name)).containers[-1]


async def _container_if(
    world: World, name: str, wanted: Callable[[ContainerStatus], bool]
) -> ContainerStatus | None:
    status = await _container(world, name)
    return status if wanted(status) else None


async def _next_wait(world: World, name: str, restarts: int) -> ContainerStatus:
    """The container as it waits for a later restart than the given one."""
    return await until(
        lambda: _container_if(world, name, lambda seen: seen.state == "waiting" and seen.restarts > restarts)
    )


def _delay(status: ContainerStatus) -> float:
    return float(status.message.rpartition("restarted in ")[2].partition(" s")[0])


async def _final_phase(world: World, name: str) -> str:
    phase = (await _pod(world, name)).phase
    return phase if phase in ("Succeeded", "Failed") else ""


async def _has_message(world: World, name: str, message: str) -> bool:
    return (await _pod(world, name)).message == message


async def _is_there(world: World, name: str, path: str) -> bool:
    return (await world.exec("east", "default", name, ["test", "-e", path])).rc == 0


async def _log(world: World, name: str, *, ends: str) -> str:
    """The log of a pod's container `app`, once it ends with some text."""

    async def look() -> str:
        log = await world.logs("east", "default", name, "app")
        return log if log.endswith(ends) else ""

    return await until(look)


async def test_init_containers_run_one_after_the_other_before_the_rest(world: World) -> None:
    steps = [shell(f"echo {name} >>/tmp/story; sleep 0.1", name=name) for name in ("first", "second")]
    app = shell(f"echo app >>/tmp/story; cat /tmp/story; {SLEEP}")
    await world.apply("east", [pod("ordered", app, initContainers=steps)])
    await world.wait_ready("east", timeout=20)
    log = await _log(world, "ordered", ends="app\n")
    assert log.split() == ["first", "second", "app"]


async def test_a_sidecar_is_started_before_and_stopped_after_the_others(
    world: World, watcher: Watcher, state_dir: Path
) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1}
    begin = "sleep 0.3; echo sidecar up >>/tmp/story; touch /tmp/up; "
    sidecar = shell(
        begin + LASTING.format("sidecar"), name="sidecar", restartPolicy="Always", startupProbe=probe
    )
    app = shell("echo app up >>/tmp/story; touch /tmp/app; " + LASTING.format("app"))
    await world.apply("east", [pod("paired", app, initContainers=[sidecar])])
    await world.wait_ready("east", timeout=20)
    await until(lambda: _is_there(world, "paired", "/tmp/app"))
    await world.delete("east", "Pod", "default", "paired")
    await watcher.wait("pod-stopped", "paired")
    log = (state_dir / "logs/east/default/paired/sidecar.log").read_text()
    assert log.splitlines() == ["sidecar up", "app up", "app ended", "sidecar ended"]


async def test_a_failing_container_is_restarted_with_growing_delays(world: World, watcher: Watcher) -> None:
    await world.apply("east", [pod("failing", shell("echo failed; exit 7"))])
    exits = await watcher.wait("container-exited", "failing", count=3)
    assert exits[0].detail == "ended with exit code 7"
    status = await until(lambda: _container_if(world, "failing", lambda seen: seen.state == "waiting"))
    assert (status.reason, status.exit_code) == ("CrashLoopBackOff", 7)
    assert status.restarts >= 2
    assert _delay(await _next_wait(world, "failing", status.restarts)) > _delay(status)
    with pytest.raises(WaitError) as caught:
        await world.wait_ready("east", timeout=0.1)
    assert "pod default/failing: Running" in str(caught.value)
    assert "CrashLoopBackOff" in str(caught.value)
    assert "    | failed" in str(caught.value)
    await world.delete("east", "Pod", "default", "failing")


@pytest.mark.parametrize(
    ("policy", "script", "phase"),
    [("Never", "exit 0", "Succeeded"), ("Never", "exit 1", "Failed"), ("OnFailure", "exit 0", "Succeeded")],
)
async def test_a_pod_that_is_not_restarted_ends(world: World, policy: str, script: str, phase: str) -> None:
    await world.apply("east", [pod("task", shell(script), restartPolicy=policy)])
    assert await until(lambda: _final_phase(world, "task")) == phase
    await world.delete("east", "Pod", "default", "task")


async def test_a_failed_readiness_probe_takes_readiness_away_and_back(world: World, watcher: Watcher) -> None:
    probe = http_probe("/healthz", failureThreshold=1)
    await world.apply("east", [pod("moody", container(readinessProbe=probe)), service("moody")])
    await watcher.wait("container-ready", "moody")
    await world.exec("east", "default", "moody", ["touch", "/tmp/sick"])
    (unready,) = await watcher.wait("container-unready", "moody")
    assert unready.detail == "readiness probe: answered HTTP/1.0 500 Internal"
    assert not (await _pod(world, "moody")).ready
    await world.exec("east", "default", "moody", ["rm", "/tmp/sick"])
    await watcher.wait("container-ready", "moody", count=2)
    assert (await _container(world, "moody")).restarts == 0


@pytest.mark.parametrize(
    "probe",
    [
        {"tcpSocket": {"port": "web"}, "periodSeconds": 1, "failureThreshold": 1},
        {"exec": {"command": ["test", "-e", "/tmp/alive"]}, "periodSeconds": 1, "failureThreshold": 1},
    ],
    ids=["tcpSocket", "exec"],
)
async def test_a_failed_liveness_probe_restarts_the_container(
    world: World, watcher: Watcher, probe: dict[str, object]
) -> None:
    name = "frail-" + next(iter(probe)).lower()
    ports = [{"name": "web", "containerPort": 81}]
    await world.apply("east", [pod(name, shell(SLEEP, livenessProbe=probe, ports=ports))])
    failed = await watcher.wait("probe-failed", name)
    assert failed[0].detail.startswith("liveness probe: ")
    await watcher.wait("container-started", name, count=2)
    await world.delete("east", "Pod", "default", name)


async def test_an_unknown_image_says_what_to_do(world: World, watcher: Watcher) -> None:
    await world.apply("east", [pod("strange", container(image="quay.io/nobody/knows:3"))])
    await watcher.wait("container-waiting", "strange")
    status = await _container(world, "strange")
    assert (status.state, status.reason) == ("waiting", "ImagePullBackOff")
    assert 'image "quay.io/nobody/knows:3" stands for no program here; map it' in status.message
    with pytest.raises(WaitError, match="can become ready, as an image is unknown"):
        await world.wait_ready("east")
    await world.delete("east", "Pod", "default", "strange")


async def test_a_pod_waits_for_the_objects_it_refers_to(world: World) -> None:
    reference = {"configMapKeyRef": {"name": "late", "key": "word"}}
    app = shell(f"echo $WORD; {SLEEP}", env=[{"name": "WORD", "valueFrom": reference}])
    await world.apply("east", [pod("patient", app)])
    status = await until(
        lambda: _container_if(world, "patient", lambda seen: seen.reason == "CreateContainerConfigError")
    )
    assert status.message == "ConfigMap default/late does not exist"
    late = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}, "data": {"word": "now"}}
    await world.apply("east", [late])
    await world.wait_ready("east", timeout=20)
    assert await until(lambda: world.logs("east", "default", "patient")) == "now\n"


async def test_a_pod_that_cannot_be_furnished_says_why(world: World) -> None:
    volumes = [{"name": "gone", "hostPath": {"path": "/no/such/folder"}}]
    await world.apply("east", [pod("homeless", shell(SLEEP), volumes=volumes)])
    wanted = "volume gone: /no/such/folder does not exist on this machine"
    await until(lambda: _has_message(world, "homeless", wanted))
    await world.delete("east", "Pod", "default", "homeless")


async def test_applying_the_same_again_restarts_nothing(world: World, watcher: Watcher) -> None:
    same = pod("steady", shell(SLEEP))
    await world.apply("east", [same])
    await watcher.wait("container-started", "steady")
    await world.apply("east", [same])
    labelled = {**same, "metadata": {**same["metadata"], "labels": {"app": "other"}}}
    await world.apply("east", [labelled])
    await world.wait_ready("east", timeout=20)
    assert not watcher.seen("pod-stopped", "steady")


async def test_a_changed_pod_is_replaced(world: World, watcher: Watcher) -> None:
    await world.apply("east", [pod("changing", shell(f"echo one; {SLEEP}"))])
    await watcher.wait("container-started", "changing")
    address = (await _pod(world, "changing")).address
    await world.apply("east", [pod("changing", shell(f"echo two; {SLEEP}"))])
    await watcher.wait("pod-stopped", "changing")
    await world.wait_ready("east", timeout=20)
    assert await until(lambda: world.logs("east", "default", "changing")) == "two\n"
    assert (await _pod(world, "changing")).address == address


async def test_what_ignores_sigterm_is_killed_after_the_grace_period(world: World, watcher: Watcher) -> None:
    stubborn = shell("trap '' TERM; touch /tmp/deaf; while :; do sleep 0.05; done")
    await world.apply("east", [pod("stubborn", stubborn, terminationGracePeriodSeconds=1)])
    await watcher.wait("container-started", "stubborn")
    await until(lambda: _is_there(world, "stubborn", "/tmp/deaf"))
    await world.delete("east", "Pod", "default", "stubborn")
    await watcher.wait("pod-stopped", "stubborn")
    (ended,) = watcher.seen("container-exited", "stubborn")
    assert ended.detail == "was ended by SIGKILL"


async def test_what_a_container_leaves_running_does_not_outlive_it(world: World, watcher: Watcher) -> None:
    await world.apply("east", [pod("messy", shell("sleep 4711 & exit 1"))])
    await watcher.wait("container-started", "messy", count=2)
    await watcher.wait("container-exited", "messy", count=2)
    listing = await world.exec(
        "east", "default", "messy", ["sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"]
    )
    assert listing.stdout.count(b"sleep 4711") <= 1
    await world.delete("east", "Pod", "default", "messy")


async def test_a_log_keeps_the_newest_and_is_bounded(world: World, state_dir: Path) -> None:
    lines = 200_000
    await world.apply("east", [pod("chatty", shell(f"seq {lines}; {SLEEP}"))])
    await world.wait_ready("east", timeout=20)
    log = await _log(world, "chatty", ends=f"{lines}\n")
    kept = sum(path.stat().st_size for path in (state_dir / "logs/east/default/chatty").iterdir())
    assert kept <= 2 << 20
    assert len(log) == kept
