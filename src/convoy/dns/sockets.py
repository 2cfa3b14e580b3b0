"""Sockets that a pod's capture rules leave alone.

Connections of a pod are redirected to its proxy unless they carry a mark. Setting it needs CAP_NET_ADMIN in
the pod's network namespace.
"""

import socket


def open_socket(kind: socket.SocketKind, address: str, *, mark: int | None) -> socket.socket:
    """A non-blocking socket of the family of `address` (an IP), with the mark set when there is one."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, kind)
    try:
        opened.setblocking(False)
        if mark is not None:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    except BaseException:
        opened.close()
        raise
    return opened
