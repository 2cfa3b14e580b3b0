"""Numbers and durations that have limits of their own, as one table by struct and field.

Validation finds values beyond them, and the CustomResourceDefinitions say the same as `minimum`, `maximum`
and rules about durations. Limits follow Istio's definitions and validation; where Envoy's are narrower,
Envoy's.
"""

import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.codes import ProblemCode
from convoy.api.paths import child_path, item_path
from convoy.api.validation.finding import MILLISECOND, Findings

LARGEST_INT32 = 2**31 - 1
LARGEST_UINT32 = 2**32 - 1


class Number(msgspec.Struct, frozen=True):
    """From `least` to `most`; what lies beyond has the code."""

    least: int
    most: int | None = LARGEST_UINT32
    code: ProblemCode = codes.BAD_NUMBER


class Span(msgspec.Struct, frozen=True):
    """A duration's limits in milliseconds. `is_whole` asks for whole milliseconds."""

    least: int = 1
    most: int | None = None
    is_whole: bool = True


Limit = Number | Span

_PORT = Number(1, 65535, codes.BAD_PORT)
_ANY_PORT = Number(0, 65535, codes.BAD_PORT)  # 0 where the bind is a socket's path
_COUNT = Number(0, LARGEST_INT32)
_UNSIGNED = Number(0)
_RING = Number(0, 8 * 1024 * 1024)  # Envoy's limit
_PERCENT = Number(0, 100)
_WEIGHT = Number(0, LARGEST_INT32, codes.BAD_WEIGHT)
_SPAN = Span()
_ANY_SPAN = Span(0, is_whole=False)
_HOUR = 3_600_000

_HTTP: Mapping[str, Mapping[str, Limit]] = {
    "PortSelector": {"number": _PORT},
    "HttpMatchRequest": {"port": _PORT},
    "HttpRouteDestination": {"weight": _WEIGHT},
    "HttpRedirect": {"port": _PORT, "redirectCode": Number(300, 399)},
    "HttpDirectResponse": {"status": Number(200, 599)},
    "HttpRetry": {"attempts": Number(0, LARGEST_INT32), "perTryTimeout": _SPAN, "backoff": _SPAN},
    "FaultDelay": {"percent": _PERCENT, "fixedDelay": _SPAN, "exponentialDelay": _SPAN},
    "FaultAbort": {"httpStatus": Number(200, 599)},
    "HttpRoute": {"timeout": _SPAN, "mirrorPercent": _PERCENT, "mirror_percent": _PERCENT},
    "TlsMatch": {"port": _PORT},
    "L4Match": {"port": _PORT},
    "RouteDestination": {"weight": _WEIGHT},
}
_POLICY: Mapping[str, Mapping[str, Limit]] = {
    "HttpCookie": {"ttl": _ANY_SPAN},
    "RingHash": {"minimumRingSize": _RING},
    "Maglev": {"tableSize": Number(0, None)},
    "ConsistentHash": {"minimumRingSize": _RING},
    "LocalityDistribute": {"to": Number(1, 100, codes.BAD_WEIGHT)},
    "ZoneAwareLbSetting": {"minClusterSize": Number(1)},
    "Warmup": {"duration": _SPAN, "minimumPercent": _PERCENT},
    "BackendUtilization": {
        "weightStabilizationPeriod": _ANY_SPAN,
        "weightExpirationPeriod": _ANY_SPAN,
        "weightUpdatePeriod": _ANY_SPAN,
        "errorUtilizationPenaltyPercent": _UNSIGNED,
    },
    "LoadBalancer": {"warmupDurationSecs": _SPAN},
    "TcpKeepalive": {"probes": _UNSIGNED, "time": _SPAN, "interval": _SPAN},
    "TcpPool": {
        "maxConnections": _COUNT,
        "connectTimeout": Span(1, _HOUR),
        "maxConnectionDuration": _SPAN,
        "idleTimeout": Span(0),
    },
    "Http2KeepAlive": {"interval": _SPAN, "timeout": _SPAN},
    "HttpPool": {
        "http1MaxPendingRequests": _COUNT,
        "http2MaxRequests": _COUNT,
        "maxRequestsPerConnection": _COUNT,
        "maxRetries": _COUNT,
        "idleTimeout": _SPAN,
        "maxConcurrentStreams": _COUNT,
    },
    "OutlierDetection": {
        "consecutiveErrors": _COUNT,
        "consecutiveLocalOriginFailures": _UNSIGNED,
        "consecutiveGatewayErrors": _UNSIGNED,
        "consecutive5xxErrors": _UNSIGNED,
        "interval": _SPAN,
        "baseEjectionTime": _SPAN,
        "maxEjectionPercent": _PERCENT,
        "minHealthPercent": _PERCENT,
        "outlierDetectionHttpErrorCodes": Number(100, 599),
    },
    "Tunnel": {"targetPort": _PORT},
    "RetryBudget": {"percent": _PERCENT, "minRetryConcurrency": _UNSIGNED, "budgetInterval": _ANY_SPAN},
}
_REST: Mapping[str, Mapping[str, Limit]] = {
    "ServiceEntryPort": {"number": _PORT, "targetPort": _PORT},
    "WorkloadEntrySpec": {"ports": _PORT, "weight": Number(0, LARGEST_UINT32, codes.BAD_WEIGHT)},
    "HttpGetProbe": {"port": _PORT},
    "TcpSocketProbe": {"port": _PORT},
    "GrpcProbe": {"port": _PORT},
    "ReadinessProbe": {
        "initialDelaySeconds": _COUNT,
        "timeoutSeconds": _COUNT,
        "periodSeconds": _COUNT,
        "successThreshold": _COUNT,
        "failureThreshold": _COUNT,
    },
    "GatewayPort": {"number": _ANY_PORT},
    "SidecarPort": {"number": _ANY_PORT},
    "ProxyConfigSpec": {"concurrency": _COUNT},
    "ListenerMatch": {"portNumber": _UNSIGNED},
    "FilterChainMatch": {"destinationPort": _UNSIGNED},
    "RouteConfigurationMatch": {"portNumber": _UNSIGNED},
    "ClusterMatch": {"portNumber": _UNSIGNED},
    "WaypointMatch": {"portNumber": _PORT},
    "EnvoyFilterSpec": {"priority": Number(-LARGEST_INT32 - 1, LARGEST_INT32)},
}

LIMITS: Mapping[tuple[str, str], Limit] = {
    (struct, field): limit
    for table in (_HTTP, _POLICY, _REST)
    for struct, fields in table.items()
    for field, limit in fields.items()
}


def check_limits(obj: ApiObject, found: Findings) -> None:
    """Every number and duration of the object's spec that is beyond its limits."""
    for path, value, limit in _limited(getattr(obj, "spec", None), "spec"):
        if isinstance(limit, Span):
            _check_span(path, value, limit, found)
        else:
            _check_number(path, value, limit, found)


def _check_number(path: str, value: float, limit: Number, found: Findings) -> None:
    if limit.least <= value and (limit.most is None or value <= limit.most):
        return
    if limit.code is codes.BAD_PORT:
        found.add(limit.code, path, f"{value} is not a port.", "Use 1 to 65535.")
    elif value < limit.least and limit.least == 0:
        found.add(limit.code, path, f"{value} is negative.", "Use 0 or more.")
    else:
        most = f"to {limit.most}" if limit.most is not None else "or more"
        found.add(limit.code, path, f"{value} is out of range.", f"Use {limit.least} {most}.")


def _check_span(path: str, text: str, limit: Span, found: Findings) -> None:
    at_most = None if limit.most is None else limit.most * MILLISECOND
    found.check_duration(
        path, text, at_least=limit.least * MILLISECOND, at_most=at_most, is_whole=limit.is_whole
    )


def _limited(value: Any, path: str) -> Iterator[tuple[str, Any, Limit]]:
    """Every value of a struct, and below it, that has limits."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _limited(item, item_path(path, i))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _limited(item, child_path(path, key))
    elif isinstance(value, msgspec.Struct):
        for attribute, name, limit in _plan(type(value)):
            inner = getattr(value, attribute)
            if inner is None or inner == [] or inner == {}:
                continue
            if limit is None:
                yield from _limited(inner, child_path(path, name))
            else:
                yield from ((here, each, limit) for here, each in _values(inner, child_path(path, name)))


def _values(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        yield from ((item_path(path, i), item) for i, item in enumerate(value))
    elif isinstance(value, dict):
        yield from ((child_path(path, key), item) for key, item in value.items())
    else:
        yield path, value


@cache
def _plan(struct: type[msgspec.Struct]) -> tuple[tuple[str, str, Limit | None], ...]:
    """The fields of a struct that have limits, or lead to some."""
    hints = typing.get_type_hints(struct)
    return tuple(
        (field.name, field.encode_name, limit)
        for field in msgspec.structs.fields(struct)
        if (limit := LIMITS.get((struct.__name__, field.encode_name))) or _has_limits(hints[field.name])
    )


def _has_limits(annotation: Any) -> bool:
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return bool(_plan(annotation))
    return any(_has_limits(inner) for inner in typing.get_args(annotation))
