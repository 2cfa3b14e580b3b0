"""Exec and attach: a session of a container on one side, a client's channels on the other.

How channels travel (websocket or SPDY) is none of this module's business. The Status at the end is what
kubectl makes its exit code of.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from convoy.cluster.machinery.pod_access import Session
from convoy.cluster.machinery.statuses import StatusError
from convoy.kit.tasks import to_the_end


@dataclass(frozen=True, slots=True)
class Input:
    """Bytes for the command's standard input; None ends it."""

    data: bytes | None


@dataclass(frozen=True, slots=True)
class Resize:
    """The client's terminal has this many characters."""

    width: int
    height: int


class Channels(Protocol):
    """The client's end. Methods raise ConnectionError once it is gone."""

    def inputs(self) -> AsyncIterator[Input | Resize]:
        """What the client says, until it is gone."""

    async def send(self, channel: int, data: bytes) -> None:
        """Give the client output: 1 or 2."""

    async def finish(self, status: dict[str, Any]) -> None:
        """Tell the client how it ended, and that there is no more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which channels the client asked for."""

    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool


async def serve_session(session: Session, channels: Channels, wanted: Wanted) -> None:
    """Relay until the command ends or the client is gone; the session is closed in any case."""
    inputs = asyncio.create_task(_relay_inputs(session, channels), name="stream:inputs")
    outputs = asyncio.create_task(_relay_outputs(session, channels, wanted), name="stream:outputs")
    try:
        # Without input the client says nothing any more; only its going away ends `inputs`.
        await asyncio.wait({inputs, outputs}, return_when=asyncio.FIRST_COMPLETED)
        if outputs.done():
            outputs.result()
            with suppress(ConnectionError):
                await channels.finish(exit_status(await session.wait()))
    except ConnectionError:
        pass
    finally:  # a client that is gone cancels its request, this as well
        await to_the_end(_end(session, inputs, outputs))


async def _end(session: Session, *relays: asyncio.Task[None]) -> None:
    for task in relays:
        task.cancel()
    await asyncio.gather(*relays, return_exceptions=True)
    await session.close()


async def _relay_inputs(session: Session, channels: Channels) -> None:
    async for said in channels.inputs():
        if isinstance(said, Resize):
            await session.resize(said.width, said.height)
        elif said.data is None:
            await session.close_stdin()
        else:
            await session.write_stdin(said.data)


async def _relay_outputs(session: Session, channels: Channels, wanted: Wanted) -> None:
    shown = {1: wanted.stdout, 2: wanted.stderr}
    async for channel, data in session.output():
        if shown[channel]:
            await channels.send(channel, data)


def exit_status(code: int) -> dict[str, Any]:
    """The Status of an ended command."""
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def failure_status(error: Exception) -> dict[str, Any]:
    """The Status of a command that never ran."""
    if isinstance(error, StatusError):
        return error.status
    return {
        "metadata": {},
        "status": "Failure",
        "message": str(error),
        "reason": "InternalError",
        "code": 500,
    }
