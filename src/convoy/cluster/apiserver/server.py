"""The HTTP shell of the API server, on aiohttp's low-level server: one handler, no router.

Every failure that reaches a client is a Status; the unforeseen is told to the log alone.
"""

import asyncio
import gzip
import socket
import traceback
from collections.abc import Sequence
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from convoy.cluster.apiserver.answers import Answer, refusal, warning_headers
from convoy.cluster.apiserver.bodies import LARGEST
from convoy.cluster.apiserver.dependencies import ApiDependencies
from convoy.cluster.apiserver.handling import serve_request
from convoy.cluster.apiserver.streams.takeover import NoResponse
from convoy.cluster.apiserver.watching import Watching
from convoy.cluster.machinery.statuses import StatusError, bad_request, internal_error
from convoy.cluster.store import StoreError
from convoy.kit.logs import get_logger

_GZIP_FROM = 128 << 10  # smaller answers cost more to pack than to send
_GZIP_LEVEL = 1
_LONGEST_LINE = 64 << 10  # of a request and of each of its headers: `exec` has its command in the path
_LONGEST_MESSAGE = 200  # of the parser's, which quotes what it was sent
_CLOSING_SECONDS = 5.0  # for answers under way when the server ends
_ALWAYS = {"Cache-Control": "no-cache, private", "Server": "convoy"}

log = get_logger("cluster.apiserver")


class _Connection(RequestHandler):
    """aiohttp's connection; what is no HTTP, too, is answered by a Status."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status < 500:
            answer = refusal(bad_request((message or "the request cannot be understood")[:_LONGEST_MESSAGE]))
        else:
            log.error("request failed", trace=_trace(exc))
            answer = refusal(internal_error("the server's log says why"))
        self.close()  # where another request would begin is not known
        return _response(answer)


class _Server(web.Server):
    """Makes connections and requests with our limits."""

    def __init__(self, handler: Any) -> None:
        super().__init__(
            handler,
            request_factory=self._request,
            handler_cancellation=True,  # a watcher that leaves must not be kept
            access_log=None,
            lingering_time=2.0,
            max_line_size=_LONGEST_LINE,
            max_field_size=_LONGEST_LINE,
        )

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def forget(self, request: web.BaseRequest) -> None:
        """Let go of a connection that a stream took over: aiohttp is not told when that ends."""
        self._connections.pop(request.protocol, None)

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(
            message, payload, protocol, writer, task, self._loop, client_max_size=LARGEST + 1
        )


class ApiServer:
    """One cluster's API over HTTP; made where a loop runs."""

    def __init__(self, deps: ApiDependencies) -> None:
        self._deps = deps
        self._watching = Watching()
        self._server = _Server(self.handle)

    async def serve(self, listeners: Sequence[socket.socket]) -> None:
        """Serve on listening sockets until cancelled; watches are then ended and answers sent out."""
        loop = asyncio.get_running_loop()
        sockets = [
            await loop.create_server(self._server, sock=sock, ssl=self._deps.tls) for sock in listeners
        ]
        try:
            await loop.create_future()
        finally:
            for listening in sockets:
                listening.close()
            self._watching.close()
            self._server.pre_shutdown()
            await self._server.shutdown(_CLOSING_SECONDS)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        warnings: list[str] = []
        try:
            served = await serve_request(self._deps, request, self._watching, warnings=warnings)
        except StatusError as error:
            served = refusal(error)
        except (StoreError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as error:
            log.error("request failed", method=request.method, path=request.path, trace=_trace(error))
            served = refusal(internal_error("the server's log says why"))
        if isinstance(served, NoResponse):
            self._server.forget(request)
        if isinstance(served, web.StreamResponse):
            return served
        return await _packed(request, served.adding(warning_headers(warnings)))


async def serve_api(deps: ApiDependencies, listeners: Sequence[socket.socket]) -> None:
    """Serve a cluster's API on listening sockets until cancelled."""
    await ApiServer(deps).serve(listeners)


def _trace(error: BaseException | None) -> str:
    """Where it went wrong, as text: without the values, among which are tokens."""
    return "".join(traceback.format_exception(error)) if error else ""


async def _packed(request: web.BaseRequest, answer: Answer) -> web.Response:
    """The response, compressed for those who asked when it is large; in a thread, as it takes a while."""
    if len(answer.body) < _GZIP_FROM or "gzip" not in request.headers.get("Accept-Encoding", ""):
        return _response(answer)
    body = await asyncio.to_thread(gzip.compress, answer.body, _GZIP_LEVEL, mtime=0)
    packed = Answer(body, answer.status, answer.media_type, answer.headers)
    return _response(packed.adding([("Content-Encoding", "gzip")]))


def _response(answer: Answer) -> web.Response:
    response = web.Response(body=answer.body, status=answer.status, headers=_ALWAYS)
    response.headers["Content-Type"] = answer.media_type
    for name, value in answer.headers:
        if name == "Warning":
            response.headers.add(name, value)
        else:
            response.headers[name] = value
    return response
