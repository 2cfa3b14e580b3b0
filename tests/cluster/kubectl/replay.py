"""Sends the recorded requests, in the order in which they were recorded, and compares the statuses."""

import asyncio
import re
import time
from collections.abc import Mapping

import aiohttp
import msgspec
import orjson
from tests.cluster.kubectl.recorded import Request, renamed
from yarl import URL

PATIENCE = 15.0
_REVISION = re.compile(rb'("resourceVersion":|"/metadata/resourceVersion","value":)"\d+"')
_UID = re.compile(rb'"uid":"[0-9a-f-]{36}"')


class Replay:
    """One run; `names` are its own."""

    def __init__(self, session: aiohttp.ClientSession, names: Mapping[str, str]) -> None:
        self._session = session
        self._names = names

    async def send(self, recorded: Request) -> str:
        """Send one until it is answered as it was then; what is wrong, or nothing.

        What a kubectl waits for is waited for here, too; a write that others overtook is made again.
        """
        path = renamed(recorded.path.encode(), self._names).decode()
        request = msgspec.structs.replace(
            recorded,
            path=path,
            body=renamed(recorded.body.encode(), self._names).decode(),
            packed=renamed(recorded.packed, self._names),
        )
        end = time.monotonic() + PATIENCE
        while True:
            status, answer = await self._once(request)
            if status == recorded.status:
                return ""
            may_change = request.method == "GET" or status == 409 or recorded.step == "cr-apply"
            if not may_change or time.monotonic() > end:
                told = f"{recorded.step}: {request.method} {path}: {status}, not {recorded.status}"
                return f"{told}: {answer[:500].decode(errors='replace')}"
            await asyncio.sleep(0.1)

    async def _once(self, request: Request) -> tuple[int, bytes]:
        url = URL(request.path, encoded=True)
        if request.upgrade:
            return await self._upgrade(url, request)
        headers = {"Accept": request.accept, "Content-Type": request.content_type}
        async with self._session.request(
            request.method,
            url,
            data=await self._fresh(request) or None,
            headers={name: text for name, text in headers.items() if text},
            skip_auto_headers=("Content-Type", "Accept"),
        ) as answer:
            endless = "watch=true" in request.path or "follow=true" in request.path
            return answer.status, await (answer.content.readany() if endless else answer.read())

    async def _upgrade(self, url: URL, request: Request) -> tuple[int, bytes]:
        try:
            async with self._session.ws_connect(url, protocols=request.upgrade) as socket:
                return (101 if socket.protocol in request.upgrade else 200), b""
        except aiohttp.WSServerHandshakeError as error:
            return error.status, error.message.encode()

    async def _fresh(self, request: Request) -> bytes:
        """The body with revision and uid of the object as it is now, where it names some."""
        data = request.data
        if request.method not in ("PATCH", "PUT") or not _REVISION.search(data):
            return data
        async with self._session.get(URL(request.path.partition("?")[0], encoded=True)) as answer:
            metadata = orjson.loads(await answer.read())["metadata"]
        revision = metadata.get("resourceVersion", "").encode()
        return _UID.sub(
            b'"uid":"' + metadata.get("uid", "").encode() + b'"',
            _REVISION.sub(rb'\1"' + revision + b'"', data),
        )
