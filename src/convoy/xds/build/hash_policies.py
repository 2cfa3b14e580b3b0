"""By what requests and connections are told apart where a cluster chooses endpoints by hash."""

from envoy.config.route.v3 import route_components_pb2 as route_parts_v3
from envoy.type.v3 import hash_policy_pb2 as hash_policy_v3

from convoy.mesh.model import HashPolicy, HashSource
from convoy.xds.build.packing import milliseconds

_Policy = route_parts_v3.RouteAction.HashPolicy


def build_hash_policy(policy: HashPolicy) -> route_parts_v3.RouteAction.HashPolicy:
    """One policy of a route."""
    if policy.source is HashSource.HEADER:
        return _Policy(header=_Policy.Header(header_name=policy.name))
    if policy.source is HashSource.QUERY:
        return _Policy(query_parameter=_Policy.QueryParameter(name=policy.name))
    if policy.source is HashSource.SOURCE_IP:
        return _Policy(connection_properties=_Policy.ConnectionProperties(source_ip=True))
    cookie = _Policy.Cookie(
        name=policy.name,
        path=policy.path,
        attributes=[_Policy.CookieAttribute(name=name, value=value) for name, value in policy.attributes],
    )
    if policy.ttl_ms is not None:
        cookie.ttl.CopyFrom(milliseconds(policy.ttl_ms))
    return _Policy(cookie=cookie)


def hash_by_source() -> hash_policy_v3.HashPolicy:
    """The only policy that connections of bytes can have."""
    return hash_policy_v3.HashPolicy(source_ip=hash_policy_v3.HashPolicy.SourceIp())
