"""What the API server asks of a node about a running pod: logs, commands, connections.

Implemented by the kubelet; the API server's streams stand on it, over websocket and SPDY alike.
"""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LogOptions:
    """As the query of `pods/log`; times are seconds since the epoch."""

    follow: bool = False
    previous: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: float | None = None
    timestamps: bool = False


class Session(Protocol):
    """A command that runs in a container, or a view of its main process."""

    async def write_stdin(self, data: bytes) -> None:
        """Give it input; ignored once it ended."""

    async def close_stdin(self) -> None:
        """End of its input."""

    def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """What it writes, as (1 or 2, bytes), until it ended; a terminal writes to 1 only."""

    async def resize(self, width: int, height: int) -> None:
        """The terminal's size, in characters."""

    async def wait(self) -> int:
        """Its exit code; 128 + number when a signal ended it."""

    async def close(self) -> None:
        """Kill the command if it runs (never an attached main process) and let go."""


class PodAccess(Protocol):
    """Methods raise StatusError: NotFound, or BadRequest with the kubelet's words."""

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """A container's output, in chunks of whole lines where it can be."""

    async def exec(
        self, namespace: str, pod: str, container: str, command: tuple[str, ...], *, stdin: bool, tty: bool
    ) -> Session:
        """Start a command in a running container."""

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> Session:
        """Join a container's main process."""

    async def connect(self, namespace: str, pod: str, port: int) -> socket.socket:
        """A connected, non-blocking TCP socket made inside the pod, to its loopback; OSError when refused."""
