"""VirtualServices: for sidecars, for gateways, for both, and delegates."""

import base64
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from tests.kit.generated import values as v
from tests.kit.generated.values import Json, Strategy, few, mapping, some, string_match, struct

_METHODS = ("GET", "POST", "*", "OPTIONS")
_CLAIMS = (
    "@request.auth.claims.sub",
    "@request.auth.claims.group.id",
    "@request.auth.claims[groups]",
    "@Request.auth.claims[group][example.com/id]",
)

_operations = struct(
    set=mapping(v.header_names, v.header_values),
    add=mapping(v.header_names, v.header_values),
    remove=few(v.header_names),
)
_headers = struct(request=_operations, response=_operations)
_percentage = struct(value=v.fractions)


def _match(gateways: Strategy, *, claims: bool) -> Strategy:
    headers = st.one_of(v.header_names, some(*_CLAIMS)) if claims else v.header_names
    return struct(
        name=v.names,
        uri=string_match(prefixes=v.paths),
        scheme=string_match(),
        method=string_match(),
        authority=string_match(),
        headers=mapping(headers, string_match()),
        withoutHeaders=mapping(headers, st.one_of(string_match(), some({"regex": "*"}))),
        queryParams=mapping(some("q", "x y"), string_match()),
        ignoreUriCase=v.bools,
        port=v.ports,
        sourceLabels=v.labels,
        sourceNamespace=some(*v.NAMESPACES),
        gateways=gateways,
        statPrefix=v.names,
    )


_redirect = struct(
    {"authority": some("www.example.com", "other:8080")},
    uri=v.paths,
    scheme=some("http", "https"),
    redirectCode=some(301, 302, 303, 307, 308),
    port=v.ports,
) | struct(
    {"prefixRewrite": v.paths},
    derivePort=some("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"),
)
_direct = struct(
    {"status": some(200, 204, 404, 503, 599)},
    body=struct(string=some("", "hello", "x" * 5000))
    | struct(bytes=some(b"", b"\x00\xff").map(lambda raw: base64.b64encode(raw).decode())),
)
_rewrite = struct({"authority": some("rewritten.example.com")}, uri=v.paths) | st.fixed_dictionaries(
    {"uriRegexRewrite": struct({"match": some("/(a|b)/(.*)"), "rewrite": some(r"/\2/\1", "/x", "\\\\")})}
)
_retries = struct(
    {"attempts": some(1, 3, 2**31 - 1)},
    perTryTimeout=v.durations,
    retryOn=some("", "5xx", "connect-failure,refused-stream,503", "cancelled,gateway-error, reset"),
    retryRemoteLocalities=v.bools,
    retryIgnorePreviousHosts=v.bools,
    backoff=v.durations,
) | some({}, {"attempts": 0})
_delay = struct({"fixedDelay": v.durations}, percentage=_percentage, percent=v.percents)
_abort = struct(
    {"httpStatus": some(200, 418, 599)},
    percentage=_percentage,
) | struct({"grpcStatus": some("OK", "UNAVAILABLE", "DATA_LOSS")}, percentage=_percentage)
_fault = st.one_of(
    struct({"delay": _delay}, abort=_abort),
    struct({"abort": _abort}, delay=_delay),
)
_cors = struct(
    allowOrigin=few(some("https://a.example", "*")),
    allowOrigins=few(string_match().filter(lambda match: any(match.values()))),
    allowMethods=few(some(*_METHODS)),
    allowHeaders=few(some("x-a", "*")),
    exposeHeaders=few(some("x-b", "*")),
    maxAge=v.seconds,
    allowCredentials=v.bools,
    unmatchedPreflights=some("UNSPECIFIED", "FORWARD", "IGNORE"),
)
_route = v.weighted(struct({"destination": v.destinations}, weight=some(0, 1, 50, 100), headers=_headers))
_any_rule = {"name": v.names, "corsPolicy": _cors, "headers": _headers}


def _rule(gateways: Strategy, *, claims: bool, may_delegate: bool) -> Strategy:
    match = few(_match(gateways, claims=claims))
    common = {**_any_rule, "match": match}
    forwarding = struct(
        {"route": _route},
        **common,
        rewrite=_rewrite,
        timeout=v.durations,
        retries=_retries,
        fault=_fault,
        mirror=v.destinations,
        mirrorPercentage=_percentage,
        mirrorPercent=v.percents,
        mirror_percent=v.percents,
    )
    mirroring = struct(
        {
            "route": _route,
            "mirrors": few(struct({"destination": v.destinations}, percentage=_percentage), least=1),
        },
        match=match,
    )
    kinds = [
        forwarding,
        mirroring,
        struct({"redirect": _redirect}, **common).map(_prefix_for_redirect),
        struct({"directResponse": _direct}, **common),
    ]
    if may_delegate:
        delegate = struct({"name": some("child", "nobody")}, namespace=some(*v.NAMESPACES))
        kinds.append(struct({"delegate": delegate}, match=match))
    return st.one_of(kinds)


def _prefix_for_redirect(rule: Json) -> Json:
    if "prefixRewrite" not in rule["redirect"]:
        return rule
    match = [{**each, "uri": {"prefix": "/p"}} for each in rule.get("match", ())]
    return {**rule, "match": match}


_l4_route = v.weighted(struct({"destination": v.destinations}, weight=some(0, 1, 50)))
_l4_match: Json = {
    "destinationSubnets": few(v.cidrs),
    "port": v.ports,
    "sourceLabels": v.labels,
}


ANYWHERE = (None, ["mesh"], ["public"], ["mesh", "istio-system/public"], ["default/public"])
EVERY_PART = ("http", "tls", "tcp")


@st.composite
def virtual_services(
    draw: st.DrawFn, bindings: Sequence[list[str] | None] = ANYWHERE, parts: Sequence[str] = EVERY_PART
) -> Json:
    """The spec of one, bound to one of these lists of gateways, with rules of these kinds."""
    gateways = draw(some(*bindings))
    at_gateways_only = gateways is not None and "mesh" not in gateways
    bound = few(some(*(gateways or ["mesh"])), unique=True)
    spec: Json = {} if gateways is None else {"gateways": gateways}
    hosts = draw(
        few(some(*v.HOSTS), least=1, unique=True)
        | few(some(*v.WILDCARDS, "198.19.128.3"), least=1, unique=True)
    )
    if at_gateways_only and draw(some(True, False, False)):
        hosts = ["*"]
    spec["hosts"] = hosts
    chosen = draw(few(some(*parts), least=1, most=3, unique=True))
    if "http" in chosen:
        rule = _rule(bound, claims=at_gateways_only, may_delegate=True)
        spec["http"] = draw(few(rule, least=1, most=3))
    if "tls" in chosen:
        spec["tls"] = draw(few(_tls_rule(hosts, bound), least=1))
    if "tcp" in chosen:
        match = struct(**_l4_match, sourceNamespace=some(*v.NAMESPACES), gateways=bound, sourceSubnet=v.cidrs)
        spec["tcp"] = draw(few(struct({"route": _l4_route}, match=few(match)), least=1))
    spec.update(draw(struct(exportTo=v.export_to)))
    return spec


def _tls_rule(hosts: list[str], gateways: Strategy) -> Strategy:
    match = struct(
        {"sniHosts": few(some(*hosts), least=1, unique=True)},
        **_l4_match,
        sourceNamespace=some(*v.NAMESPACES),
        gateways=gateways,
    )
    return struct({"match": few(match, least=1), "route": _l4_route})


@st.composite
def delegates(draw: st.DrawFn) -> Any:
    """The spec of one that others include."""
    rule = _rule(st.just([]), claims=False, may_delegate=False)
    return {"http": draw(few(rule, least=1)), **draw(struct(exportTo=v.export_to))}
