"""The ways into pods: logs, commands with and without a terminal, attaching, connections; and probes."""

import asyncio
import os
import re
from contextlib import aclosing

import pytest
import pytest_asyncio
from tests.cluster.kubelet.health_server import GRPC_SERVER, HTTPS_SERVER
from tests.cluster.kubelet.laboratory import Laboratory, condition, container_of, finish
from tests.cluster.manifests import container, pod, shell

from convoy.cluster.machinery.pod_access import LogOptions, Session
from convoy.cluster.machinery.statuses import StatusError

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

SLEEP = "exec sleep infinity"


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def peopled(lab: Laboratory) -> None:
    """A pod to enter and one with two containers."""
    await lab.run(pod("open", shell(f"echo out; echo err >&2; {SLEEP}")))
    await lab.run(pod("two", shell(SLEEP), shell(SLEEP, name="other")))
    for name in ("open", "two"):
        await lab.ready(name)


async def _exec(lab: Laboratory, *command: str, tty: bool = False, stdin: bool = False) -> Session:
    return await lab.kubelet.exec("default", "open", "", command, stdin=stdin, tty=tty)


async def _read_until(session: Session, text: bytes) -> bytes:
    seen = b""
    async with aclosing(session.output()) as output:
        async for _stream, data in output:
            seen += data
            if text in seen:
                break
    return seen


async def test_a_command_tells_its_streams_and_its_exit_code(lab: Laboratory) -> None:
    session = await _exec(lab, "sh", "-c", "read word; echo out $word; echo err >&2; exit 3", stdin=True)
    await session.write_stdin(b"hello\n")
    await session.close_stdin()
    told = {1: b"", 2: b""}
    async for stream, data in session.output():
        told[stream] += data
    assert (await session.wait(), told) == (3, {1: b"out hello\n", 2: b"err\n"})
    await session.close()


async def test_a_command_takes_and_gives_more_than_pipes_hold(lab: Laboratory) -> None:
    data = os.urandom(1 << 20)
    session = await _exec(lab, "cat", stdin=True)

    async def feed() -> None:
        await session.write_stdin(data)
        await session.close_stdin()

    feeding = asyncio.create_task(feed())
    told = b"".join([piece async for _stream, piece in session.output()])
    await feeding
    assert told == data
    assert await session.wait() == 0
    await session.close()


async def test_a_signal_is_told_as_shells_do(lab: Laboratory) -> None:
    assert await lab.exec("open", "sh", "-c", "kill -9 $$") == (137, "")


async def test_a_closed_session_ends_its_command(lab: Laboratory) -> None:
    session = await _exec(lab, "sleep", "4712")
    await session.close()
    assert await session.wait() == 137


async def test_a_command_nobody_waits_for_any_more_is_not_left_running(lab: Laboratory) -> None:
    for turns in range(8):  # of the loop, from before it is asked for until after it runs
        starting = asyncio.create_task(_exec(lab, "sleep", "4713"))
        for _ in range(turns):
            await asyncio.sleep(0.001)
        starting.cancel()
        for session in await asyncio.gather(starting, return_exceptions=True):
            if not isinstance(session, BaseException):
                await session.close()
    running = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -q 'sleep 471[3]'"
    await lab.exec("open", "sh", "-c", f"while {running}; do sleep 0.05; done")


async def test_a_terminal_is_one_and_has_a_size(lab: Laboratory) -> None:
    session = await _exec(lab, "sh", tty=True, stdin=True)
    await session.resize(132, 43)
    await session.write_stdin(b"tty; stty size; echo in $((20 + 22))\n")
    seen = await _read_until(session, b"in 42\r\n")
    assert b"/dev/pts/" in seen
    assert b"43 132\r\n" in seen
    await session.write_stdin(b"exit 5\n")
    code, _rest = await finish(session)
    assert code == 5


async def test_ctrl_c_reaches_a_command_with_a_terminal(lab: Laboratory) -> None:
    script = "trap 'echo caught; exit 4' INT; echo up; while :; do sleep 0.02; done"
    session = await _exec(lab, "sh", "-c", script, tty=True, stdin=True)
    await _read_until(session, b"up\r\n")
    await session.write_stdin(b"\x03")
    code, told = await finish(session)
    assert (code, "caught" in told) == (4, True)


async def test_what_cannot_be_entered_is_told_in_known_words(lab: Laboratory) -> None:
    with pytest.raises(StatusError, match=r'"no-such" did not start: No such file'):
        await _exec(lab, "no-such")
    with pytest.raises(StatusError, match=r'pods "nobody" not found'):
        await lab.exec("nobody", "true")
    with pytest.raises(StatusError, match="container nope is not valid for pod open"):
        await lab.exec("open", "true", container="nope")
    words = r"a container name must be specified for pod two, choose one of: \[app other\]"
    with pytest.raises(StatusError, match=words):
        await lab.log("two")
    with pytest.raises(StatusError, match='previous terminated container "app" in pod "open" not found'):
        await lab.log("open", previous=True)
    await lab.run(pod("late", container(image="nobody/knows:1")))
    await lab.event("late", "Failed")
    with pytest.raises(
        StatusError, match='"app" in pod "late" is waiting to start: trying and failing to pull'
    ):
        await lab.log("late")
    await lab.delete("late", grace=0)


async def test_logs_join_both_streams_and_know_their_times(lab: Laboratory) -> None:
    await lab.logged("open", "err\n")
    assert sorted((await lab.log("open")).split()) == ["err", "out"]
    stamped = (await lab.log("open", timestamps=True, tail_lines=1)).strip()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (out|err)", stamped)


async def test_a_log_is_followed_to_the_end_of_its_container(lab: Laboratory) -> None:
    steps = "for n in 1 2 3; do echo step $n; sleep 0.05; done; printf end"
    await lab.run(pod("steps", shell(steps), restartPolicy="Never"))
    await lab.logged("steps", "step 1")
    assert await lab.log("steps", follow=True, tail_lines=0) != ""
    assert await lab.log("steps") == "step 1\nstep 2\nstep 3\nend"
    assert await lab.log("steps", limit_bytes=4) == "step"
    await lab.delete("steps")
    await lab.gone("steps")


async def test_the_log_of_the_run_before_is_kept(lab: Laboratory) -> None:
    once = "[ -e /run/again/x ] && exec sleep infinity; touch /run/again/x; echo first; exit 1"
    mounts = [{"name": "again", "mountPath": "/run/again"}]
    await lab.run(pod("again", shell(once, volumeMounts=mounts), volumes=[{"name": "again", "emptyDir": {}}]))
    await lab.when("again", lambda status: container_of(status).get("restartCount") == 1)
    await lab.ready("again")
    assert await lab.log("again", previous=True) == "first\n"
    assert await lab.log("again") == ""
    await lab.delete("again", grace=0)


async def test_a_log_is_bounded_and_keeps_the_newest(lab: Laboratory) -> None:
    await lab.run(pod("chatty", shell(f"seq 400000; {SLEEP}")))
    log = await lab.logged("chatty", "\n400000\n")
    assert len(log) < 4 << 20
    assert await lab.log("chatty", tail_lines=2) == "399999\n400000\n"
    await lab.delete("chatty", grace=0)


async def test_who_is_attached_sees_and_feeds_the_main_process(lab: Laboratory) -> None:
    asks = shell('read name; echo "hello $name"; exec sleep infinity', stdin=True)
    await lab.run(pod("asking", asks))
    await lab.ready("asking")
    session = await lab.kubelet.attach("default", "asking", "", stdin=True, tty=False)
    await session.write_stdin(b"you\n")
    assert await _read_until(session, b"\n") == b"hello you\n"
    await session.close()
    assert lab.runner("asking").is_running
    await lab.delete("asking", grace=0)


async def test_a_container_may_have_a_terminal_itself(lab: Laboratory) -> None:
    await lab.run(pod("console", shell("tty; exec sh", stdin=True, tty=True), restartPolicy="Never"))
    assert "/dev/pts/" in await lab.logged("console", "/dev/pts/")
    session = await lab.kubelet.attach("default", "console", "", stdin=True, tty=True)
    await session.resize(100, 30)
    await session.write_stdin(b"stty size; exit 6\n")
    code, told = await finish(session)
    assert (code, "30 100\r\n" in told) == (0, True)  # how it ended is for the pod's status
    status = await lab.phase("console", "Failed")
    assert container_of(status)["state"]["terminated"]["exitCode"] == 6
    await lab.delete("console")


async def test_a_connection_is_made_inside_the_pod(lab: Laboratory) -> None:
    await lab.run(pod("served", container()))
    await lab.ready("served")
    await lab.listening("served", 8080)
    with await lab.kubelet.connect("default", "served", 8080) as sock:
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert b'"pod": "served"' in await reader.read()
        writer.close()
    with pytest.raises(ConnectionRefusedError):
        await lab.kubelet.connect("default", "served", 9)
    await lab.delete("served", grace=0)


@pytest.mark.parametrize(
    ("name", "program", "probe"),
    [
        ("grpc", GRPC_SERVER, {"grpc": {"port": 5000, "service": "mine"}}),
        ("https", HTTPS_SERVER, {"httpGet": {"port": 5000, "scheme": "HTTPS", "path": "/ok"}}),
        ("tcp", HTTPS_SERVER, {"tcpSocket": {"port": 5000}}),
    ],
)
async def test_a_probe_of_every_sort_sees_a_server(
    lab: Laboratory, name: str, program: str, probe: dict[str, object]
) -> None:
    asked = {**probe, "periodSeconds": 1, "failureThreshold": 30}
    app = container(image="test/python", command=["python", "-c", program], readinessProbe=asked)
    await lab.run(pod(f"probed-{name}", app))
    await lab.ready(f"probed-{name}")
    await lab.delete(f"probed-{name}", grace=0)


async def test_a_probe_that_fails_says_why(lab: Laboratory) -> None:
    probe = {"grpc": {"port": 5000, "service": "other"}, "periodSeconds": 1, "failureThreshold": 1}
    app = container(image="test/python", command=["python", "-c", GRPC_SERVER], readinessProbe=probe)
    await lab.run(pod("ill", app))
    assert 'service unhealthy (responded with "NOT_SERVING")' in await lab.event(
        "ill", "Unhealthy", about="NOT_SERVING"
    )
    assert condition((lab.pod("ill") or {})["status"], "Ready") == "False"
    await lab.delete("ill", grace=0)


async def test_options_of_a_log_are_those_asked_for(lab: Laboratory) -> None:
    lines = lab.kubelet.logs("default", "open", "app", LogOptions(since=4e9))
    assert [piece async for piece in lines] == []
