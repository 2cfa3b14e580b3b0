"""The process that holds the embedded clusters' world after `convoy up` returned.

`python -m convoy.cli.clusters.holder FOLDER` says one JSON line on its standard output, `{}` or
`{"failed": ...}`, and then stays until it is told to end over its socket, or is killed: the world ends with
it in any case. The socket is abstract, so it leaves nothing behind, and takes nobody but the same user.
What it takes is one line: `end`, or a Place as JSON, whose port on the host it answers with.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from convoy.cli.clusters.addresses import holder_address
from convoy.cli.clusters.doors import Doors, Place
from convoy.cluster.channel import peer_uid
from convoy.cluster.client import start_world
from convoy.cluster.errors import WorldError
from convoy.cluster.types import ImageEntry

END = b"end\n"
_MOST_LOG, _LOG_KEPT = 8 << 20, 4 << 20
_LOOK_EVERY = 30.0


async def hold(folder: Path, images: Sequence[ImageEntry]) -> None:
    """Start the world of a folder and hold it until told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(holder_address(folder))
    async with start_world(state_dir=folder, images=images, hidden=(folder.parent,)) as world:
        doors = Doors(world, folder)
        server = await asyncio.start_unix_server(lambda r, w: _serve(r, w, ended, doors), sock=listener)
        tell({})
        gone = asyncio.create_task(world.wait_ended())
        told = asyncio.create_task(ended.wait())
        keeping = asyncio.create_task(_keep_bounded(folder / "world.log"))
        await asyncio.wait({gone, told}, return_when=asyncio.FIRST_COMPLETED)
        server.close()
        for task in (gone, told, keeping):
            task.cancel()
        await asyncio.gather(gone, told, keeping, return_exceptions=True)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ended: asyncio.Event, doors: Doors
) -> None:
    sock = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        if peer_uid(sock) == os.geteuid():
            line = await reader.readline()
            if line == END:
                ended.set()
                await (
                    reader.read()
                )  # whoever said so waits for this process's end, which closes the connection
            elif line:
                writer.write(await _answer(line, doors))
                await writer.drain()
    writer.close()


async def _answer(line: bytes, doors: Doors) -> bytes:
    try:
        port = await doors.open(msgspec.json.decode(line, type=Place))
    except (msgspec.MsgspecError, WorldError, OSError) as error:
        return msgspec.json.encode({"failed": str(error)}) + b"\n"
    return msgspec.json.encode({"port": port}) + b"\n"


async def _keep_bounded(log: Path) -> None:
    """Cut the world's log, which others append to, down to its newest part when it becomes long."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        with contextlib.suppress(OSError):
            await asyncio.to_thread(cut_log, log)


def cut_log(log: Path, *, most: int = _MOST_LOG, kept: int = _LOG_KEPT) -> None:
    """Keep the newest whole lines, about `kept` bytes, of a log that is longer than `most`."""
    if log.stat().st_size <= most:
        return
    with log.open("r+b") as file:
        file.seek(-kept, os.SEEK_END)
        newest = file.read()
        file.seek(0)
        file.write(newest[newest.find(b"\n") + 1 :])
        file.truncate()


def tell(message: dict[str, str]) -> None:
    """Say the one line, and let go of standard output, on which somebody waits."""
    sys.stdout.write(msgspec.json.encode(message).decode() + "\n")
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def main(arguments: list[str]) -> int:
    """Hold the world of the folder in `arguments`; the images' table comes on standard input."""
    images = msgspec.json.decode(sys.stdin.buffer.read() or b"[]", type=tuple[ImageEntry, ...])
    try:
        asyncio.run(hold(Path(arguments[0]), images))
    except (WorldError, OSError) as error:
        tell({"failed": str(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
