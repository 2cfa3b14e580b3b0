"""The DNS server of one cluster, on its router's bridge address, over UDP and TCP."""

import asyncio
import socket
import struct
from typing import Any

from convoy.cluster.dns.answers import answer
from convoy.cluster.dns.records import Names, NamesTogether
from convoy.cluster.linux.netns import inside

_PORT = 53
_LENGTH = struct.Struct(">H")
_IDLE = 10.0  # seconds a TCP connection may wait between queries


class NameServer:
    """Answers from whoever knows the names at the moment."""

    def __init__(self, names: Names | None = None) -> None:
        self.names: Names = names or NamesTogether()
        self._transport: asyncio.DatagramTransport | None = None
        self._server: asyncio.Server | None = None

    async def open(self, netns: int, address: str) -> None:
        """Begin to answer at `address` in `netns`."""
        with inside(netns):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp.setblocking(False)
        udp.bind((address, _PORT))
        tcp.bind((address, _PORT))
        loop = asyncio.get_running_loop()
        self._transport, _protocol = await loop.create_datagram_endpoint(lambda: _Datagrams(self), sock=udp)
        self._server = await asyncio.start_server(self._serve_stream, sock=tcp)

    def close(self) -> None:
        """Answer no more."""
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            self._server.close()

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(_IDLE):
                    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                    query = await reader.readexactly(length)
                response = answer(query, self.names, over_udp=False)
                if response is None:
                    return
                writer.write(_LENGTH.pack(len(response)) + response)
                await writer.drain()
        except (asyncio.IncompleteReadError, TimeoutError, ConnectionError):
            return
        finally:
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        response = answer(data, self._server.names, over_udp=True)
        if response is not None and self._transport is not None:
            self._transport.sendto(response, addr)
