"""Where the process that holds a folder's world is found: an abstract socket, which leaves nothing behind."""

import contextlib
import hashlib
import os
import socket
from pathlib import Path


def holder_address(folder: Path) -> bytes:
    """The abstract address of the holder of a folder's world."""
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:32]
    return b"\0convoy-holder-%d-%s" % (os.geteuid(), name.encode())


def is_held(folder: Path) -> bool:
    """Whether a world runs from a folder."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock, contextlib.suppress(OSError):
        sock.connect(holder_address(folder))
        return True
    return False
