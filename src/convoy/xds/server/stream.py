"""One open stream: reads requests into a `Dialog`, and writes what follows from them.

A task exists for writing only while there is something to write. A client that does not read holds up only
what is written to itself; meanwhile the dialog's target is replaced, never queued.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import grpc
import msgspec

from convoy.kit.logs import get_logger
from convoy.xds.cache.resources import XdsModel
from convoy.xds.server.budget import Budget
from convoy.xds.server.dialog import Dialog
from convoy.xds.server.hanging_up import hang_up
from convoy.xds.server.push import Push
from convoy.xds.server.requests import Request
from convoy.xds.server.security import ProxyKey
from convoy.xds.server.status import ProxyStatus, short_name, type_statuses
from convoy.xds.server.subscription import Answer

log = get_logger("xds.server")

# gRPC has no public word for "the client is gone"; it tells so by failing reads and writes.
_CLIENT_IS_GONE = (grpc.aio.InternalError, grpc.aio.UsageError)


class Counters:
    """Mutable sums behind `AdsStatistics`."""

    def __init__(self) -> None:
        self.streams_opened = 0
        self.streams_refused = 0
        self.requests = 0
        self.responses = 0
        self.resources_sent = 0
        self.removals_sent = 0
        self.bytes_sent = 0
        self.acks = 0
        self.nacks = 0
        self.stale = 0


class StreamInfo(msgspec.Struct, frozen=True):
    """Who is at the other end."""

    proxy: ProxyKey
    identity: str
    peer: str
    user_agent: str
    protocol: str
    since: datetime


class Stream:
    """A proxy's stream, from admission to its end."""

    __slots__ = (
        "_budget",
        "_context",
        "_counters",
        "_dialog",
        "_end_reason",
        "_failure",
        "_reader",
        "_writer",
        "info",
    )

    def __init__(
        self, info: StreamInfo, dialog: Dialog, context: Any, *, counters: Counters, budget: Budget
    ) -> None:
        self.info = info
        self._dialog = dialog
        self._context = context
        self._counters = counters
        self._budget = budget
        self._reader: asyncio.Task[Any] | None = None
        self._writer: asyncio.Task[None] | None = None
        self._end_reason: str | None = None
        self._failure: Exception | None = None

    def offer(self, model: XdsModel) -> None:
        """Take over a new model; a proxy that is no longer in it, or must be somebody else, is dropped."""
        resources = model.proxies.get(self.info.proxy)
        if resources is None or model.identities.get(self.info.proxy) != self.info.identity:
            self.end("this proxy is no longer part of the mesh as it was when it connected")
        elif self._dialog.set_target(resources):
            self._push()

    def end(self, reason: str) -> None:
        """Have the stream closed soon."""
        self._end_reason = reason
        self._stop_reading()

    def status(self) -> ProxyStatus:
        """What this proxy has now."""
        return ProxyStatus(
            proxy=self.info.proxy,
            protocol=self.info.protocol,
            peer=self.info.peer,
            user_agent=self.info.user_agent,
            connected_since=self.info.since,
            types=type_statuses(self._dialog),
        )

    def take_in(self, request: Request) -> None:
        """Hear what the client says, and have written what follows."""
        self._counters.requests += 1
        answer = self._dialog.on_request(request)
        if answer is Answer.ACK:
            self._counters.acks += 1
        elif answer is Answer.STALE:
            self._counters.stale += 1
        elif answer is Answer.NACK:
            self._counters.nacks += 1
            self._report_rejection(request)
        self._push()

    async def run(self, parse: Callable[[bytes], Request]) -> str | None:
        """Serve until the client leaves (None) or the stream was ended (the reason)."""
        self._reader = asyncio.current_task()
        try:
            if self._end_reason is None and self._failure is None:
                await self._read(parse)
        finally:
            self._reader = None
            await self._stop_writing()
        if self._failure is not None:
            raise self._failure
        return self._end_reason

    async def _read(self, parse: Callable[[bytes], Request]) -> None:
        try:
            while await self._read_one(parse):
                pass
        except _CLIENT_IS_GONE:
            return
        except asyncio.CancelledError:
            if self._reader is not None:
                raise
            task = asyncio.current_task()
            assert task is not None
            task.uncancel()  # it was this stream itself that had the reading stopped

    async def _read_one(self, parse: Callable[[bytes], Request]) -> bool:
        # In a frame that ends: a request may be large, and the next one may come in an hour.
        data = await self._context.read()
        if data is grpc.aio.EOF:
            return False
        self.take_in(parse(data))
        return True

    def _stop_reading(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()

    async def _stop_writing(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    def _push(self) -> None:
        """Write what is to be sent now, unless something is being written; then this follows."""
        if self._writer is not None or self._end_reason is not None:
            return
        try:
            push = self._dialog.next_push()
        except Exception as error:
            self._fail(error)
            return
        if push is not None:
            name = f"ads-write:{self.info.proxy}"
            self._writer = asyncio.create_task(self._write(push), name=name)

    async def _write(self, first: Push) -> None:
        push: Push | None = first
        try:
            while push is not None:
                if self._budget.is_free(push.size):
                    await self._send(push)
                else:
                    await self._send_in_turn(push.size)
                push = self._dialog.next_push()
        except _CLIENT_IS_GONE:
            return  # and nothing is written any more; the reader hears of it by itself
        except Exception as error:
            self._fail(error)
        self._writer = None

    async def _send_in_turn(self, size: int) -> None:
        """Send something large when others have sent theirs: what is the newest then."""
        hold = await self._budget.take(size, self._give_up)
        try:
            push = self._dialog.next_push()
            if push is not None:
                await self._send(push)
        finally:
            hold.release()

    async def _send(self, push: Push) -> None:
        response = self._dialog.send(push)
        self._counters.responses += 1
        self._counters.resources_sent += response.resources
        self._counters.removals_sent += response.removed
        self._counters.bytes_sent += len(response.data)
        await self._context.write(response.data)

    def _give_up(self) -> None:
        log.warning(
            "proxy does not read", proxy=self.info.proxy, peer=self.info.peer, effect="connection ended"
        )
        hang_up(self.info.peer)

    def _fail(self, error: Exception) -> None:
        """A fault of this program costs this stream, and no other."""
        self._failure = error
        self._stop_reading()

    def _report_rejection(self, request: Request) -> None:
        subscription = self._dialog.subscriptions[request.type_url]
        keeps = subscription.acked_version or "what it had before"
        log.error(
            "config rejected",
            proxy=self.info.proxy,
            type=short_name(request.type_url),
            version=subscription.sent_version,
            resources=tuple(sorted(subscription.rejected)),
            detail=request.error,
            effect=f"proxy keeps version {keeps}; a restart of it would fail",
        )
