"""What the four Bookinfo programs share: the answers they exchange, calls to each other, and how they run.

Each program is one aiohttp application whose only argument is a port; everything else comes from its
environment, by the variable names of the original sample (`SERVICES_DOMAIN`, `REVIEWS_HOSTNAME`,
`REVIEWS_SERVICE_PORT`, ...). They listen on every address, as programs in pods do;
`LISTEN_ADDRESS=127.0.0.1` keeps one to this machine.

A sidecar cannot know which outgoing call belongs to which incoming request, so each program copies the
headers that tie them together: without `forwarded_headers` there would be no traces, and no routing by user
behind the first hop.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, NoReturn

import aiohttp
import msgspec
import uvloop
from aiohttp import web
from multidict import CIMultiDict

Environment = Mapping[str, str]

FORWARDED = frozenset(
    (
        "end-user",
        "x-request-id",
        "b3",
        "traceparent",
        "tracestate",
        "x-ot-span-context",
        "x-cloud-trace-context",
        "grpc-trace-bin",
        "sw8",
        "user-agent",
        "cookie",
        "authorization",
        "jwt",
    )
)
FORWARDED_PREFIXES = ("x-b3-", "x-datadog-")

# A sidecar keeps idle connections to its application for an hour; one closed under it can cost a request.
KEEP_ALIVE_SECONDS = 3700.0
# Longer than the longest answer takes, shorter than the 30 s that Kubernetes gives a pod to end.
SHUTDOWN_SECONDS = 15.0
# A form or a rating is a few bytes.
BODY_LIMIT = 16 * 1024
BACKLOG = 1024

CLIENT = web.AppKey("client", aiohttp.ClientSession)
log = logging.getLogger("bookinfo")


class SettingsError(Exception):
    """An environment variable has a value the program cannot run with; the text says which and what to do."""


class Rating(msgspec.Struct, frozen=True, omit_defaults=True):
    """Stars and their colour, or why there are none."""

    stars: int | None = None
    color: str | None = None
    error: str | None = None


class Review(msgspec.Struct, frozen=True, omit_defaults=True):
    reviewer: str
    text: str
    rating: Rating | None = None


class Reviews(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `/reviews/ID`. `peer`, who the caller is by its certificate, is Convoy's addition."""

    id: str
    podname: str
    clustername: str
    peer: str = ""
    reviews: list[Review]


class Ratings(msgspec.Struct, frozen=True):
    """The body of `/ratings/ID`: stars by reviewer."""

    id: int
    ratings: dict[str, int]


class Answer(msgspec.Struct, frozen=True):
    """What a service said: a status and a JSON object, which holds only `error` unless the status is 200."""

    status: int
    body: dict[str, Any]

    @property
    def is_ok(self) -> bool:
        return self.status == 200


def service_url(name: str, environ: Environment) -> str:
    """Where a service is called, such as `http://reviews:9080`; the environment may change host and port."""
    host = environ.get(f"{name.upper()}_HOSTNAME", name)
    port = environ.get(f"{name.upper()}_SERVICE_PORT", "9080")
    domain = environ.get("SERVICES_DOMAIN", "")
    return f"http://{host}.{domain}:{port}" if domain else f"http://{host}:{port}"


def pod_name(environ: Environment) -> str:
    return environ.get("HOSTNAME") or socket.gethostname()


def forwarded_headers(request: web.BaseRequest) -> CIMultiDict[str]:
    """The headers of a request that the calls made on its behalf repeat."""
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in request.headers.items():
        lowered = name.lower()
        if lowered in FORWARDED or lowered.startswith(FORWARDED_PREFIXES):
            headers.add(name, value)
    return headers


async def fetch(
    client: aiohttp.ClientSession, url: str, *, headers: Mapping[str, str], seconds: float, sorry: str
) -> Answer:
    """GET a JSON object. A failure keeps the upstream's status, or is 500 when there was no answer in time.

    `seconds` bounds the whole exchange; `sorry` becomes the body's `error` on failure. A bad upstream raises
    nothing.
    """
    try:
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with client.get(url, headers=headers, timeout=timeout, allow_redirects=False) as response:
            if response.status == 200:
                return Answer(200, msgspec.json.decode(await response.read(), type=dict[str, Any]))
            status, reason = response.status, f"status {response.status}"
    except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
        status, reason = 500, f"{type(error).__name__} {error}".rstrip()
    log.warning("%s failed: %s", url, reason)
    return Answer(status, {"error": sorry})


def json_response(body: object, *, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def product_id(request: web.Request) -> int | None:
    """The ID in the path, or None when it is not a plain number."""
    text = request.match_info["id"]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def not_a_number() -> web.Response:
    return json_response({"error": "The product ID in the path must be a number, such as 0."}, status=400)


def application(name: str) -> web.Application:
    """An application with a JSON `/health` and, at `CLIENT`, a pooled HTTP client for calls to services."""

    async def health(request: web.Request) -> web.Response:
        return json_response({"status": f"{name} is healthy"})

    app = web.Application(client_max_size=BODY_LIMIT)
    app.router.add_get("/health", health)
    app.cleanup_ctx.append(own_client)
    return app


async def own_client(app: web.Application) -> AsyncIterator[None]:
    # No cookie jar: users share this client, and each request brings its own cookies.
    # Names are asked for again after a second, since the mesh may move them.
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=1),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
    ) as client:
        app[CLIENT] = client
        yield


def run(name: str, build: Callable[[Environment], web.Application]) -> None:
    """Serve on the port that the command line names until SIGTERM or SIGINT; requests under way are finished.

    Port 0 takes any free one. One line says where the program listens, once connections are accepted.
    """
    parser = argparse.ArgumentParser(prog=name, description=f"The {name} service of the Bookinfo sample.")
    parser.add_argument("port", type=int, help="the TCP port to listen on, 9080 in a pod")
    port: int = parser.parse_args().port
    try:
        app = build(os.environ)
        listener = listen(os.environ.get("LISTEN_ADDRESS", "0.0.0.0"), port)
    except (SettingsError, OSError, OverflowError) as error:
        fail(f"{name} cannot start on port {port}: {error}")
    runner = web.AppRunner(
        app,
        access_log=access_log(os.environ),
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        shutdown_timeout=SHUTDOWN_SECONDS,
    )
    address, port = listener.getsockname()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(serve(runner, listener, greeting=f"{name} listens on {address}:{port}"))


async def serve(runner: web.AppRunner, listener: socket.socket, *, greeting: str) -> None:
    """Serve until the first SIGTERM or SIGINT; later ones do not cut short what is being finished."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await runner.setup()
    await web.SockSite(runner, listener, backlog=BACKLOG).start()
    print(greeting, flush=True)
    await ended.wait()
    await runner.cleanup()


def listen(address: str, port: int) -> socket.socket:
    return socket.create_server((address, port), backlog=BACKLOG)


def access_log(environ: Environment) -> logging.Logger | None:
    """Off unless ACCESS_LOG is `true`: a line per request costs more than the request."""
    if environ.get("ACCESS_LOG") != "true":
        return None
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
    return logging.getLogger("aiohttp.access")


def fail(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(1)
