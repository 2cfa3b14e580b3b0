"""The size of a terminal."""

import fcntl
import struct
import termios


def set_size(terminal: int, width: int, height: int) -> None:
    """Set the size in characters; the kernel tells the processes that run in it."""
    size = struct.pack("4H", max(0, min(height, 0xFFFF)), max(0, min(width, 0xFFFF)), 0, 0)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)
