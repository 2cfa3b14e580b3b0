"""One rule of a host as an Envoy route: what it matches, where its requests go, what is done to them.

Where a rule and its destination both name a new host, the rule's counts, with one destination or several.
"""

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3

from convoy.mesh.model import Mirror, RouteRule, RuleRef, WeightedUpstream
from convoy.xds.build import names
from convoy.xds.build.cors import CORS, build_cors_policy
from convoy.xds.build.faults import FAULT, build_fault
from convoy.xds.build.hash_policies import build_hash_policy
from convoy.xds.build.header_edits import apply_edits
from convoy.xds.build.packing import milliseconds, packed, uint32
from convoy.xds.build.percentages import runtime_fraction
from convoy.xds.build.redirects import build_direct_response, build_redirect
from convoy.xds.build.retries import build_retry_policy
from convoy.xds.build.rewrites import apply_rewrite
from convoy.xds.build.route_matches import build_route_match

_METADATA = "convoy"


def build_route(rule: RouteRule) -> route_parts_v3.Route:
    """The route of one rule."""
    route = route_parts_v3.Route(
        name=rule.name or names.DEFAULT_ROUTE,
        match=build_route_match(rule.match),
        stat_prefix=rule.stat_prefix,
    )
    apply_edits(route, rule.edits)
    if rule.redirect is not None:
        route.redirect.CopyFrom(build_redirect(rule.redirect))
    elif rule.answer is not None:
        route.direct_response.CopyFrom(build_direct_response(rule.answer))
    elif rule.destinations:
        _apply_destinations(route, rule)
    else:
        route.direct_response.status = 503
    _apply_filters(route, rule)
    if rule.origin is not None:
        _name_origin(route, rule.origin)
    return route


def _apply_destinations(route: route_parts_v3.Route, rule: RouteRule) -> None:
    action = _route_action(rule)
    authority = rule.edits.authority
    if len(rule.destinations) == 1:
        (only,) = rule.destinations
        action.cluster = names.upstream(only.key)
        apply_edits(route, only.edits)
        authority = authority or only.edits.authority
    else:
        action.weighted_clusters.clusters.extend(_share(share) for share in rule.destinations)
    if authority:
        action.host_rewrite_literal = authority
    route.route.CopyFrom(action)


def _route_action(rule: RouteRule) -> route_parts_v3.RouteAction:
    timeout = milliseconds(rule.timeout_ms)
    is_hashed = bool(rule.hash_policies) and len(rule.destinations) == 1
    action = route_parts_v3.RouteAction(
        hash_policy=map(build_hash_policy, rule.hash_policies),
        timeout=timeout,
        retry_policy=build_retry_policy(rule.retries, is_hashed=is_hashed),
        # A gRPC client may ask for less time than the rule allows, never for more. The field is deprecated,
        # but with its successor (`max_stream_duration`) Envoy's router ignores `timeout`.
        max_grpc_timeout=timeout,
        request_mirror_policies=[_mirror(mirror) for mirror in rule.mirrors],
    )
    if rule.rewrite is not None:
        apply_rewrite(action, rule.rewrite)
    return action


def _share(share: WeightedUpstream) -> route_parts_v3.WeightedCluster.ClusterWeight:
    result = route_parts_v3.WeightedCluster.ClusterWeight(
        name=names.upstream(share.key), weight=uint32(share.weight)
    )
    apply_edits(result, share.edits)
    if share.edits.authority:
        result.host_rewrite_literal = share.edits.authority
    return result


def _mirror(mirror: Mirror) -> route_parts_v3.RouteAction.RequestMirrorPolicy:
    policy = route_parts_v3.RouteAction.RequestMirrorPolicy(
        cluster=names.upstream(mirror.key), runtime_fraction=runtime_fraction(mirror.share)
    )
    # A copy is no call of its own in a trace.
    policy.trace_sampled.value = False
    return policy


def _apply_filters(route: route_parts_v3.Route, rule: RouteRule) -> None:
    if rule.fault is not None:
        route.typed_per_filter_config[FAULT].CopyFrom(packed(build_fault(rule.fault)))
    if rule.cors is not None:
        route.typed_per_filter_config[CORS].CopyFrom(packed(build_cors_policy(rule.cors)))


def _name_origin(route: route_parts_v3.Route, origin: RuleRef) -> None:
    fields = {"kind": origin.kind, "namespace": origin.namespace, "name": origin.name, "rule": origin.rule}
    route.metadata.filter_metadata[_METADATA].update(fields)
