"""The host's ports of API servers and gateways: on loopback, as last time unless somebody took them."""

import errno
import socket

_BACKLOG = 512


def bind_listener(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1: on this port, or on another one when it is busy or 0."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            sock.bind(("127.0.0.1", 0))
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def port_of(sock: socket.socket) -> int:
    """The port that a listener has."""
    port: int = sock.getsockname()[1]
    return port
