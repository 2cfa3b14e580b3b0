"""The supervisor's loop: accept control connections of the same user, carry out their requests, send events.

Runs inside the world, yet its listening socket belongs to the host, where it was made: so a pod, which has
another network namespace, cannot reach it.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec

from convoy.cluster.channel import Channel, peer_uid
from convoy.cluster.errors import WorldError, as_message
from convoy.cluster.frames import FrameError, Message
from convoy.cluster.linux.syscalls import set_process_name
from convoy.cluster.supervisor.calls import Calls
from convoy.cluster.supervisor.worlds import World
from convoy.cluster.types import WorldEvent
from convoy.kit.logs import configure_logs


def serve_world(listener: socket.socket, line: socket.socket, state_dir: str) -> None:
    """Run the supervisor until the process is killed."""
    set_process_name("convoy-superv")
    configure_logs()
    asyncio.run(Supervisor(listener, Path(state_dir)).serve(line))


class Supervisor:
    """The control channel's server."""

    def __init__(self, listener: socket.socket, state_dir: Path) -> None:
        self._listener = listener
        self._state_dir = state_dir
        self._followers: set[asyncio.Queue[WorldEvent]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, line: socket.socket) -> None:
        """Make the world, then accept for ever; a failure to make it is told to whoever connects."""
        self._listener.setblocking(False)
        world = World(line, self._state_dir, self._emit)
        failure: WorldError | None = None
        try:
            await world.open()
        except WorldError as error:
            failure = error
        loop = asyncio.get_running_loop()
        while True:
            connection, _address = await loop.sock_accept(self._listener)
            if peer_uid(connection) != os.getuid():
                connection.close()
                continue
            self._spawn(self._serve_connection(Connection(Channel(connection), Calls(world)), failure))

    def _emit(self, event: WorldEvent) -> None:
        for queue in self._followers:
            if not queue.full():  # who does not listen misses events; nothing piles up here
                queue.put_nowait(event)

    async def _serve_connection(self, connection: "Connection", failure: WorldError | None) -> None:
        if failure is not None:
            await connection.fail(failure)
            return
        events: asyncio.Queue[WorldEvent] = asyncio.Queue(maxsize=10_000)
        self._followers.add(events)
        sending = self._spawn(connection.send_events(events))
        try:
            await connection.serve()
        finally:
            self._followers.discard(events)
            sending.cancel()

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class Connection:
    """One client of the control channel; its requests run side by side and end with it."""

    def __init__(self, channel: Channel, calls: Calls) -> None:
        self._channel = channel
        self._calls = calls

    async def fail(self, error: WorldError) -> None:
        """Say that there is no world, and close."""
        await self._channel.send({"failed": as_message(error)})
        self._channel.close()

    async def serve(self) -> None:
        """Until the client goes."""
        requests: set[asyncio.Task[None]] = set()
        try:
            while (received := await self._channel.receive()) is not None:
                task = asyncio.create_task(self._answer(*received), name=f"call:{received[0].get('do')}")
                requests.add(task)
                task.add_done_callback(requests.discard)
        except FrameError as error:
            print(f"a control connection was closed: {error}", file=sys.stderr)
        finally:
            for task in requests:
                task.cancel()
            self._channel.close()

    async def _answer(self, message: Message, fds: list[int]) -> None:
        number, do = message.pop("id"), message.pop("do")
        sockets: list[socket.socket] = []
        try:
            result, sockets = await self._calls.carry_out(do, message, fds)
            answer = {"id": number, "ok": result}
        except Exception as error:
            if not isinstance(error, WorldError):
                sys.excepthook(type(error), error, error.__traceback__)
            answer = {"id": number, "error": as_message(error)}
        try:
            await self._channel.send(answer, [sock.fileno() for sock in sockets])
        except OSError:
            return  # the client is gone; nobody waits for this
        finally:
            for sock in sockets:
                sock.close()

    async def send_events(self, events: asyncio.Queue[WorldEvent]) -> None:
        """Pass events on until cancelled."""
        while True:
            event = await events.get()
            try:
                await self._channel.send({"event": msgspec.to_builtins(event)})
            except OSError:
                return
