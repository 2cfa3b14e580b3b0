"""When a cluster leaves out endpoints that fail.

Istio's meaning of the settings: a run of failures that is counted always ejects, statistics about success
rates never do, and Envoy's panic mode, which would use ejected endpoints when half of all are out, is off
unless `minHealthPercent` asks for it.
"""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.cluster.v3 import outlier_detection_pb2 as outlier_v3
from envoy.config.common.matcher.v3 import matcher_pb2 as matcher_v3
from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.type.matcher.v3 import string_pb2 as string_v3

from convoy.mesh.model import Outliers
from convoy.xds.build.packing import milliseconds, uint32


def apply_outliers(cluster: cluster_v3.Cluster, outliers: Outliers | None) -> None:
    """Switch detection on; None leaves it off."""
    if outliers is None:
        return
    cluster.outlier_detection.CopyFrom(_build_outlier_detection(outliers))
    cluster.common_lb_config.healthy_panic_threshold.value = outliers.min_health_percent


def build_error_matcher(statuses: tuple[int, ...]) -> matcher_v3.MatchPredicate:
    """Answers with one of these statuses."""
    predicates = [_status(status) for status in statuses]
    if len(predicates) == 1:
        return predicates[0]
    return matcher_v3.MatchPredicate(or_match=matcher_v3.MatchPredicate.MatchSet(rules=predicates))


def _build_outlier_detection(outliers: Outliers) -> outlier_v3.OutlierDetection:
    detection = outlier_v3.OutlierDetection(enforcing_success_rate=uint32(0))
    if outliers.consecutive_5xx is not None:
        detection.consecutive_5xx.value = outliers.consecutive_5xx
        detection.enforcing_consecutive_5xx.value = _always(outliers.consecutive_5xx)
    if outliers.consecutive_gateway_failures is not None:
        detection.consecutive_gateway_failure.value = outliers.consecutive_gateway_failures
        detection.enforcing_consecutive_gateway_failure.value = _always(outliers.consecutive_gateway_failures)
    if outliers.splits_local_errors:
        detection.split_external_local_origin_errors = True
        detection.enforcing_local_origin_success_rate.value = 0
    if outliers.consecutive_local_failures is not None:
        detection.consecutive_local_origin_failure.value = outliers.consecutive_local_failures
        detection.enforcing_consecutive_local_origin_failure.value = 100
    if outliers.interval_ms is not None:
        detection.interval.CopyFrom(milliseconds(outliers.interval_ms))
    if outliers.base_ejection_ms is not None:
        detection.base_ejection_time.CopyFrom(milliseconds(outliers.base_ejection_ms))
    if outliers.max_ejection_percent is not None:
        detection.max_ejection_percent.value = outliers.max_ejection_percent
    return detection


def _always(run: int) -> int:
    """A run of 0 failures would eject everybody; it means never."""
    return 100 if run else 0


def _status(status: int) -> matcher_v3.MatchPredicate:
    header = route_parts_v3.HeaderMatcher(
        name=":status", string_match=string_v3.StringMatcher(exact=str(status))
    )
    return matcher_v3.MatchPredicate(
        http_response_headers_match=matcher_v3.HttpHeadersMatch(headers=[header])
    )
