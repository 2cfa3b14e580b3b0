"""When failing endpoints are left out for a while."""

from convoy.api import codes
from convoy.api.istio.destination_rule import OutlierDetection
from convoy.api.validation.finding import Findings


def check_outlier_detection(path: str, outlier: OutlierDetection, found: Findings) -> None:
    """Which settings need others, and which are old."""
    if outlier.consecutive_errors:
        remedy = "Use consecutiveGatewayErrors or consecutive5xxErrors."
        found.add(codes.DEPRECATED, f"{path}.consecutiveErrors", "is deprecated.", remedy)
    if outlier.consecutive_local_origin_failures and not outlier.split_external_local_origin_errors:
        message = "counts only where errors are split, but splitExternalLocalOriginErrors is not true."
        found.add(
            codes.CONFLICT, f"{path}.consecutiveLocalOriginFailures", message, "Set that, or remove it."
        )
