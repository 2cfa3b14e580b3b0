"""The filter that answers browsers' preflight requests, and what a route tells it.

Like the fault filter it stands in every chain whose routes users write, and does nothing by itself.
"""

from envoy.extensions.filters.http.cors.v3 import cors_pb2 as cors_v3
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.mesh.model import MILLION, CorsPolicy
from convoy.xds.build.packing import packed
from convoy.xds.build.percentages import runtime_fraction
from convoy.xds.build.route_matches import build_text_match

CORS = "envoy.filters.http.cors"


def build_cors_filter() -> hcm_v3.HttpFilter:
    """The filter, idle."""
    return hcm_v3.HttpFilter(name=CORS, typed_config=packed(cors_v3.Cors()))


def build_cors_policy(policy: CorsPolicy) -> cors_v3.CorsPolicy:
    """What the filter answers for a route."""
    result = cors_v3.CorsPolicy(
        allow_origin_string_match=[build_text_match(origin) for origin in policy.origins],
        allow_methods=",".join(policy.methods),
        allow_headers=",".join(policy.headers),
        expose_headers=",".join(policy.exposed_headers),
        max_age="" if policy.max_age_s is None else str(policy.max_age_s),
        filter_enabled=runtime_fraction(MILLION),
        forward_not_matching_preflights=BoolValue(value=policy.forwards_unmatched_preflights),
    )
    if policy.allows_credentials is not None:
        result.allow_credentials.value = policy.allows_credentials
    return result
