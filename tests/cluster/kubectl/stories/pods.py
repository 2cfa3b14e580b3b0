"""A pod: looked into, talked to, copied to, and deleted."""

import asyncio

from tests.cluster.kubectl.commands import Background, run_kubectl
from tests.cluster.kubectl.scenes import Scene
from tests.cluster.kubectl.steps import Outcome, Step, Story

COPIED = "what was copied, with € and a last line\n" * 5000


async def fetch_through(scene: Scene, forwarding: Background) -> None:
    """Make two requests to the port that is forwarded, at once."""
    said = await forwarding.until("Forwarding from 127.0.0.1:")
    port = int(said.partition("Forwarding from 127.0.0.1:")[2].split()[0])
    answers = await asyncio.gather(_fetch(port), _fetch(port))
    assert all(answer.endswith(b"answered") for answer in answers), answers


async def _fetch(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
    try:
        async with asyncio.timeout(15):
            return await reader.read()
    finally:
        writer.close()


async def hear_three_ticks(scene: Scene, following: Background) -> None:
    """Wait for what the pod says next."""
    said = await following.until("tick ")
    first = int(said.rpartition("tick ")[2].split()[0])
    await following.until(f"tick {first + 3}")


async def is_copied(scene: Scene, outcome: Outcome) -> None:
    """The file has come whole."""
    shown = await run_kubectl(scene, ("exec", scene.names["p1"], "--", "cat", "/tmp/copied"))
    assert shown.stdout == COPIED, shown


POD = Story(
    "pod",
    (
        Step(
            "wait-jsonpath",
            "--context=cluster1 wait --for=jsonpath={.status.phase}=Running pod/$p1 --timeout=10s",
            says=("pod/$p1 condition met",),
            since=23,
            after=("apply-create",),
        ),
        Step(
            "describe-pod-p1",
            "--context=cluster1 describe pod $p1",
            matches=(
                r"^Name: $p1",
                r"^Status: Running",
                r"^IP: 198\.18\.",
                r"^ c1:",
                r"^ Image: busybox:1\.36",
                r"^ Ready +True",
                r"Normal Started .*kubelet.* Started container c1",
            ),
            eventually=True,
            reads=True,
            after=("apply-create",),
        ),
        Step(
            "logs",
            "--context=cluster1 logs $p1",
            says=("serving on 8080", "tick"),
            eventually=True,
            reads=True,
        ),
        Step("logs-f", "--context=cluster1 logs -f $p1", during=hear_three_ticks, reads=True),
        Step("exec", "--context=cluster1 exec $p1 -- echo hi", matches=(r"\Ahi\n\Z",), reads=True),
        Step(
            "exec-stdin",
            "--context=cluster1 exec -i $p1 -- cat",
            stdin="what was\nput in",
            matches=(r"\Awhat was\nput in\Z",),
            reads=True,
        ),
        Step(
            "exec-rc",
            "--context=cluster1 exec $p1 -- sh -c 'echo err >&2; exit 3'",
            code=3,
            complains=("err\n", "command terminated with exit code 3"),
            reads=True,
        ),
        Step(
            "port-forward", "--context=cluster1 port-forward pod/$p1 :8080", during=fetch_through, reads=True
        ),
        Step(
            "port-forward-svc",
            "--context=cluster1 port-forward svc/$web :80",
            during=fetch_through,
            reads=True,
            after=("apply-create",),
        ),
        Step("cp", "--context=cluster1 cp copied $p1:/tmp/copied", check=is_copied, reads=True),
        Step("attach", "--context=cluster1 attach $p1", during=hear_three_ticks, reads=True),
        Step(
            "delete-label",
            "--context=cluster1 delete pods -l app=$p1",
            says=('pod "$p1" deleted',),
            after=("apply-unchanged",),
        ),
    ),
)
