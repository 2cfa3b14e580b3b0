"""The pod's way out: its callers are asked to go elsewhere, and its applications wait until they have.

When a pod ends, its containers' preStop hooks run at once. The sidecar's says so here, over a pipe in a
volume that only the proxy sees: whoever else could say it could put a pod out of service. The applications'
hook asks at the probe port and is answered when nobody calls any more; only then does the kubelet stop them.
Without that an application would be gone while news of its end still spreads, and callers be refused.
"""

import asyncio
import os
import re
from pathlib import Path

from convoy.agent.admin import ask_admin
from convoy.agent.reporting import report

PATH = "/drained"
_QUIET_SECONDS = 0.5
_LONGEST_SECONDS = 5.0
_UNTOLD_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.05
_ARRIVALS = re.compile(r"\.downstream_(?:rq|cx)_total: (\d+)$", re.MULTILINE)
_UNDER_WAY = re.compile(r"\.downstream_rq_active: (\d+)$", re.MULTILINE)


class Withdrawal:
    """Of one sidecar's pod; `pipe` is where its hook writes."""

    def __init__(self, pipe: Path) -> None:
        self._pipe = pipe
        self._told = asyncio.Event()

    async def run(self) -> None:
        """Wait for the word, then have Envoy ask for the end of every connection with the next answer."""
        with _Pipe(self._pipe) as pipe:
            await pipe.wait_written()
        self._told.set()
        report("pod ends", effect="callers are asked to leave")
        await ask_admin("/drain_listeners?inboundonly&graceful&skip_exit", method="POST")

    async def wait_let_go(self) -> None:
        """Wait until callers have left, Envoy does not answer, or they had time enough."""
        try:
            async with asyncio.timeout(_UNTOLD_SECONDS):
                await self._told.wait()
        except TimeoutError:
            return  # the pod does not end: somebody else asks
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                await _wait_quiet()
        except TimeoutError:
            report("callers stay", effect="the application is stopped all the same")


async def _wait_quiet() -> None:
    loop = asyncio.get_running_loop()
    before, since = -1, loop.time()
    while True:
        reply = await ask_admin("/stats?filter=downstream_(rq|cx)_(active|total)")
        if reply is None:
            return
        arrivals, under_way = count_arrivals(reply.body.decode(errors="replace"))
        if under_way or arrivals != before:
            before, since = arrivals, loop.time()
        elif loop.time() - since >= _QUIET_SECONDS:
            return
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def count_arrivals(statistics: str) -> tuple[int, int]:
    """Requests and connections that ever came in, and requests under way, in Envoy's statistics as text."""
    arrivals, under_way = (
        sum(int(number) for number in pattern.findall(statistics)) for pattern in (_ARRIVALS, _UNDER_WAY)
    )
    return arrivals, under_way


class _Pipe:
    """A named pipe that others write to."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "_Pipe":
        # It may be the first file in the folder that the agent keeps its own in.
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, 0o600)
        # Open for writing, too: a pipe without a writer would count as readable all the time.
        self._end = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._end)

    async def wait_written(self) -> None:
        loop, written = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._end, written.set)
        try:
            await written.wait()
        finally:
            loop.remove_reader(self._end)
