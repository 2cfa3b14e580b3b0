"""Port-forward: the client's connections, each to a port inside the pod.

Over SPDY (raw, or tunnelled in a websocket) each connection is a pair of streams, `error` and `data`, that
share a `requestid`. Other websocket clients name their ports in the query and get two channels for each.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from aiohttp import WSMsgType, web

from convoy.cluster.apiserver.streams.spdy.connection import Connection, Stream
from convoy.kit.tasks import to_the_end

SPDY_PROTOCOL = "portforward.k8s.io"
TUNNEL_PROTOCOL = "SPDY/3.1+portforward.k8s.io"
WEBSOCKET_PROTOCOLS = ("v4.channel.k8s.io", "portforward.k8s.io")
_CHUNK = 32 * 1024  # as Kubernetes does; some clients refuse messages above 64 KiB

Connect = Callable[[int], Awaitable[socket.socket]]
"""Gives a connected socket to a port of the pod; OSError when nobody listens."""


async def forward_streams(connection: Connection, connect: Connect) -> None:
    """Serve port-forward over SPDY until the client is gone; raises SpdyError."""
    pairs: dict[str, dict[str, Stream]] = {}
    relays: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(connection.serve(), name="port-forward")
        while (stream := await connection.accept()) is not None:
            request = stream.headers.get("requestid") or stream.headers.get("port", "")
            pair = pairs.setdefault(request, {})
            pair[stream.headers.get("streamtype", "")] = stream
            if {"error", "data"} <= set(pair):
                del pairs[request]
                relaying = _relay_pair(connection, pair, connect)
                relay = tasks.create_task(relaying, name=f"port-forward:{request}")
                relays.add(relay)
                relay.add_done_callback(relays.discard)
        for relay in relays:  # the client is gone; applications need not notice by themselves
            relay.cancel()
        await serving


async def _relay_pair(connection: Connection, pair: dict[str, Stream], connect: Connect) -> None:
    data, error = pair["data"], pair["error"]
    try:
        sock = await connect(_port(data.headers))
    except (OSError, ValueError) as failure:
        with suppress(ConnectionError):
            await error.write(f"error forwarding port {data.headers.get('port')} to pod: {failure}".encode())
            await error.close()
            await data.reset()
        connection.forget(data, error)
        return
    with sock:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_upload(data, sock))
                tasks.create_task(_download(sock, data, error))
        except* ConnectionError:
            pass  # the client is gone
    connection.forget(data, error)


def _port(headers: dict[str, str]) -> int:
    port = int(headers.get("port", ""))
    if not 0 < port < 65536:
        raise ValueError("there is no such port")
    return port


async def _upload(stream: Stream, sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    try:
        async for data in stream.read():
            await loop.sock_sendall(sock, data)
        sock.shutdown(1)
    except OSError:  # the application closed; what the client still sends has no reader
        return


async def _download(sock: socket.socket, stream: Stream, error: Stream) -> None:
    """Ends the errors, too: older kubectls close their side only after that."""
    loop = asyncio.get_running_loop()
    with suppress(ConnectionResetError):
        while data := await loop.sock_recv(sock, _CHUNK):
            await stream.write(data)
    await stream.close()
    await error.close()


async def forward_channels(client: web.WebSocketResponse, ports: Sequence[int], connect: Connect) -> None:
    """Serve port-forward over websocket channels: 2i is data of the i-th port, 2i+1 its errors."""
    socks: dict[int, socket.socket] = {}
    tasks: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    try:
        for index, port in enumerate(ports):
            for channel in (2 * index, 2 * index + 1):
                await client.send_bytes(bytes([channel]) + struct.pack("<H", port))
            try:
                socks[2 * index] = await connect(port)
            except OSError as failure:
                await client.send_bytes(bytes([2 * index + 1]) + str(failure).encode())
                continue
            tasks.append(asyncio.create_task(_download_channel(socks[2 * index], client, 2 * index)))
        async for message in client:
            if message.type == WSMsgType.BINARY and message.data and message.data[0] in socks:
                with suppress(OSError):
                    await loop.sock_sendall(socks[message.data[0]], message.data[1:])
    finally:
        await to_the_end(_end(tasks, list(socks.values())))


async def _end(tasks: Sequence[asyncio.Task[None]], socks: Sequence[socket.socket]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for sock in socks:
        sock.close()


async def _download_channel(sock: socket.socket, client: web.WebSocketResponse, channel: int) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while data := await loop.sock_recv(sock, _CHUNK):
            await client.send_bytes(bytes([channel]) + data)
    await client.close()
