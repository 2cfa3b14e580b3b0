"""The DNS server inside a pod: UDP and TCP on one loopback port.

Capture redirects the pod's port 53 here. Known names are answered on the spot, the rest is passed on to the
cluster's DNS. With an empty table it is a plain forwarder, which is what the pod's Envoy asks: an Envoy
that asked the table could resolve a service's name to the virtual address that leads back to itself.
"""

import asyncio
import itertools
import struct
from collections.abc import Callable
from typing import Any, cast

import dns.message
import msgspec

from convoy.dns.answers import (
    answer_failure,
    answer_from_table,
    answer_malformed,
    encode,
    fit_udp,
    parse_query,
    soften_denial,
)
from convoy.dns.table import NameTable
from convoy.dns.upstream import Upstream, UpstreamError

_TCP_IDLE_SECONDS = 10.0
_MAX_TCP_CONNECTIONS = 64
_MAX_UDP_WAITING = 256


class DnsStatistics(msgspec.Struct, frozen=True):
    """Questions since the start, by what became of them."""

    from_table: int
    forwarded: int
    failed: int
    malformed: int


class DnsServer:
    """Answers from `table()`, which is asked at every question, and from `upstream`."""

    def __init__(self, upstream: Upstream, table: Callable[[], NameTable]) -> None:
        self._upstream = upstream
        self._table = table
        self._turn = itertools.count()
        self._from_table = self._forwarded = self._failed = self._malformed = 0
        self._tcp_connections = 0

    def statistics(self) -> DnsStatistics:
        """How the questions so far were answered."""
        return DnsStatistics(self._from_table, self._forwarded, self._failed, self._malformed)

    async def serve(self, host: str, port: int, *, started: Callable[[], None] = lambda: None) -> None:
        """Listen until cancelled; `started` is called once both are bound. OSError if they cannot be."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:

            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                tasks.create_task(self._serve_tcp(reader, writer), name="dns:tcp")

            transport, _ = await loop.create_datagram_endpoint(
                lambda: _UdpShell(self, tasks), local_addr=(host, port)
            )
            try:
                async with await asyncio.start_server(accept, host, port) as server:
                    started()
                    await server.serve_forever()
            finally:
                transport.close()

    def answer_now(self, query: dns.message.Message) -> bytes | None:
        """The reply from the table alone; None when the upstream has to be asked."""
        reply = answer_from_table(query, self._table(), first=next(self._turn))
        if reply is None:
            return None
        self._from_table += 1
        return encode(reply)

    async def forward(self, query: dns.message.Message, wire: bytes, *, over_tcp: bool) -> bytes:
        """The upstream's reply, or SERVFAIL."""
        try:
            reply = await self._upstream.ask(wire, over_tcp=over_tcp)
        except UpstreamError:
            return self.fail(query)
        self._forwarded += 1
        return soften_denial(query, reply, self._table())

    def fail(self, query: dns.message.Message) -> bytes:
        """SERVFAIL, counted."""
        self._failed += 1
        return answer_failure(query).to_wire()

    def reject(self, wire: bytes) -> bytes | None:
        """The reply to a packet that is no query, counted; None for silence."""
        self._malformed += 1
        return answer_malformed(wire)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._tcp_connections >= _MAX_TCP_CONNECTIONS:
            writer.close()
            return
        self._tcp_connections += 1
        try:
            while (reply := await self._next_tcp_reply(reader)) is not None:
                writer.write(struct.pack("!H", len(reply)) + reply)
                await writer.drain()
        except (OSError, EOFError):
            pass  # The asker went away or fell silent.
        finally:
            self._tcp_connections -= 1
            writer.close()

    async def _next_tcp_reply(self, reader: asyncio.StreamReader) -> bytes | None:
        async with asyncio.timeout(_TCP_IDLE_SECONDS):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            wire = await reader.readexactly(length)
        query = parse_query(wire)
        if query is None:
            return self.reject(wire)
        return self.answer_now(query) or await self.forward(query, wire, over_tcp=True)


class _UdpShell(asyncio.DatagramProtocol):
    """The UDP side of a DnsServer: one task per question passed on, and no more of them than a bound."""

    def __init__(self, server: DnsServer, tasks: asyncio.TaskGroup) -> None:
        self._server = server
        self._tasks = tasks
        self._waiting = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        query = parse_query(data)
        if query is None:
            self._send(self._server.reject(data), addr)
        elif (reply := self._server.answer_now(query)) is not None:
            self._send(fit_udp(query, reply), addr)
        elif self._waiting >= _MAX_UDP_WAITING:
            self._send(self._server.fail(query), addr)
        else:
            self._waiting += 1
            self._tasks.create_task(self._forward(query, data, addr), name="dns:forward")

    async def _forward(self, query: dns.message.Message, wire: bytes, addr: tuple[Any, ...]) -> None:
        try:
            reply = await self._server.forward(query, wire, over_tcp=False)
            self._send(fit_udp(query, reply), addr)
        finally:
            self._waiting -= 1

    def _send(self, reply: bytes | None, addr: tuple[Any, ...]) -> None:
        if reply is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(reply, addr)
