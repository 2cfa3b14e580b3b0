"""Requests and answers over a channel: many may be under way at once, each with a number of its own.

A request is `{"id", "do", ...}`, its answer `{"id", "ok"}` or `{"id", "error"}`. What comes without an `id`
was not asked for and goes to `on_notice`. When the channel ends, every waiting request fails with `gone`.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from convoy.cluster.channel import Channel, close_all
from convoy.cluster.errors import WorldError, WorldGoneError, from_message
from convoy.cluster.frames import Message


class Caller:
    """The asking end of a channel."""

    def __init__(self, channel: Channel, *, on_notice: Callable[[Message], None], gone: str) -> None:
        self._channel = channel
        self._on_notice = on_notice
        self._gone: WorldError = WorldGoneError(gone)
        self._waiting: dict[int, asyncio.Future[tuple[Any, list[int]]]] = {}
        self._last = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._receive(), name="caller")

    async def call(self, do: str, *, fds: Sequence[int] = (), **arguments: Any) -> Any:
        """Ask and wait for the answer; raises the WorldError that the other end reports."""
        result, received = await self.call_for_fds(do, fds=fds, **arguments)
        close_all(received)
        return result

    async def call_for_fds(
        self, do: str, *, fds: Sequence[int] = (), **arguments: Any
    ) -> tuple[Any, list[int]]:
        """As `call`, for answers that bring descriptors; the caller owns them."""
        if self.ended.done():
            raise self._gone
        self._last += 1
        number = self._last
        answer: asyncio.Future[tuple[Any, list[int]]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            try:
                await self._channel.send({"id": number, "do": do, **arguments}, fds)
            except OSError as error:
                raise self._gone from error
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def _receive(self) -> None:
        try:
            while (received := await self._channel.receive()) is not None:
                self._take(*received)
        finally:
            self._end()

    def _take(self, message: Message, fds: list[int]) -> None:
        if "failed" in message:
            self._gone = from_message(message["failed"])
        elif "id" not in message:
            self._on_notice(message)
        elif (answer := self._waiting.get(message["id"])) is None or answer.done():
            close_all(fds)
        elif "error" in message:
            error = message["error"]
            answer.set_exception(WorldError(error) if isinstance(error, str) else from_message(error))
        else:
            answer.set_result((message["ok"], fds))

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._gone)

    async def close(self) -> None:
        """Stop listening and close the channel."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._channel.close()
