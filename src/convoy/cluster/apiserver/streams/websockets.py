"""Exec and attach over a websocket: the first byte of each message says its channel.

Source: the subprotocols of the Kubernetes remote command API, `v5.channel.k8s.io` down to `channel.k8s.io`,
and their base64 forms for clients that can send text only.
"""

import base64
import binascii
import struct
from collections.abc import AsyncIterator
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from convoy.cluster.apiserver.streams.commands import Input, Resize

_STDIN, _STATUS, _RESIZE, _HALF_CLOSE = 0, 3, 4, 255
_MAX_MESSAGE = 32 << 20
_LONGEST_SENT = 32 << 10  # as Kubernetes does; some clients refuse messages above 64 KiB
_BINARY = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v3.channel.k8s.io",
    "v2.channel.k8s.io",
    "channel.k8s.io",
)
_TEXT = ("v5.base64.channel.k8s.io", "v4.base64.channel.k8s.io", "base64.channel.k8s.io")
SUBPROTOCOLS = (*_BINARY, *_TEXT)
_WITH_JSON_STATUS = ("v5.", "v4.")


def is_websocket(request: web.BaseRequest) -> bool:
    """Whether the client wants one."""
    return request.headers.get("Upgrade", "").lower() == "websocket"


async def open_websocket(request: web.BaseRequest, protocols: tuple[str, ...]) -> web.WebSocketResponse:
    """Answer 101 with the first of the client's subprotocols that is in `protocols`."""
    # The client's data must not be taken for anything else, so there is no compression to negotiate.
    socket = web.WebSocketResponse(protocols=protocols, compress=False, max_msg_size=_MAX_MESSAGE)
    await socket.prepare(request)
    return socket


class WebsocketChannels:
    """Channels over an open websocket."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        protocol = socket.ws_protocol or "channel.k8s.io"
        self._is_text = protocol in _TEXT
        self._has_json_status = protocol.startswith(_WITH_JSON_STATUS)

    async def inputs(self) -> AsyncIterator[Input | Resize]:
        """As Channels has it."""
        async for message in self._socket:
            data = self._unpack(message.type, message.data)
            if not data:
                continue
            channel, payload = data[0], data[1:]
            if channel == _STDIN and payload:
                yield Input(payload)
            elif channel == _HALF_CLOSE and payload[:1] == bytes([_STDIN]):
                yield Input(None)
            elif channel == _RESIZE and (size := parse_size(payload)) is not None:
                yield size

    def _unpack(self, kind: WSMsgType, data: Any) -> bytes:
        if kind == WSMsgType.BINARY and not self._is_text:
            return bytes(data)
        if kind == WSMsgType.TEXT and self._is_text and data[:1].isdigit():
            try:
                return bytes([int(data[0])]) + base64.b64decode(data[1:])
            except (binascii.Error, ValueError):
                return b""
        return data.encode() if kind == WSMsgType.TEXT else b""

    async def send(self, channel: int, data: bytes) -> None:
        """As Channels has it."""
        for start in range(0, max(len(data), 1), _LONGEST_SENT):
            part = data[start : start + _LONGEST_SENT]
            if self._is_text:
                await self._socket.send_str(f"{channel}{base64.b64encode(part).decode()}")
            else:
                await self._socket.send_bytes(bytes([channel]) + part)

    async def finish(self, status: dict[str, Any]) -> None:
        """As Channels has it; before v4 only failures are told, as plain text."""
        if self._has_json_status:
            await self.send(_STATUS, orjson.dumps(status))
        elif status["status"] != "Success":
            await self.send(_STATUS, status["message"].encode())
        await self._socket.close()


def parse_size(data: bytes) -> Resize | None:
    """A terminal's size as clients send it; None for what is none."""
    try:
        size = orjson.loads(data)
        width, height = int(size["Width"]), int(size["Height"])
        struct.pack("HH", width, height)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, struct.error):
        return None
    return Resize(width, height)


class WebsocketPipe:
    """A websocket's binary messages as one stream of bytes: SPDY travels in them."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def receive(self) -> bytes:
        """The next bytes; empty at the end."""
        while True:
            message = await self._socket.receive()
            if message.type == WSMsgType.BINARY and message.data:
                return bytes(message.data)
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return b""

    async def send(self, data: bytes) -> None:
        """Send one message."""
        await self._socket.send_bytes(data)
