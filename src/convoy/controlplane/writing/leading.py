"""The loop of every writer: while this replica leads, make the cluster so, again and again with patience."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from convoy.config.errors import KubeError
from convoy.config.kube.leases import Leader
from convoy.kit.backoff import backoff
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.logs import get_logger

log = get_logger("controlplane.writing")

_FIRST_DELAY, _LONGEST_DELAY = 0.2, 30.0
# What nothing tells of (a root on disk, a lease lost and won again) is seen at the latest then.
_LOOK_AGAIN = 5.0

Attempt = Callable[[], Awaitable[None]]


async def write_while_leading(
    leader: Leader, attempt: Attempt, changed: asyncio.Event, *, what: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Run `attempt` when this replica begins to lead and whenever something changed, for ever.

    An attempt that raises KubeError is repeated, with growing delays; it writes only what differs, and asks
    the leader before it does.
    """
    delays = backoff(_FIRST_DELAY, at_most=_LONGEST_DELAY)
    while True:
        await leader.wait_leader()
        changed.clear()
        try:
            await attempt()
        except KubeError as error:
            log.warning("not written", what=what, reason=str(error))
            await clock.sleep(next(delays))
            continue
        delays = backoff(_FIRST_DELAY, at_most=_LONGEST_DELAY)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN):
                await changed.wait()
