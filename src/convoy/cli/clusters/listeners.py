"""The host's ports of the API servers: on loopback, the same as last time unless somebody took one."""

import errno
import socket

from convoy.cli.clusters.plans import ClusterPlan

_BACKLOG = 512


def bind_listener(plan: ClusterPlan) -> socket.socket:
    """A listening socket on 127.0.0.1: on the plan's port, or on another one when that is busy."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            sock.bind(("127.0.0.1", plan.port))
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
