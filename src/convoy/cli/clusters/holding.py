"""Start, find and end the process that holds the embedded clusters' world."""

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

import convoy
from convoy.cli.clusters.addresses import holder_address
from convoy.cli.clusters.doors import Place
from convoy.cli.clusters.holder import END
from convoy.cli.local.errors import LocalMeshError
from convoy.cluster.channel import peer_uid
from convoy.cluster.client import World, connect_world
from convoy.cluster.errors import WorldGoneError
from convoy.cluster.types import ImageEntry

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


async def find_world(folder: Path) -> World | None:
    """The world that runs from a folder, if one does."""
    try:
        return await connect_world(folder)
    except WorldGoneError:
        return None


async def start_holder(folder: Path, images: Sequence[ImageEntry]) -> World:
    """Start a world that outlives this process; LocalMeshError with what the machine lacks."""
    process = await asyncio.to_thread(_spawn, folder, msgspec.json.encode(list(images)))
    assert process.stdout is not None
    with process.stdout:
        line = await asyncio.to_thread(process.stdout.readline)
    said = msgspec.json.decode(line, type=dict[str, str]) if line else {"failed": _last_words(folder)}
    if "failed" in said:
        await asyncio.to_thread(process.wait)
        raise LocalMeshError(f"The clusters' world could not be started: {said['failed']}")
    return await connect_world(folder)


def _spawn(folder: Path, images: bytes) -> "subprocess.Popen[bytes]":
    log = os.open(folder / "holder.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    sources = str(Path(convoy.__file__).resolve().parents[1])
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "convoy.cli.clusters.holder", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join([sources, *_python_path()])},
            start_new_session=True,  # it goes on when the terminal is closed
        )
    finally:
        os.close(log)
    assert process.stdin is not None
    with process.stdin:
        process.stdin.write(images)
    return process


def _python_path() -> list[str]:
    return [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]


def _last_words(folder: Path) -> str:
    lines = (folder / "holder.log").read_text(errors="replace").splitlines()
    return lines[-1] if lines else "its process ended without a word"


class _Answer(msgspec.Struct, frozen=True):
    port: int = 0
    failed: str = "its holder ended without a word"


async def open_door(folder: Path, place: Place) -> int:
    """A port of 127.0.0.1 that leads to a place while the folder's world runs; LocalMeshError without one."""
    said = await _tell_holder(folder, msgspec.json.encode(place) + b"\n")
    if said is None:
        raise LocalMeshError("No cluster runs: start them with `convoy up`.")
    answer = msgspec.json.decode(said, type=_Answer) if said else _Answer()
    if not answer.port:
        raise LocalMeshError(
            f"No port of this machine could lead to cluster {place.cluster}: {answer.failed}"
        )
    return answer.port


async def end_holder(folder: Path) -> None:
    """Tell the holder to end, and wait until it has, and the world with it."""
    await _tell_holder(folder, END)


async def _tell_holder(folder: Path, line: bytes) -> bytes | None:
    """All that the holder says until it lets go; None where there is no holder."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if not _reach(sock, folder):
        sock.close()
        return None
    reader, writer = await asyncio.open_unix_connection(sock=sock)
    writer.write(line)
    said = await reader.read()
    writer.close()
    return said


def _reach(sock: socket.socket, folder: Path) -> bool:
    """Connect to the holder. Anybody may take its address, so one of another user counts as none."""
    try:
        sock.connect(holder_address(folder))
    except OSError:
        return False
    return peer_uid(sock) == os.geteuid()


def holder_pid(folder: Path) -> int:
    """The process that holds the world of a folder, as the kernel tells it; 0 when there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        if not _reach(sock, folder):
            return 0
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid: int = _CREDENTIALS.unpack(credentials)[0]
    return pid
