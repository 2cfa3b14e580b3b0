"""outlierDetection: after which failures an endpoint is left out."""

from convoy.api.istio.destination_rule import OutlierDetection
from convoy.mesh.durations import milliseconds
from convoy.mesh.model import Outliers


def resolve_outliers(settings: OutlierDetection | None) -> Outliers | None:
    """The detection that a block switches on, even an empty one; None without a block.

    `consecutiveErrors` is the old name of `consecutiveGatewayErrors`.
    """
    if settings is None:
        return None
    gateway = settings.consecutive_gateway_errors
    splits = bool(settings.split_external_local_origin_errors)
    return Outliers(
        consecutive_5xx=settings.consecutive_5xx_errors,
        consecutive_gateway_failures=settings.consecutive_errors if gateway is None else gateway,
        splits_local_errors=splits,
        consecutive_local_failures=(settings.consecutive_local_origin_failures or None) if splits else None,
        interval_ms=_optional_ms(settings.interval),
        base_ejection_ms=_optional_ms(settings.base_ejection_time),
        max_ejection_percent=settings.max_ejection_percent or None,
        min_health_percent=settings.min_health_percent or 0,
        error_statuses=tuple(sorted(set(settings.outlier_detection_http_error_codes))),
    )


def _optional_ms(text: str | None) -> int | None:
    return None if text is None else milliseconds(text)
