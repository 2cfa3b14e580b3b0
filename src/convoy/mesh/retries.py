"""Retry policies of HTTP rules.

A rule that says nothing has the mesh's default. It leaves out 503, as Istio does since 1.24: a server that
answers 503 may have done its work already.
"""

from convoy.api.istio.virtual_service import HttpRetry
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import RetryPolicy

_RETRIABLE_STATUS = "retriable-status-codes"
_RETRY_ON = ("connect-failure", "refused-stream", "unavailable", "cancelled", _RETRIABLE_STATUS)
DEFAULT_RETRIES = RetryPolicy(attempts=2, retry_on=_RETRY_ON, retriable_status_codes=())
NO_RETRIES = RetryPolicy(attempts=0, retry_on=(), retriable_status_codes=())


def build_retries(written: HttpRetry | None, default: RetryPolicy = DEFAULT_RETRIES) -> RetryPolicy:
    """The policy of a rule, or the mesh's."""
    if written is None:
        return default
    if written.attempts <= 0:
        return NO_RETRIES
    conditions, codes = _retry_on(written.retry_on)
    return RetryPolicy(
        attempts=written.attempts,
        retry_on=conditions,
        retriable_status_codes=codes,
        per_try_timeout_ms=milliseconds(written.per_try_timeout),
        backoff_ms=milliseconds(written.backoff),
        avoids_tried_hosts=written.retry_ignore_previous_hosts,
        leaves_locality=bool(written.retry_remote_localities),
    )


def _retry_on(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return DEFAULT_RETRIES.retry_on, DEFAULT_RETRIES.retriable_status_codes
    codes = tuple(sorted({int(part) for part in parts if part.isdigit()}))
    conditions = [part for part in parts if not part.isdigit()]
    if codes:
        conditions.append(_RETRIABLE_STATUS)
    return tuple(dict.fromkeys(conditions)), codes
