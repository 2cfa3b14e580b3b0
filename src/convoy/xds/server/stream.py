"""One open stream: two tasks around a `Dialog`, one that reads requests, one that writes responses.

The writer sleeps until something may have changed and then asks the dialog for responses until there is none.
A client that does not read blocks its own writer only; meanwhile the dialog's target is replaced, never
queued.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import grpc
import msgspec

from convoy.kit.logs import get_logger
from convoy.xds.cache.resources import XdsModel
from convoy.xds.server.dialog import Dialog
from convoy.xds.server.requests import Request
from convoy.xds.server.security import ProxyKey
from convoy.xds.server.status import ProxyStatus, short_name, type_statuses
from convoy.xds.server.subscription import Answer

log = get_logger("xds.server")


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

    def __init__(self, info: StreamInfo, dialog: Dialog, counters: Counters) -> None:
        self.info = info
        self._dialog = dialog
        self._counters = counters
        self._wake = asyncio.Event()
        self._end_reason: str | None = None

    def offer(self, model: XdsModel) -> None:
        """Take over a new model; a proxy that is no longer in it, or must be somebody else, is dropped."""
        resources = model.proxies.get(self.info.proxy)
        if resources is None or model.identities.get(self.info.proxy) != self.info.identity:
            self.end("this proxy is no longer part of the mesh as it was when it connected")
        elif self._dialog.set_target(resources):
            self._wake.set()

    def end(self, reason: str) -> None:
        """Have the stream closed soon."""
        self._end_reason = reason
        self._wake.set()

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

    async def run(self, first: Request, context: Any, parse: Callable[[bytes], Request]) -> str | None:
        """Serve until the client leaves (None) or the stream was ended (the reason)."""
        self._take_in(first)
        reader = asyncio.create_task(self._read(context, parse), name=f"ads-read:{self.info.proxy}")
        writer = asyncio.create_task(self._write(context), name=f"ads-write:{self.info.proxy}")
        tasks = (reader, writer)
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            # gRPC has no public word for "the client is gone"; it tells so by failing reads and writes.
            with contextlib.suppress(grpc.aio.InternalError, grpc.aio.UsageError):
                task.result()
        return self._end_reason

    async def _read(self, context: Any, parse: Callable[[bytes], Request]) -> None:
        while (data := await context.read()) is not grpc.aio.EOF:
            self._take_in(parse(data))

    async def _write(self, context: Any) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._end_reason is None and (response := self._dialog.next_response()):
                self._counters.responses += 1
                self._counters.resources_sent += response.resources
                self._counters.removals_sent += response.removed
                self._counters.bytes_sent += len(response.data)
                await context.write(response.data)
            if self._end_reason is not None:
                return

    def _take_in(self, request: Request) -> None:
        self._counters.requests += 1
        answer = self._dialog.on_request(request)
        if answer is Answer.ACK:
            self._counters.acks += 1
        elif answer is Answer.STALE:
            self._counters.stale += 1
        elif answer is Answer.NACK:
            self._counters.nacks += 1
            self._report_rejection(request)
        self._wake.set()

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
