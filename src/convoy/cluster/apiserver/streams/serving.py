"""The subresources of pods that stream: log, exec, attach, portforward."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from aiohttp import web
from multidict import MultiMapping

from convoy.cluster.apiserver.dependencies import StreamCall
from convoy.cluster.apiserver.streams import forwarding
from convoy.cluster.apiserver.streams.commands import (
    Channels,
    Wanted,
    failure_status,
    serve_session,
)
from convoy.cluster.apiserver.streams.containers import check_runs, choose_container
from convoy.cluster.apiserver.streams.spdy.connection import Connection
from convoy.cluster.apiserver.streams.spdy.frames import SpdyError
from convoy.cluster.apiserver.streams.spdy_channels import (
    PROTOCOLS,
    SpdyChannels,
    collect_streams,
    expected_streams,
)
from convoy.cluster.apiserver.streams.takeover import NoResponse, take_over
from convoy.cluster.apiserver.streams.websockets import (
    SUBPROTOCOLS,
    WebsocketChannels,
    WebsocketPipe,
    is_websocket,
    open_websocket,
)
from convoy.cluster.machinery.pod_access import LogOptions, PodAccess, Session
from convoy.cluster.machinery.statuses import StatusError, bad_request

_SPDY = "SPDY/3.1"
_TRUE = ("true", "1", "t", "T", "TRUE", "True")


class PodStreams:
    """Serves the streams of one cluster's pods."""

    def __init__(self, pods: PodAccess, find: Callable[[str, str], dict[str, Any]]) -> None:
        """`find` gives a pod's object by namespace and name, or raises StatusError."""
        self._pods = pods
        self._find = find

    async def serve(self, call: StreamCall) -> web.StreamResponse:
        """Serve one request to its end; StatusError while there still can be an answer."""
        pod = self._find(call.namespace, call.pod)
        serve: Mapping[str, Callable[..., Any]] = {
            "log": self._log,
            "exec": self._command,
            "attach": self._command,
            "portforward": self._forward,
        }
        response: web.StreamResponse = await serve[call.subresource](call.request, call.subresource, pod)
        return response

    async def _log(self, request: web.BaseRequest, _: str, pod: dict[str, Any]) -> web.StreamResponse:
        container = choose_container(pod, request.query.get("container", ""))
        metadata = pod["metadata"]
        options = parse_log_options(request.query)
        lines = self._pods.logs(metadata["namespace"], metadata["name"], container, options)
        # The first piece is waited for before anything is sent, as a refusal needs a status of its own; a
        # followed log may be silent for long, so its headers go out at once.
        iterator = aiter(lines)
        first = b"" if options.follow else await anext(iterator, b"")
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        with suppress(ConnectionError):
            await response.prepare(request)
            if first:
                await response.write(first)
            async for data in iterator:
                await response.write(data)
            await response.write_eof()
        return response

    async def _command(self, request: web.BaseRequest, kind: str, pod: dict[str, Any]) -> web.StreamResponse:
        query = request.query
        wanted = parse_wanted(query)
        command = tuple(query.getall("command", []))
        if kind == "exec" and not command:
            raise bad_request("you must specify at least one command for the container")
        container = choose_container(pod, query.get("container", ""))
        check_runs(pod)
        where = (pod["metadata"]["namespace"], pod["metadata"]["name"], container)

        async def start() -> Session:
            if kind == "exec":
                return await self._pods.exec(*where, command, stdin=wanted.stdin, tty=wanted.tty)
            return await self._pods.attach(*where, stdin=wanted.stdin, tty=wanted.tty)

        if is_websocket(request):
            socket = await open_websocket(request, SUBPROTOCOLS)
            await _run(start, WebsocketChannels(socket), wanted)
            with suppress(ConnectionError):
                await socket.close()
            return socket
        return await _command_over_spdy(request, start, wanted)

    async def _forward(self, request: web.BaseRequest, _: str, pod: dict[str, Any]) -> web.StreamResponse:
        metadata = pod["metadata"]

        def connect(port: int) -> Any:
            return self._pods.connect(metadata["namespace"], metadata["name"], port)

        if is_websocket(request):
            offered = request.headers.get("Sec-WebSocket-Protocol", "")
            if forwarding.TUNNEL_PROTOCOL in offered:
                socket = await open_websocket(request, (forwarding.TUNNEL_PROTOCOL,))
                await _forward_over(Connection(WebsocketPipe(socket)), connect)
                with suppress(ConnectionError):
                    await socket.close()
                return socket
            ports = parse_ports(request.query.getall("ports", []))
            socket = await open_websocket(request, forwarding.WEBSOCKET_PROTOCOLS)
            with suppress(ConnectionError):
                await forwarding.forward_channels(socket, ports, connect)
            return socket
        _check_spdy(request)
        headers = {"X-Stream-Protocol-Version": forwarding.SPDY_PROTOCOL}
        pipe = take_over(request, upgrade=_SPDY, headers=headers)
        try:
            await _forward_over(Connection(pipe), connect)
        finally:
            pipe.close()
        return NoResponse()


async def _forward_over(connection: Connection, connect: forwarding.Connect) -> None:
    try:
        await forwarding.forward_streams(connection, connect)
    except* (SpdyError, ConnectionError):
        pass  # a client that speaks nonsense, or is gone, hears nothing more


async def _run(start: Callable[[], Any], channels: Channels, wanted: Wanted) -> None:
    try:
        session = await start()
    except (StatusError, OSError) as error:
        with suppress(ConnectionError):
            await channels.finish(failure_status(error))
        return
    await serve_session(session, channels, wanted)


async def _command_over_spdy(
    request: web.BaseRequest, start: Callable[[], Any], wanted: Wanted
) -> web.StreamResponse:
    _check_spdy(request)
    protocol = choose_protocol(request.headers.getall("X-Stream-Protocol-Version", []))
    pipe = take_over(request, upgrade=_SPDY, headers={"X-Stream-Protocol-Version": protocol})
    connection = Connection(pipe)
    serving = asyncio.create_task(connection.serve(), name="stream:spdy")
    try:
        streams = await collect_streams(connection, expected_streams(wanted, protocol))
        if streams is not None:
            await _run(start, SpdyChannels(streams, protocol, serving), wanted)
            with suppress(ConnectionError):
                await connection.say_goodbye()
    finally:
        pipe.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    return NoResponse()


def _check_spdy(request: web.BaseRequest) -> None:
    if request.headers.get("Upgrade", "").lower() != _SPDY.lower():
        raise bad_request("Upgrade request required")


def choose_protocol(offered: list[str]) -> str:
    """The best version that the client offers; an old client offers nothing and means the first."""
    names = {name.strip() for header in offered for name in header.split(",")}
    return next((protocol for protocol in PROTOCOLS if protocol in names), PROTOCOLS[-1])


def parse_wanted(query: MultiMapping[str]) -> Wanted:
    """The channels of exec and attach; StatusError 400 when there is none."""
    flags = {name: query.get(name, "") in _TRUE for name in ("stdin", "stdout", "stderr", "tty")}
    if not flags["stdin"] and not flags["stdout"] and not flags["stderr"]:
        raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
    return Wanted(**flags)


def parse_ports(texts: list[str]) -> list[int]:
    """The query's `ports`, each a number or several with commas; StatusError 400."""
    numbers = [part for text in texts for part in text.split(",") if part]
    if not numbers or not all(part.isdigit() and 0 < int(part) < 65536 for part in numbers):
        raise bad_request('query parameter "ports" must name ports from 1 to 65535')
    return [int(part) for part in numbers]


def parse_log_options(query: MultiMapping[str]) -> LogOptions:
    """The query of pods/log; StatusError 400."""

    def number(name: str) -> int | None:
        text = query.get(name, "")
        if text and not text.isdigit():
            raise bad_request(f'query parameter "{name}" must be a whole number, not "{text}"')
        return int(text) if text else None

    seconds = number("sinceSeconds")
    since_time = query.get("sinceTime", "")
    since = None
    if seconds is not None:
        since = datetime.now().timestamp() - seconds
    elif since_time:
        try:
            since = datetime.fromisoformat(since_time).timestamp()
        except ValueError as error:
            raise bad_request(f'query parameter "sinceTime" is no time: "{since_time}"') from error
    return LogOptions(
        follow=query.get("follow", "") in _TRUE,
        previous=query.get("previous", "") in _TRUE,
        tail_lines=number("tailLines"),
        limit_bytes=number("limitBytes"),
        since=since,
        timestamps=query.get("timestamps", "") in _TRUE,
    )
