"""The answer to a watch: one JSON document a line, for as long as it lasts."""

from collections.abc import AsyncIterator

import aiohttp
import orjson

from convoy.config.errors import Attempt
from convoy.config.kube.connections import translating
from convoy.config.kube.listings import WatchEvent
from convoy.config.kube.refusals import refusal_of_status

_TYPES = ("ADDED", "MODIFIED", "DELETED", "BOOKMARK")


async def read_events(attempt: Attempt, response: aiohttp.ClientResponse) -> AsyncIterator[WatchEvent]:
    """The events of an open watch; ends when the API server ends it, KubeError when it breaks."""
    async with translating(attempt):
        async for line in _lines(response.content):
            event = orjson.loads(line)
            if event["type"] in _TYPES:
                yield WatchEvent(event["type"], event["object"])
            elif event["type"] == "ERROR":
                raise refusal_of_status(attempt, event["object"])


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length; aiohttp's own reader of lines refuses long ones, and objects are long.

    What is left without an end of line was cut off and is told again by the next watch.
    """
    begun: list[bytes] = []
    while data := await _read(content):
        first, *rest = data.split(b"\n")
        begun.append(first)
        for part in rest:
            if line := b"".join(begun):
                yield line
            begun = [part]


async def _read(content: aiohttp.StreamReader) -> bytes:
    """What came; empty at the end."""
    try:
        return await content.readany()
    except RuntimeError as error:
        # aiohttp's word for a connection that was closed from this side.
        raise aiohttp.ClientPayloadError(str(error)) from error
