"""Connections made in a namespace of the world."""

import asyncio
import socket

from convoy.cluster.linux.netns import socket_in


async def connect_from(netns: int, address: str, port: int) -> socket.socket:
    """A connected, non-blocking TCP socket of `netns`; raises OSError."""
    sock = socket_in(netns, socket.AF_INET, socket.SOCK_STREAM)
    try:
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock
