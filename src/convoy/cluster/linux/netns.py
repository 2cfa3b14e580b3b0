"""Network namespaces as file descriptors, and stepping into one for a moment.

A namespace lives as long as a process is in it or a descriptor refers to it. Only the calling thread moves,
and a socket belongs for good to the namespace its thread was in when it was made; so `inside` must never
enclose an await.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from convoy.cluster.linux import syscalls


def open_own_netns() -> int:
    """A descriptor of the calling thread's network namespace."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def make_netns() -> int:
    """A descriptor of a new, empty network namespace; the calling thread stays where it is."""
    home = open_own_netns()
    try:
        syscalls.unshare(syscalls.CLONE_NEWNET)
        try:
            return open_own_netns()
        finally:
            syscalls.setns(home, syscalls.CLONE_NEWNET)
    finally:
        os.close(home)


@contextmanager
def inside(netns: int) -> Iterator[None]:
    """Run the block, which must not await, with the calling thread in `netns`."""
    home = open_own_netns()
    try:
        syscalls.setns(netns, syscalls.CLONE_NEWNET)
        try:
            yield
        finally:
            syscalls.setns(home, syscalls.CLONE_NEWNET)
    finally:
        os.close(home)


def socket_in(netns: int, family: int, kind: int, protocol: int = 0) -> socket.socket:
    """A non-blocking socket that belongs to `netns`."""
    with inside(netns):
        made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def write_sysctl(name: str, value: str) -> None:
    """Set a network sysctl (`ipv4/ip_forward`) of the calling thread's namespace; absent ones are skipped."""
    try:
        fd = os.open(f"/proc/sys/net/{name}", os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # IPv6 switched off in the kernel, say
        return
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)
