"""When a change goes out: at once after quiet, else when it is quiet again, but never later than a bound.

Pure: times are passed in, in seconds of any monotonic clock. Endpoints have a shorter bound, because requests
fail while proxies call a pod that is gone.

The bound counts from the last release and not from the first change after it: while the reader works on what
was released nothing is noted, and that time would come on top for every change that waits for him. After his
work there is at least the time of quiet until the next release, so that he never takes the whole machine.
"""

QUIET = 0.1
AT_MOST = 1.0
AT_MOST_ENDPOINTS = 0.3


class HoldOff:
    """Changes noted and not yet released."""

    def __init__(
        self,
        *,
        quiet: float = QUIET,
        at_most: float = AT_MOST,
        at_most_endpoints: float = AT_MOST_ENDPOINTS,
    ) -> None:
        self._quiet, self._at_most, self._at_most_endpoints = quiet, at_most, at_most_endpoints
        self._first: float | None = None
        self._last = self._released = self._finished = float("-inf")
        self._is_lone = False
        self._endpoints_only = True

    @property
    def is_pending(self) -> bool:
        """Whether a change waits to be released."""
        return self._first is not None

    def note(self, now: float, *, endpoints_only: bool) -> None:
        """A change arrived."""
        if self._first is None:
            self._first = now
            self._is_lone = now - self._last >= self._quiet
            self._endpoints_only = True
        self._last = now
        self._endpoints_only = self._endpoints_only and endpoints_only

    def delay(self, now: float) -> float:
        """Seconds until what is pending goes out: 0 when it is due. Later changes never make it shorter."""
        if self._first is None or self._is_lone:
            return 0.0
        bound = self._at_most_endpoints if self._endpoints_only else self._at_most
        latest = max(self._released + bound, self._finished + self._quiet)
        return max(0.0, min(self._last + self._quiet, self._first + bound, latest) - now)

    def release(self, now: float) -> None:
        """What was pending goes out now."""
        self._first = None
        self._last = max(self._last, now)
        self._released = self._finished = now

    def finish(self, now: float) -> None:
        """The reader has done with what was released; that he worked counts as activity."""
        self._finished = self._last = max(self._last, now)
