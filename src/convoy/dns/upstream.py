"""Ask the cluster's DNS, over sockets that escape the pod's capture.

Packets are passed on as they came, under a random id and from a fresh socket, whose random port and
connected peer make a forged reply as hard as UDP allows. A reply counts only if id and question match. UDP
first; TCP when the reply is truncated or the asker used TCP.
"""

import asyncio
import secrets
import socket
import struct

import dns.exception
import dns.message
import dns.rdatatype
import msgspec

from convoy.dns.sockets import open_socket

_HEADER_BYTES = 12
_MAX_BYTES = 65535


class UpstreamError(Exception):
    """No nameserver gave a usable answer in time."""


class UpstreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask and how patiently. Every nameserver is asked `tries` times, `timeout` seconds each."""

    nameservers: tuple[str, ...]
    port: int = 53
    mark: int | None = None
    timeout: float = 1.5
    tries: int = 2
    at_most: int = 256
    """Questions in flight; further ones fail at once."""


class Upstream:
    """The cluster's DNS servers as one thing to ask."""

    def __init__(self, settings: UpstreamSettings) -> None:
        self._settings = settings
        self._in_flight = 0

    async def ask(self, query: bytes, *, over_tcp: bool = False) -> bytes:
        """The reply to a query packet, with the query's own id; UpstreamError when there is none."""
        if self._in_flight >= self._settings.at_most:
            raise UpstreamError(f"{self._in_flight} questions wait already.")
        self._in_flight += 1
        try:
            return await self._ask_in_turn(query, over_tcp=over_tcp)
        finally:
            self._in_flight -= 1

    async def _ask_in_turn(self, query: bytes, *, over_tcp: bool) -> bytes:
        reasons: list[str] = []
        for _ in range(self._settings.tries):
            for server in self._settings.nameservers:
                disguised = secrets.token_bytes(2) + query[2:]
                try:
                    async with asyncio.timeout(self._settings.timeout):
                        reply = await self._ask_one(server, disguised, over_tcp=over_tcp)
                except (OSError, EOFError) as error:
                    reasons.append(f"{server}: {error or 'no answer'}")
                else:
                    return query[:2] + reply[2:]
        raise UpstreamError("; ".join(reasons) or "no nameserver is known")

    async def _ask_one(self, server: str, query: bytes, *, over_tcp: bool) -> bytes:
        if not over_tcp:
            reply = await self._ask_udp(server, query)
            if not _is_truncated(reply):
                return reply
        return await self._ask_tcp(server, query)

    async def _ask_udp(self, server: str, query: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        with open_socket(socket.SOCK_DGRAM, server, mark=self._settings.mark) as asked:
            asked.connect((server, self._settings.port))
            await loop.sock_sendall(asked, query)
            while not is_reply_to(query, reply := await loop.sock_recv(asked, _MAX_BYTES)):
                pass
            return reply

    async def _ask_tcp(self, server: str, query: bytes) -> bytes:
        loop = asyncio.get_running_loop()
        asked = open_socket(socket.SOCK_STREAM, server, mark=self._settings.mark)
        try:
            await loop.sock_connect(asked, (server, self._settings.port))
            reader, writer = await asyncio.open_connection(sock=asked)
        except BaseException:
            asked.close()
            raise
        try:
            writer.write(struct.pack("!H", len(query)) + query)
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            reply = await reader.readexactly(length)
        finally:
            writer.close()
        if not is_reply_to(query, reply):
            raise EOFError("the reply does not belong to the question")
        return reply


def is_reply_to(query: bytes, reply: bytes) -> bool:
    """Whether a packet is a reply with the query's id and question (compared without regard to case)."""
    if len(reply) < _HEADER_BYTES or reply[:2] != query[:2] or not reply[2] & 0x80:
        return False
    if reply[4:6] == b"\0\0":
        return _is_error(reply)
    end = _question_end(query)
    return reply[_HEADER_BYTES:end].lower() == query[_HEADER_BYTES:end].lower()


async def resolve_host(upstream: Upstream, host: str) -> tuple[str, ...]:
    """The IPv4 addresses of an absolute host name, or else its IPv6 ones; UpstreamError when it has none."""
    for rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
        query = dns.message.make_query(host.rstrip(".") + ".", rdtype)
        try:
            reply = dns.message.from_wire(await upstream.ask(query.to_wire()))
        except dns.exception.DNSException as error:
            raise UpstreamError(f"the answer about {host} is malformed") from error
        found = [item.to_text() for rrset in reply.answer if rrset.rdtype == rdtype for item in rrset]
        if found:
            return tuple(found)
    raise UpstreamError(f'the cluster\'s DNS has no address for "{host}"')


def parse_nameservers(resolv_conf: str) -> tuple[str, ...]:
    """The nameserver addresses of a resolv.conf, in order."""
    lines = (line.split() for line in resolv_conf.splitlines())
    return tuple(words[1] for words in lines if len(words) > 1 and words[0] == "nameserver")


def _question_end(query: bytes) -> int:
    at = _HEADER_BYTES
    while at < len(query) and query[at]:
        at += query[at] + 1
    return at + 5


def _is_truncated(reply: bytes) -> bool:
    return bool(reply[2] & 0x02)


def _is_error(reply: bytes) -> bool:
    # Some servers leave the question out when they refuse to read it.
    return bool(reply[3] & 0x0F)
