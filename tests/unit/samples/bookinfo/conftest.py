"""Runs the sample's programs as a pod would: as processes that get a port, here on loopback."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.unit.samples.bookinfo.programs import Bookshop, Serve, Start, located, running


@pytest.fixture
def start() -> Iterator[Start]:
    """`start("reviews", SERVICE_VERSION="v2", ...)` runs a program and gives its base URL."""
    with ExitStack() as programs:
        yield lambda program, **environ: programs.enter_context(running(program, environ)).url


@pytest.fixture(scope="session")
def bookshop() -> Iterator[Bookshop]:
    """All programs, with one reviews and one productpage per version; shared, so tests must not change it."""
    with ExitStack() as programs:

        def start(program: str, **environ: str) -> str:
            return programs.enter_context(running(program, environ)).url

        details, ratings = start("details"), start("ratings")
        reviews = {
            version: start(
                "reviews",
                SERVICE_VERSION=version,
                HOSTNAME=f"reviews-{version}",
                CLUSTER_NAME="cluster9",
                **located(ratings=ratings),
            )
            for version in ("v1", "v2", "v3")
        }
        pages = {
            version: start("productpage", **located(details=details, reviews=url, ratings=ratings))
            for version, url in reviews.items()
        }
        yield Bookshop(details, ratings, reviews, pages)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """`await serve(app)` serves an application of the test itself on loopback and gives its base URL."""
    async with AsyncExitStack() as servers:

        async def serve_application(app: web.Application) -> str:
            server = await servers.enter_async_context(TestServer(app))
            return str(server.make_url("")).rstrip("/")

        yield serve_application


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A browser: keeps cookies, those of plain addresses too, and follows redirects."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session
