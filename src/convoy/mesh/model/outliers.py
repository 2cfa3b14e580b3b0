"""When endpoints that fail are left out for a while."""

from convoy.mesh.model.base import Part


class Outliers(Part, frozen=True, cache_hash=True):
    """Runs of failures after which an endpoint is ejected; None: Envoy's default, 0: never."""

    consecutive_5xx: int | None = None
    consecutive_gateway_failures: int | None = None
    splits_local_errors: bool = False
    """Failures to connect are counted apart from answers."""
    consecutive_local_failures: int | None = None
    interval_ms: int | None = None
    base_ejection_ms: int | None = None
    max_ejection_percent: int | None = None
    min_health_percent: int = 0
    """With fewer endpoints left all of them are used again."""
    error_statuses: tuple[int, ...] = ()
    """The statuses that count as failures; empty: those of the 5xx class."""
