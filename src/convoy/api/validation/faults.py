"""Faults that a rule injects: delays and aborts."""

from convoy.api import codes
from convoy.api.istio.common import Percent
from convoy.api.istio.virtual_service import FaultAbort, FaultDelay, HttpFault
from convoy.api.paths import quote
from convoy.api.validation.finding import Findings

# https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
GRPC_STATUSES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
_SMALLEST_SHARE = 0.0001


def check_fault(path: str, fault: HttpFault, found: Findings) -> None:
    """A delay, an abort or both."""
    if fault.delay is None and fault.abort is None:
        found.add(codes.EMPTY, path, "injects nothing.", "Set delay or abort, or remove it.")
    if fault.delay is not None:
        _check_delay(f"{path}.delay", fault.delay, found)
    if fault.abort is not None:
        _check_abort(f"{path}.abort", fault.abort, found)


def _check_delay(path: str, delay: FaultDelay, found: Findings) -> None:
    _check_share(path, delay.percentage, found)
    if delay.exponential_delay is not None:
        message = "is in Istio's API, but Istio refuses it, and Envoy has nothing like it."
        found.add(codes.BAD_POLICY, f"{path}.exponentialDelay", message, "Use fixedDelay.")
    elif delay.fixed_delay is None:
        found.add(codes.NO_EFFECT, path, "has no fixedDelay, so nothing is delayed.", "Add fixedDelay.")
    if delay.percent:
        found.add(codes.DEPRECATED, f"{path}.percent", "is deprecated.", "Use percentage.value.")


def _check_abort(path: str, abort: FaultAbort, found: Findings) -> None:
    _check_share(path, abort.percentage, found)
    kinds = {
        "httpStatus": abort.http_status,
        "grpcStatus": abort.grpc_status,
        "http2Error": abort.http2_error,
    }
    given = [name for name, value in kinds.items() if value is not None]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    if not given:
        message = "says no status, so nothing is aborted."
        found.add(codes.NO_EFFECT, path, message, "Add httpStatus or grpcStatus.")
    if abort.http2_error is not None:
        message = "is in Istio's API, but Istio refuses it, and Envoy has nothing like it."
        found.add(codes.BAD_POLICY, f"{path}.http2Error", message, "Use httpStatus or grpcStatus.")
    if abort.grpc_status is not None and abort.grpc_status not in GRPC_STATUSES:
        message = f"{quote(abort.grpc_status)} is not a status of gRPC."
        remedy = f"Use one of {', '.join(GRPC_STATUSES)}."
        found.add(codes.BAD_STATUS, f"{path}.grpcStatus", message, remedy)


def _check_share(path: str, share: Percent | None, found: Findings) -> None:
    """0, or what Envoy's millionths can say: 0.0001 to 100."""
    if share is not None and share.value != 0 and not _SMALLEST_SHARE <= share.value <= 100:
        message = f"{share.value:g} is neither 0 nor from 0.0001 to 100."
        found.add(codes.BAD_NUMBER, f"{path}.percentage.value", message, "Write percent, such as 0.1.")
