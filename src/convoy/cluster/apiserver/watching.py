"""Watches: an answer that goes on for as long as there are changes to tell
(https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes)."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

from aiohttp import web

from convoy.cluster.apiserver.answers import JSON, warning_headers
from convoy.cluster.apiserver.call import Call
from convoy.cluster.apiserver.lines import Lines, SharedBatches, error_line
from convoy.cluster.apiserver.listing import WatchOptions, parse_watch
from convoy.cluster.machinery.statuses import StatusError, expired
from convoy.cluster.store import Stored, TooOldError, Watch

_BOOKMARK_SECONDS = 60.0
_USUAL_SECONDS = (1800, 3600)  # random between these, so that clients do not come back all at once
_AT_ONCE = 500  # objects in one write at the beginning


class Watching:
    """The watches of one server: told of each other only to share lines, and to be ended together."""

    def __init__(self) -> None:
        self._open: set[Watch] = set()
        self._shared = SharedBatches()

    async def serve(self, call: Call) -> web.StreamResponse:
        """Serve a watch to its end; StatusError for options that make no sense, before anything is sent."""
        showing = call.showing()
        if showing.form.is_yaml:
            raise StatusError(406, "NotAcceptable", "a watch is sent as application/json only", {})
        options = parse_watch(
            call.query, call.resource, newest=call.store.revision, selectable=call.selectable
        )
        lines = Lines(showing, options.labels, options.fields, self._shared)
        try:
            watch = call.store.watch(call.resource.storage, namespace=call.scope, since=options.since)
        except TooOldError as error:
            return await _refuse(call, expired(str(error)))
        watch.on_overflow = partial(_cut_off, call.request)
        self._open.add(watch)
        try:
            with watch:
                return await _stream(call, watch, lines, options)
        finally:
            self._open.discard(watch)

    def close(self) -> None:
        """End every watch as if its time were over."""
        for watch in self._open:
            watch.close()


def _cut_off(request: web.BaseRequest) -> None:
    """End the connection of a client that does not take what it asked for: its answer waits for it."""
    if isinstance(request.transport, asyncio.Transport):
        request.transport.abort()


async def _begin(call: Call) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": JSON, "Cache-Control": "no-cache, private"})
    response.headers.extend(warning_headers(call.warnings))
    if call.request.version >= (1, 1):
        response.enable_chunked_encoding()
    await response.prepare(call.request)
    return response


async def _refuse(call: Call, error: StatusError) -> web.StreamResponse:
    """A watch that cannot begin says so as its first event: that is where clients look for it."""
    response = await _begin(call)
    await response.write(error_line(error))
    return response


async def _stream(call: Call, watch: Watch, lines: Lines, options: WatchOptions) -> web.StreamResponse:
    response = await _begin(call)
    for items in _groups(watch.initial):
        await _write(response, lines.initial(items))
    watch.initial = ()  # what is told need not be kept
    if options.marks_initial_end:
        await _write(response, lines.bookmark(watch.revision, ends_initial=True))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + (options.timeout or random.uniform(*_USUAL_SECONDS))
    while watch.is_open and loop.time() < deadline:
        await _pass_on(response, watch, lines, until=min(deadline, loop.time() + _BOOKMARK_SECONDS))
        if options.has_bookmarks and watch.is_open and watch.is_caught_up:
            await _write(response, lines.bookmark(call.store.committed_revision))
    return response


async def _pass_on(response: web.StreamResponse, watch: Watch, lines: Lines, *, until: float) -> None:
    """Send what happens, until a time or the end of the watch."""
    loop = asyncio.get_running_loop()
    timer = loop.call_at(until, watch.nudge)  # one timer for many events
    try:
        while loop.time() < until and (batches := await watch.batches()):
            await _write(response, lines.changes(batches))
    finally:
        timer.cancel()


def _groups(items: Sequence[Stored]) -> Iterator[Sequence[Stored]]:
    iterator = iter(items)
    while group := list(islice(iterator, _AT_ONCE)):
        yield group


async def _write(response: web.StreamResponse, data: bytes) -> None:
    if data:
        await response.write(data)
