"""A world begins whole, ends without a trace, and is one for each state folder."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cluster.conftest import EAST
from tests.cluster.images import IMAGES
from tests.cluster.manifests import container, pod, shell
from tests.cluster.residue import control_sockets_of, interfaces, mounts, processes_of, wait_nothing_left
from tests.kit.waiting import until

from convoy.cluster.client import connect_world, start_world
from convoy.cluster.errors import WorldBusyError, WorldError, WorldGoneError
from convoy.cluster.frames import send_frame
from convoy.cluster.types import ImageEntry
from convoy.cluster.world.starting import connect_control

pytestmark = pytest.mark.world

ROOT = Path(__file__).parents[2]
SLEEPER = shell("exec sleep infinity")


def _start_starter(state_dir: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.cluster.starter", str(state_dir)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


async def _wait_line(process: subprocess.Popen[bytes], wanted: bytes) -> None:
    assert process.stdout is not None
    while (line := await asyncio.to_thread(process.stdout.readline)).strip() != wanted:
        assert line, process.stderr.read() if process.stderr else ""


def _reap(process: subprocess.Popen[bytes]) -> None:
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


async def test_an_ended_world_leaves_nothing(tmp_path: Path) -> None:
    before = (mounts(), interfaces())
    async with start_world(state_dir=tmp_path, images=IMAGES) as world:
        await world.add_cluster(EAST)
        await world.apply("east", [pod("sleeper", SLEEPER)])
        await world.wait_ready("east", timeout=20)
        assert len(processes_of(tmp_path)) >= 4
        assert control_sockets_of(tmp_path)
        assert (mounts(), interfaces()) == before
    assert processes_of(tmp_path) == []
    assert control_sockets_of(tmp_path) == []
    assert (mounts(), interfaces()) == before


@pytest.mark.parametrize("stage", [b"world", b"applied", b"ready"])
async def test_the_world_dies_with_its_killed_starter(tmp_path: Path, stage: bytes) -> None:
    starter = _start_starter(tmp_path)
    await _wait_line(starter, stage)
    starter.kill()
    _reap(starter)
    assert await wait_nothing_left(tmp_path) == []


@pytest.mark.parametrize("milliseconds", [120, 180, 240, 300, 360, 420, 500, 600])
async def test_a_starter_killed_at_any_moment_leaves_nothing(tmp_path: Path, milliseconds: int) -> None:
    before = (mounts(), interfaces())
    starter = _start_starter(tmp_path)
    await asyncio.sleep(milliseconds / 1000)
    starter.kill()
    _reap(starter)
    assert await wait_nothing_left(tmp_path) == []
    assert (mounts(), interfaces()) == before


async def test_a_world_starts_again_where_one_was_killed(tmp_path: Path) -> None:
    starter = _start_starter(tmp_path)
    await _wait_line(starter, b"ready")
    starter.kill()
    _reap(starter)
    async with start_world(state_dir=tmp_path) as world:
        assert await world.clusters() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_the_client_is_told_when_the_world_is_killed(tmp_path: Path, number: int) -> None:
    async with start_world(state_dir=tmp_path) as world:
        os.kill(min(processes_of(tmp_path)), number)  # the keeper, which is the oldest
        await world.wait_ended()
        with pytest.raises(WorldGoneError, match="the world ended"):
            await world.clusters()
        assert await wait_nothing_left(tmp_path) == []


async def test_a_second_world_for_one_state_folder_is_refused(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path):
        with pytest.raises(WorldBusyError, match=r"already runs from .* choose another state folder"):
            async with start_world(state_dir=tmp_path):
                pass


async def test_two_worlds_run_side_by_side(tmp_path: Path) -> None:
    async with (
        start_world(state_dir=tmp_path / "a") as first,
        start_world(state_dir=tmp_path / "b") as second,
    ):
        for world in (first, second):
            await world.add_cluster(EAST)
            await world.apply("east", [pod("same", SLEEPER)])
        for world in (first, second):
            await world.wait_ready("east", timeout=20)
            assert [status.address for status in await world.pods("east")] == ["198.18.1.2"]


async def test_another_connection_uses_the_same_world(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path) as world:
        await world.add_cluster(EAST)
        async with await connect_world(tmp_path) as other:
            assert [info.name for info in await other.clusters()] == ["east"]
        assert [info.name for info in await world.clusters()] == ["east"]


async def test_no_world_to_connect_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorldGoneError, match="no world runs from"):
        await connect_world(tmp_path)


async def test_nonsense_on_the_control_socket_disturbs_nobody(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path) as world:
        with connect_control(tmp_path) as noisy:
            noisy.sendall(b"\xff" * 64)
        with connect_control(tmp_path) as odd:
            send_frame(odd, {"id": 1, "do": "no_such_request"})
        async with await connect_world(tmp_path):
            assert await world.clusters() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user to try")
async def test_another_user_is_not_listened_to(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path):
        sock = await asyncio.to_thread(_connect_as_nobody, tmp_path)
        sock.settimeout(5)
        assert sock.recv(1) == b""
        sock.close()


def _connect_as_nobody(state_dir: Path) -> socket.socket:
    """A control connection whose peer credentials are those of nobody."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        from convoy.cluster.world.starting import control_address

        address = control_address(state_dir)
        os.setresuid(65534, 65534, 65534)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(address)
        socket.send_fds(theirs, [b"x"], [sock.fileno()])
        os._exit(0)
    os.waitpid(pid, 0)
    _data, fds, _flags, _address = socket.recv_fds(ours, 1, 1)
    ours.close()
    theirs.close()
    return socket.socket(fileno=fds[0])


async def test_where_namespaces_are_forbidden_the_reason_and_the_remedy_are_told(tmp_path: Path) -> None:
    forbid = "from tests.cluster.forbidding import forbid_namespaces; forbid_namespaces(); "
    run = (
        "import runpy, sys; sys.argv[0] = 'x'; runpy.run_module('tests.cluster.starter', run_name='__main__')"
    )
    command = [sys.executable, "-c", forbid + run, str(tmp_path)]
    result = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(
        "this machine refused to make the world's namespaces (unshare: No space left on device)"
    )
    assert "; run " in line


async def test_a_machine_without_nft_is_told_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import shutil\nfind = shutil.which\n"
        "shutil.which = lambda name, *rest, **more: None if name == 'nft' else find(name, *rest, **more)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorldError, match=r"nft was not found .* install the package nftables\."):
        async with start_world(state_dir=tmp_path / "state"):
            pass
    assert await wait_nothing_left(tmp_path / "state") == []


async def test_programs_below_a_private_folder_run_and_see_no_state(tmp_path: Path) -> None:
    program = tmp_path / "tree" / "program.py"
    program.parent.mkdir()
    program.write_text("import os, time; print(os.listdir('state'), flush=True); time.sleep(3600)")
    tree = str(program.parent)
    image = ImageEntry("tree/program", ("python", "program.py"), cwd=tree, keep=(tree,))
    async with start_world(state_dir=program.parent / "state", images=[image]) as world:
        await world.add_cluster(EAST)
        await world.apply("east", [pod("program", container(image="tree/program"))])
        await world.wait_ready("east", timeout=20)
        assert await until(lambda: world.logs("east", "default", "program")) == "[]\n"
        beside = ["sh", "-c", f"ls {tmp_path}; touch {tree}/x"]
        seen = await world.exec("east", "default", "program", beside, timeout=10)
        assert seen.stdout == b"tree\n"
        assert b"Read-only file system" in seen.stderr
