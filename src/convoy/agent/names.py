"""Keep the name table fresh by long polls; an old table stays in use while the control plane is away."""

from convoy.agent.controlplane import ControlPlane
from convoy.agent.errors import ControlPlaneError
from convoy.agent.reporting import report
from convoy.dns.table import EMPTY_TABLE, NameTable
from convoy.kit.backoff import backoff
from convoy.kit.clock import Clock

_SHORTEST_POLL = 1.0


class Names:
    """The newest name table of this pod."""

    def __init__(self) -> None:
        self.table: NameTable = EMPTY_TABLE
        self.arrived = False

    async def keep_fresh(self, control_plane: ControlPlane, *, clock: Clock) -> None:
        """Never returns; failures are reported once and tried again."""
        delays, reported = backoff(0.2, at_most=5.0), ""
        while True:
            asked_at = clock.monotonic()
            try:
                newer = await control_plane.wait_names(self.table.version)
            except ControlPlaneError as error:
                if str(error) != reported:
                    reported = str(error)
                    report("names not obtained", level="warning", reason=reported, effect="old ones stay")
                await clock.sleep(next(delays))
                continue
            delays, reported = backoff(0.2, at_most=5.0), ""
            if newer is not None:
                self.table, self.arrived = newer, True
                report("names obtained", version=newer.version, names=len(newer.names))
            elif clock.monotonic() - asked_at < _SHORTEST_POLL:
                # A server that does not wait must not be asked in a loop.
                await clock.sleep(_SHORTEST_POLL)
