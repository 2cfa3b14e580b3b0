"""What a world could leave behind on the host, looked for by the path of its state folder."""

import asyncio
import os
from pathlib import Path

from convoy.cluster.world.starting import control_address


def processes_of(state_dir: Path) -> list[int]:
    """Processes of the world, which carry the state folder in their command line or hold its lock."""
    found = []
    lock = str(state_dir.resolve() / "lock")
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            holds = any(os.readlink(fd) == lock for fd in (entry / "fd").iterdir())
        except OSError:
            continue
        if holds:
            found.append(int(entry.name))
    return found


def control_sockets_of(state_dir: Path) -> list[str]:
    """Lines of the kernel's table of Unix sockets that show the world's control socket."""
    name = "@" + control_address(state_dir)[1:].decode()
    return [line for line in Path("/proc/net/unix").read_text().splitlines() if line.endswith(name)]


def mounts() -> list[str]:
    """The mount points of this process's namespace."""
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def interfaces() -> set[str]:
    """The network interfaces of this process's namespace."""
    return {line.partition(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]}


async def wait_nothing_left(state_dir: Path, *, at_most: float = 10.0) -> list[object]:
    """What is left of a killed world after `at_most` seconds; nothing as soon as that is so."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + at_most
    while True:
        left = [*processes_of(state_dir), *control_sockets_of(state_dir)]
        if not left or loop.time() > give_up:
            return left
        await asyncio.sleep(0.02)
