"""Requests that come from inside a pod, made by this process.

A socket made in a pod's network namespace belongs to that pod wherever it is used: its connections are
captured and routed exactly as those of the pod's own application. `dial` makes them; plain `http.client`
speaks on them, in threads, one connection each.
"""

import asyncio
import http.client
import itertools
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

Dial = Callable[[], Awaitable[socket.socket]]
"""Makes one connected socket."""


class Reply(msgspec.Struct, frozen=True):
    """One answered request; status 0 means that none came, and `body` says why."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0
    at: float = 0.0
    """When the answer was complete, on the monotonic clock."""

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Request(msgspec.Struct, frozen=True):
    """What to ask; `host` becomes the Host header."""

    host: str
    path: str = "/"
    headers: Mapping[str, str] = {}
    method: str = "GET"
    body: bytes = b""


def ask(connection: http.client.HTTPConnection, request: Request) -> Reply:
    """One request on an open connection; failures of the connection become a Reply with status 0."""
    start = time.monotonic()
    try:
        connection.request(
            request.method,
            request.path,
            body=request.body or None,
            headers={"Host": request.host, **request.headers},
        )
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        end = time.monotonic()
        return Reply(0, {}, f"{type(error).__name__}: {error}".encode(), end - start, end)
    end = time.monotonic()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return Reply(answer.status, headers, body, end - start, end)


def over(sock: socket.socket, *, timeout: float = 20.0) -> http.client.HTTPConnection:
    """An HTTP connection on a socket that is already connected; it does not connect again by itself."""
    sock.settimeout(timeout)
    connection = http.client.HTTPConnection("pod", timeout=timeout)
    connection.auto_open = 0
    connection.sock = sock
    return connection


async def ask_once(dial: Dial, request: Request) -> Reply:
    """One request on a connection of its own."""
    try:
        sock = await dial()
    except OSError as error:
        return Reply(0, {}, f"{type(error).__name__}: {error}".encode())
    with sock:
        return await asyncio.to_thread(ask, over(sock), request)


async def ask_many(dial: Dial, request: Request, count: int, *, connections: int = 8) -> list[Reply]:
    """`count` times the same request, shared by some kept-alive connections; a broken one is not replaced."""
    sockets = [await dial() for _ in range(min(connections, count))]
    turns = iter(range(count))
    loop = asyncio.get_running_loop()
    # Threads of their own: the loop's default pool has fewer than there may be connections.
    with ThreadPoolExecutor(len(sockets)) as threads:
        try:
            work = [loop.run_in_executor(threads, _ask_in_turn, sock, request, turns) for sock in sockets]
            shares = await asyncio.gather(*work)
        finally:
            for sock in sockets:
                sock.close()
    return list(itertools.chain.from_iterable(shares))


def _ask_in_turn(sock: socket.socket, request: Request, turns: Iterable[int]) -> list[Reply]:
    connection, replies = over(sock), []
    for _ in turns:  # shared between threads: `next` on a range iterator is atomic
        reply = ask(connection, request)
        replies.append(reply)
        if reply.status == 0 or reply.headers.get("connection") == "close":
            break
    return replies


class SteadyLoad:
    """Requests at a steady rate from a pod, until stopped; bounded by `at_most` requests.

    Open-loop: each request has its time, so a slow answer delays only those of its own connection. When the
    server closes a connection between requests, as it may, a new one is made.
    """

    def __init__(
        self, dial: Dial, request: Request, *, rate: float, connections: int = 8, at_most: int = 200_000
    ) -> None:
        self._dial = dial
        self._request = request
        self._interval = connections / rate
        self._connections = connections
        self._share = at_most // connections
        self._stop = threading.Event()
        self._loop = asyncio.get_running_loop()
        self.replies: list[Reply] = []
        self.reconnects = 0

    async def __aenter__(self) -> "SteadyLoad":
        self._threads = ThreadPoolExecutor(self._connections)
        offsets = (self._interval * index / self._connections for index in range(self._connections))
        run = self._loop.run_in_executor
        self._work = [run(self._threads, self._run, offset) for offset in offsets]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._work)
        self._threads.shutdown()

    def failures(self) -> list[Reply]:
        """Replies that are not 200."""
        return [reply for reply in list(self.replies) if reply.status != 200]

    def statuses(self) -> Counter[int]:
        """How many replies of each status."""
        return Counter(reply.status for reply in list(self.replies))

    def _connect(self) -> http.client.HTTPConnection:
        return over(asyncio.run_coroutine_threadsafe(_as_coroutine(self._dial()), self._loop).result(20))

    def _run(self, offset: float) -> None:
        connection = self._connect()
        due = time.monotonic() + offset
        for _ in range(self._share):
            if self._stop.wait(max(0.0, due - time.monotonic())):
                break
            due += self._interval
            reply = ask(connection, self._request)
            self.replies.append(reply)
            if reply.status == 0 or reply.headers.get("connection") == "close":
                connection.close()
                connection = self._connect()
                self.reconnects += 1
        connection.close()


async def _as_coroutine(awaitable: Awaitable[socket.socket]) -> socket.socket:
    return await awaitable
