"""Clients that speak byte by byte, for what a well-behaved HTTP library would not send."""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable

from convoy.cli.pod_traffic import Dial

SECONDS = 10.0


async def say(dial: Dial, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send pieces, with pauses between them, and read until the other side closes."""
    sock = await dial()
    with sock:
        return await asyncio.to_thread(_say, sock, pieces, pause)


def _say(sock: socket.socket, pieces: tuple[bytes, ...], pause: float) -> bytes:
    sock.settimeout(SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    answer = b""
    try:
        for number, piece in enumerate(pieces):
            if number and pause:
                # The pause is what is being tried: the other side must not mistake it for anything.
                time.sleep(pause)
            sock.sendall(piece)
        while data := sock.recv(65536):
            answer += data
    except (ConnectionError, TimeoutError):
        pass
    return answer


def handshake_in_pieces(
    context: ssl.SSLContext, sock: socket.socket, *, sni: str, size: int
) -> Callable[[bytes], bytes]:
    """Open TLS, the handshake sent in pieces of `size` bytes; gives a function that asks over it.

    ssl.SSLError or OSError when there is none.
    """
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = context.wrap_bio(incoming, outgoing, server_hostname=sni)
    sock.settimeout(SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def flush() -> None:
        data = outgoing.read()
        for start in range(0, len(data), size):
            sock.sendall(data[start : start + size])

    def feed() -> None:
        data = sock.recv(65536)
        if not data:
            raise ConnectionResetError("closed")
        incoming.write(data)

    while True:
        try:
            secured.do_handshake()
            break
        except ssl.SSLWantReadError:
            flush()
            feed()

    def ask(request: bytes) -> bytes:
        secured.write(request)
        flush()
        while True:
            try:
                return secured.read(65536)
            except ssl.SSLWantReadError:
                feed()

    return ask
