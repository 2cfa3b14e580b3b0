"""Whether the pod's application listens on the ports that it declares, for pods that have no probe for it."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from convoy.kit.clock import SYSTEM_CLOCK, Clock

PATH = "/healthz/serving"
# A port may be declared and never used: its pod must not wait for ever.
PATIENCE = 30.0
_HELD_SECONDS = 2.0  # less than the probe's timeout
_LOOK_AGAIN_SECONDS = 0.02
_SOCKET_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTEN = "0A"


class AwaitedPorts:
    """Ports, and since when each is closed."""

    def __init__(
        self,
        ports: Sequence[int],
        *,
        clock: Clock = SYSTEM_CLOCK,
        read_tables: Callable[[], str] | None = None,
    ) -> None:
        self._clock = clock
        self._read_tables = read_tables or _read_tables
        self._closed_since: dict[int, float | None] = dict.fromkeys(ports)

    def closed(self) -> list[int]:
        """Those that are closed now, and have not been so for longer than there is patience."""
        if not self._closed_since:
            return []
        now, listening = self._clock.monotonic(), listening_ports(self._read_tables())
        for port, since in self._closed_since.items():
            self._closed_since[port] = None if port in listening else now if since is None else since
        return [
            port for port, since in self._closed_since.items() if since is not None and now - since < PATIENCE
        ]

    async def why_not(self, proxy: Callable[[], Awaitable[str]]) -> str:
        """The reason for not serving, empty when serving; given late, because it may vanish meanwhile.

        The answer to a probe is all that a kubelet hears: held back until the port opens it is good news at
        once, and not after another period. `proxy` tells why the proxy itself is not ready.
        """
        give_up = self._clock.monotonic() + _HELD_SECONDS
        while (reason := await self._reason(proxy)) and self._clock.monotonic() < give_up:
            await self._clock.sleep(_LOOK_AGAIN_SECONDS)
        return reason

    async def _reason(self, proxy: Callable[[], Awaitable[str]]) -> str:
        if closed := self.closed():
            return f"the application does not listen on {', '.join(map(str, closed))} yet"
        return await proxy()


def listening_ports(table: str) -> set[int]:
    """The ports that somebody listens on, in tables of sockets as `/proc/net/tcp` has them."""
    rows = (line.split() for line in table.splitlines())
    return {int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTEN}


def _read_tables() -> str:
    return "\n".join(table.read_text() for table in _SOCKET_TABLES if table.exists())
