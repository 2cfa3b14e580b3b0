"""Debug HTTP on loopback: readiness, connected proxies, problems, counters. Read-only JSON."""

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from convoy.api.problems import problem_row
from convoy.controlplane.pipeline import Published
from convoy.kit.latest import LatestValue
from convoy.xds.server.ads import AdsServer


class DebugApi:
    """The routes; `is_ready` says whether the servers listen and a first model is served."""

    def __init__(
        self, published: LatestValue[Published], ads: AdsServer, *, is_ready: Callable[[], bool]
    ) -> None:
        self._published = published
        self._ads = ads
        self._is_ready = is_ready

    def app(self) -> web.Application:
        """An aiohttp application."""
        app = web.Application()
        app.router.add_get("/ready", self._answer_ready)
        app.router.add_get("/debug/proxies", self._answer_proxies)
        app.router.add_get("/debug/problems", self._answer_problems)
        app.router.add_get("/debug/statistics", self._answer_statistics)
        return app

    async def _answer_ready(self, request: web.Request) -> web.Response:
        return web.Response(status=200 if self._is_ready() else 503)

    async def _answer_proxies(self, request: web.Request) -> web.Response:
        return _json(self._ads.proxy_status())

    async def _answer_problems(self, request: web.Request) -> web.Response:
        problems = self._published.get_nowait().problems if self._published.number else ()
        return _json([problem_row(problem) for problem in problems])

    async def _answer_statistics(self, request: web.Request) -> web.Response:
        view = self._published.get_nowait().snapshot.number if self._published.number else 0
        return _json({"view": view, "models": self._published.number, "ads": self._ads.statistics()})


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
