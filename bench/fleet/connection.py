"""A GrpcCall on a socket. The event loop says when to read and to write; nothing else comes between."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable

from bench.fleet.http2 import GrpcCall
from bench.fleet.identity import ClientTls
from convoy.kit.tls import load_key_pair

_BUFFER = memoryview(bytearray(1 << 18))
"""What is read is used up before anybody reads again."""
_READS_A_TURN = 64
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

OnMessage = Callable[[bytearray], None]


class Connection:
    """A call until it ends; `on_message` is called with each message."""

    def __init__(self, sock: socket.socket, call: GrpcCall, on_message: OnMessage) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._call = call
        self._on_message = on_message
        self._out = bytearray()
        self._is_writing = False
        self.ended: asyncio.Future[str] = self._loop.create_future()
        """Why the call ended; empty when `close` ended it."""
        self._loop.add_reader(sock.fileno(), self._on_readable)

    def send(self, *messages: bytes) -> None:
        """Write messages, as far as the server takes them now."""
        for message in messages:
            self._call.send(message)
        self._flush()

    def close(self, reason: str = "") -> None:
        """End it; nothing happens when it has ended."""
        if not self.ended.done():
            self._loop.remove_reader(self._sock.fileno())
            if self._is_writing:
                self._loop.remove_writer(self._sock.fileno())
            self._sock.close()
            self.ended.set_result(reason)

    def _on_readable(self) -> None:
        try:
            for _ in range(_READS_A_TURN):
                count = self._sock.recv_into(_BUFFER)
                if not count:
                    return self.close("the server closed the connection")
                for message in self._call.feed(_BUFFER[:count]):
                    self._on_message(message)
        except _NOT_NOW:
            pass
        except OSError as error:
            return self.close(str(error))
        if self._call.end is not None:
            return self.close(self._call.end)
        return self._flush()

    def _flush(self) -> None:
        self._out += self._call.outgoing()
        if self._out and not self.ended.done():
            self._write()

    def _write(self) -> None:
        try:
            while self._out:
                del self._out[: self._sock.send(self._out)]
        except _NOT_NOW:
            pass
        except OSError as error:
            return self.close(str(error))
        if bool(self._out) is not self._is_writing:
            self._is_writing = bool(self._out)
            if self._is_writing:
                self._loop.add_writer(self._sock.fileno(), self._write)
            else:
                self._loop.remove_writer(self._sock.fileno())
        return None


async def dial(address: str, context: ssl.SSLContext | None, server_name: str) -> socket.socket:
    """A socket on which a call can begin. OSError when there is none."""
    host, _, port = address.rpartition(":")
    loop = asyncio.get_running_loop()
    family, kind, *_, place = (await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM))[0]
    sock = socket.socket(family, kind)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, place)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_hostname=server_name, do_handshake_on_connect=False)
            await _shake_hands(sock)
    except BaseException:
        sock.close()
        raise
    return sock


class Contexts:
    """TLS that proves who a client is and checks the server; clients with one certificate share one."""

    def __init__(self, credentials: Iterable[ClientTls]) -> None:
        self._made = {tls: _context(tls) for tls in set(credentials)}

    def of(self, tls: ClientTls) -> ssl.SSLContext:
        """The context for one of the credentials."""
        return self._made[tls]


def _context(tls: ClientTls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=tls.root_pem.decode())
    context.set_alpn_protocols(["h2"])
    load_key_pair(context, tls.key_pem.reveal(), tls.chain_pem)
    return context


async def _shake_hands(sock: ssl.SSLSocket) -> None:
    loop = asyncio.get_running_loop()
    while True:
        try:
            return sock.do_handshake()
        except ssl.SSLWantReadError:
            await _wait(sock, loop.add_reader, loop.remove_reader)
        except ssl.SSLWantWriteError:
            await _wait(sock, loop.add_writer, loop.remove_writer)


async def _wait(sock: socket.socket, add: Callable[..., object], remove: Callable[..., object]) -> None:
    ready = asyncio.Event()
    add(sock.fileno(), ready.set)
    try:
        await ready.wait()
    finally:
        remove(sock.fileno())
