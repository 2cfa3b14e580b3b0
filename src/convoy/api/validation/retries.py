"""When and how often a request is tried again."""

from convoy.api import codes
from convoy.api.istio.virtual_service import HttpRetry
from convoy.api.paths import quote
from convoy.api.validation.finding import Findings

RETRY_POLICIES = frozenset(
    (
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "envoy-ratelimited",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    )
)


def check_retries(path: str, retries: HttpRetry, found: Findings) -> None:
    """Attempts, and conditions that Envoy knows: its policies, gRPC's, and HTTP statuses."""
    others = (retries.per_try_timeout, retries.retry_on or None, retries.retry_remote_localities)
    if retries.attempts == 0 and any(other is not None for other in others):
        message = "is 0 or missing, which turns retries off, but other retry fields are set."
        found.add(codes.CONFLICT, f"{path}.attempts", message, "Set it, or remove the others.")
    for policy in filter(None, (part.strip() for part in retries.retry_on.split(","))):
        is_status = policy.isdecimal() and 100 <= int(policy[:4]) <= 599
        if policy not in RETRY_POLICIES and not is_status:
            message = f"{quote(policy)} is neither a retry policy nor an HTTP status."
            remedy = f"Known: {', '.join(sorted(RETRY_POLICIES))}."
            found.add(codes.BAD_POLICY, f"{path}.retryOn", message, remedy)
