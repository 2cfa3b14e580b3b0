"""End a connection from our side, whatever is waiting to be written to it.

gRPC sends the end of a call after what was written before, so a client that does not read would keep its
call, and what it was to be sent, for ever. There is no other word for it in grpc.aio: the socket itself is
shut down, and gRPC finds the connection broken.
"""

import os
import re
import socket
import stat
from urllib.parse import unquote

_MAPPED = "::ffff:"
"""What IPv4 addresses begin with on a socket for both."""
_PEER = re.compile(r"ipv[46]:\[?([0-9a-fA-F.:]+)(?:%[^\]]*)?\]?:(\d+)")


def hang_up(peer: str) -> bool:
    """Shut the connection of this process with a peer, as gRPC writes it; whether there was one."""
    found = _PEER.fullmatch(unquote(peer))
    if found is None:
        return False
    address, port = found[1].removeprefix(_MAPPED), int(found[2])
    return any(_shut_if_with(int(name), address, port) for name in os.listdir("/proc/self/fd"))


def _shut_if_with(descriptor: int, address: str, port: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return False
        with socket.socket(fileno=os.dup(descriptor)) as connection:
            if connection.family not in (socket.AF_INET, socket.AF_INET6):
                return False
            its_address, its_port = connection.getpeername()[:2]
            if (its_address.removeprefix(_MAPPED), its_port) != (address, port):
                return False
            connection.shutdown(socket.SHUT_RDWR)
            return True
    except OSError:
        return False  # it has been closed since it was listed, or has no peer
