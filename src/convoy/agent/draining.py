"""When a stopping proxy has nothing left to do.

The kubelet stops a sidecar after the applications, so all it may still have are answers on their way to slow
callers, and last words of the applications on their way out. Callers keep idle connections for later, which
is why requests count and connections do not: only of other protocols a connection is the work itself.

A gateway is stopped while the news of its end still spreads, so that nothing may come for a while.
"""

import asyncio
import re
from pathlib import Path

from convoy.agent.admin import ask_admin
from convoy.agent.capture import OUTBOUND_PORT

_LOOK_AGAIN_SECONDS = 0.02
_SOCKET_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
# ESTABLISHED and CLOSE_WAIT, as the kernel's tables have them: Envoy still holds its end.
_OPEN_STATES = frozenset({"01", "08"})
_REQUESTS = re.compile(r"^http\..*\.downstream_rq_active: (\d+)$", re.MULTILINE)
_HTTP_CONNECTIONS = re.compile(r"^http\..*\.downstream_cx_active: (\d+)$", re.MULTILINE)
_CONNECTIONS = re.compile(r"^listener\..*\.downstream_cx_active: (\d+)$", re.MULTILINE)


async def wait_idle(quiet_seconds: float) -> None:
    """Wait until nothing was on its way through the proxy for so long, or Envoy did not answer."""
    idle_since: float | None = None
    while True:
        now = asyncio.get_running_loop().time()
        if await _is_busy():
            idle_since = None
        elif now - (idle_since := idle_since or now) >= quiet_seconds:
            return
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _is_busy() -> bool:
    if any(count_open(_read(table), port=OUTBOUND_PORT) for table in _SOCKET_TABLES):
        return True
    reply = await ask_admin("/stats?filter=downstream_.*_active")
    return reply is not None and count_work(reply.body.decode(errors="replace")) > 0


def count_work(statistics: str) -> int:
    """Requests under way, and connections of protocols other than HTTP, in Envoy's statistics as text.

    Envoy keeps only what `bootstrap` asks for: what the proxy takes in.
    """
    requests, http, all_connections = (
        sum(int(number) for number in pattern.findall(statistics))
        for pattern in (_REQUESTS, _HTTP_CONNECTIONS, _CONNECTIONS)
    )
    return requests + max(0, all_connections - http)


def count_open(table: str, *, port: int) -> int:
    """Open connections to a local port, in a table of sockets as `/proc/net/tcp` has it."""
    rows = (line.split() for line in table.splitlines()[1:])
    return sum(row[1].endswith(f":{port:04X}") and row[3] in _OPEN_STATES for row in rows if len(row) > 3)


def _read(table: Path) -> str:
    try:
        return table.read_text()
    except OSError:
        return ""
