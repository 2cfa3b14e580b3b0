"""The sample's programs as processes, and services a test puts in the place of Bookinfo's own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

Start = Callable[..., str]
Serve = Callable[[web.Application], Awaitable[str]]

SOURCES = Path(__file__).parents[4] / "samples" / "bookinfo" / "src"
REVIEWS = {"id": "0", "podname": "reviews-x", "clustername": "elsewhere", "peer": "", "reviews": []}
RATINGS = {"id": 0, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}
DETAILS = {"id": 0, "author": "William Shakespeare"}


class Program:
    """A running program, told to end once: a second SIGTERM could meet it when it no longer listens."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.url = url
        self._process = process
        self._is_told = False

    def end(self) -> None:
        """Tell it to end, unless it was told already."""
        if not self._is_told:
            self._is_told = True
            self._process.terminate()


@dataclass(frozen=True)
class Bookshop:
    """Base URLs; `reviews` and `pages` by version of reviews."""

    details: str
    ratings: str
    reviews: dict[str, str]
    pages: dict[str, str]


def command(program: str, port: int = 0) -> list[str]:
    return [sys.executable, str(SOURCES / f"{program}.py"), str(port)]


def environment(environ: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LISTEN_ADDRESS": "127.0.0.1", **environ}


@contextmanager
def running(program: str, environ: dict[str, str]) -> Iterator[Program]:
    """A program on a free port. On leaving, SIGTERM must end it with exit code 0."""
    process = subprocess.Popen(command(program), env=environment(environ), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    started = Program(process, f"http://{process.stdout.readline().split()[-1]}")
    try:
        yield started
    finally:
        started.end()
        code = process.wait()
        process.stdout.close()
    assert code == 0


def address(url: str) -> tuple[str, int]:
    """Host and port of a base URL."""
    host, port = url.removeprefix("http://").split(":")
    return host, int(port)


def located(**urls: str) -> dict[str, str]:
    """The environment that tells a program where services are: `located(ratings="http://127.0.0.1:4711")`."""
    environ: dict[str, str] = {}
    for service, url in urls.items():
        host, port = address(url)
        environ |= {f"{service.upper()}_HOSTNAME": host, f"{service.upper()}_SERVICE_PORT": str(port)}
    return environ


class Upstream:
    """Answers GETs with the given statuses in turn, the last one for ever; remembers headers."""

    def __init__(self, body: object, *statuses: int) -> None:
        self.seen: list[dict[str, str]] = []
        self.app = web.Application()
        self.app.router.add_get("/{path:.*}", self._answer)
        self._body = body
        self._statuses = statuses or (200,)

    async def _answer(self, request: web.Request) -> web.Response:
        status = self._statuses[min(len(self.seen), len(self._statuses) - 1)]
        self.seen.append({name.lower(): value for name, value in request.headers.items()})
        return web.json_response(self._body, status=status)


class Slow:
    """Counts GETs and answers them with `body` only once `released` is set."""

    def __init__(self, body: object) -> None:
        self.tries = 0
        self.asked = asyncio.Event()
        self.released = asyncio.Event()
        self.app = web.Application()
        self.app.router.add_get("/{path:.*}", self._wait)
        self._body = body

    async def _wait(self, request: web.Request) -> web.Response:
        self.tries += 1
        self.asked.set()
        await self.released.wait()
        return web.json_response(self._body)
