"""The rules of VirtualServices."""

from tests.unit.api.validation.planting import Plant
from tests.unit.api.validation.plants.making import ROUTE, RULE, http, l4, match, tls, vs

from convoy.api import codes

_NAMED = {"match": [{"uri": {"exact": "/x"}}]}
PLANTS: tuple[Plant, ...] = (
    vs("hosts", {"hosts": [], "gateways": ["a"]}, codes.CONFLICT, "gateways", "delegate"),
    vs("hosts", {"tcp": [RULE]}, codes.CONFLICT, "tcp", "delegate"),
    vs("hosts star", {"hosts": ["*"]}, codes.BAD_HOST, "hosts[0]", "mesh http"),
    vs("hosts duplicate", {"hosts": ["a", "A"]}, codes.DUPLICATE_VALUE, "hosts[1]", "mesh http"),
    vs("hosts duplicate", {"hosts": ["a.b.c", "*.c"]}, codes.DUPLICATE_VALUE, "hosts[1]", "mesh http"),
    vs("no rule", {"http": [], "tls": [], "tcp": []}, codes.EMPTY, "http"),
    http("action", {"route": []}, codes.EMPTY, "route"),
    http("action", {"route": ROUTE, "redirect": {"uri": "/"}}, codes.CONFLICT, ""),
    http("action", {"directResponse": {"status": 200}, "redirect": {"uri": "/"}}, codes.CONFLICT, ""),
    http(
        "action", {"redirect": {"uri": "/"}, "fault": {"abort": {"httpStatus": 500}}}, codes.CONFLICT, "fault"
    ),
    http("action", {"directResponse": {"status": 200}, "rewrite": {"uri": "/"}}, codes.CONFLICT, "rewrite"),
    http("action", {"delegate": {"name": "a"}, "route": ROUTE}, codes.CONFLICT, ""),
    http("delegate", {"delegate": {"name": "a"}}, codes.CONFLICT, "delegate", "delegate"),
    match("match", {"scheme": {"prefix": ""}}, codes.EMPTY, "scheme.prefix"),
    match("match", {"queryParams": {"a": {"prefix": ""}}}, codes.EMPTY, "queryParams.a.prefix"),
    match("match", {"sourceNamespace": "a b"}, codes.BAD_REFERENCE, "sourceNamespace"),
    match("selector", {"sourceLabels": {"a": "*"}}, codes.BAD_SELECTOR, "sourceLabels.a"),
    match("one match", {"uri": {"prefix": "/", "exact": "/"}}, codes.CONFLICT, "uri"),
    http(
        "mirror", {"mirror": {"host": "a"}, "mirrors": [{"destination": {"host": "a"}}]}, codes.CONFLICT, ""
    ),
    http(
        "mirror",
        {"mirror": {"host": "a"}, "mirrorPercentage": {"value": 101}},
        codes.BAD_NUMBER,
        "mirrorPercentage.value",
    ),
    http(
        "mirror",
        {"mirrors": [{"destination": {"host": "a"}, "percentage": {"value": -1}}]},
        codes.BAD_NUMBER,
        "mirrors[0].percentage.value",
    ),
    http("percent", {"mirror": {"host": "a"}, "mirrorPercent": 101}, codes.BAD_NUMBER, "mirrorPercent"),
    http(
        "deprecated mirror",
        {"mirror": {"host": "a"}, "mirror_percent": 10},
        codes.DEPRECATED,
        "mirror_percent",
    ),
    http(
        "redirect", {"redirect": {"uri": "/", "prefixRewrite": "/"}, "match": []}, codes.CONFLICT, "redirect"
    ),
    http("redirect", {"redirect": {"prefixRewrite": "/"}}, codes.CONFLICT, "redirect.prefixRewrite"),
    http("redirect", {"redirect": {}}, codes.EMPTY, "redirect"),
    http(
        "redirect", {"redirect": {"uri": "/", "redirectCode": 200}}, codes.BAD_NUMBER, "redirect.redirectCode"
    ),
    http("redirect", {"redirect": {"scheme": "ftp"}}, codes.UNKNOWN_VALUE, "redirect.scheme"),
    http(
        "redirect", {"redirect": {"port": 80, "derivePort": "FROM_REQUEST_PORT"}}, codes.CONFLICT, "redirect"
    ),
    http("header value", {"redirect": {"uri": "/\n"}}, codes.BAD_HEADER_VALUE, "redirect.uri"),
    http("rewrite", {"rewrite": {}}, codes.EMPTY, "rewrite"),
    http(
        "rewrite",
        {"rewrite": {"uri": "/", "uriRegexRewrite": {"match": "a", "rewrite": "b"}}},
        codes.CONFLICT,
        "rewrite",
    ),
    http(
        "rewrite",
        {"rewrite": {"uriRegexRewrite": {"match": "a"}}},
        codes.EMPTY,
        "rewrite.uriRegexRewrite.rewrite",
    ),
    http(
        "rewrite",
        {"rewrite": {"uriRegexRewrite": {"match": "a", "rewrite": "\\1"}}},
        codes.BAD_REGEX,
        "rewrite.uriRegexRewrite.rewrite",
    ),
    http(
        "rewrite",
        {"rewrite": {"authority": "a"}, "headers": {"request": {"set": {"Host": "b"}}}},
        codes.CONFLICT,
        "headers.request",
    ),
    http("retries", {"retries": {"attempts": -1}}, codes.BAD_NUMBER, "retries.attempts"),
    http("retries", {"retries": {"attempts": 0, "retryOn": "5xx"}}, codes.CONFLICT, "retries.attempts"),
    http("retries", {"retries": {"attempts": 1, "retryOn": "foo"}}, codes.BAD_POLICY, "retries.retryOn"),
    http("retries", {"retries": {"attempts": 1, "retryOn": "999"}}, codes.BAD_POLICY, "retries.retryOn"),
    http("fault", {"fault": {}}, codes.EMPTY, "fault"),
    http("fault", {"fault": {"abort": {"http2Error": "a"}}}, codes.BAD_POLICY, "fault.abort.http2Error"),
    http(
        "fault",
        {"fault": {"delay": {"exponentialDelay": "1s"}}},
        codes.BAD_POLICY,
        "fault.delay.exponentialDelay",
    ),
    http("fault", {"fault": {"abort": {"httpStatus": 600}}}, codes.BAD_NUMBER, "fault.abort.httpStatus"),
    http("fault", {"fault": {"abort": {"grpcStatus": "a"}}}, codes.BAD_STATUS, "fault.abort.grpcStatus"),
    http(
        "fault", {"fault": {"abort": {"grpcStatus": "OK", "httpStatus": 200}}}, codes.CONFLICT, "fault.abort"
    ),
    http("fault type", {"fault": {"abort": {}}}, codes.NO_EFFECT, "fault.abort"),
    http("direct response", {"directResponse": {"status": 199}}, codes.BAD_NUMBER, "directResponse.status"),
    http(
        "direct response",
        {"directResponse": {"status": 200, "body": {"string": "a" * 1_048_577}}},
        codes.BAD_NUMBER,
        "directResponse.body",
    ),
    http(
        "direct response",
        {"directResponse": {"status": 200, "body": {"string": "a" * 102_401}}},
        codes.RISKY,
        "directResponse.body",
    ),
    http(
        "direct response",
        {"directResponse": {"status": 200, "body": {"bytes": "%"}}},
        codes.WRONG_TYPE,
        "directResponse.body.bytes",
    ),
    http("cors", {"corsPolicy": {"allowMethods": ["FOO"]}}, codes.BAD_STATUS, "corsPolicy.allowMethods[0]"),
    http("cors", {"corsPolicy": {"allowOrigins": [{}]}}, codes.EMPTY, "corsPolicy.allowOrigins[0]"),
    http("cors", {"corsPolicy": {"exposeHeaders": ["a b"]}}, codes.BAD_HEADER, "corsPolicy.exposeHeaders[0]"),
    http(
        "destination",
        {"route": [{"destination": {"host": "*"}}]},
        codes.BAD_HOST,
        "route[0].destination.host",
    ),
    http(
        "destination", {"route": [{"destination": {"host": ""}}]}, codes.BAD_HOST, "route[0].destination.host"
    ),
    http("destination", {"mirror": {"host": "a", "subset": "a b"}}, codes.BAD_NAME, "mirror.subset"),
    http(
        "port",
        {"route": [{"destination": {"host": "a", "port": {"number": 0}}}]},
        codes.BAD_PORT,
        "route[0].destination.port.number",
    ),
    tls("sni", {"match": []}, codes.EMPTY, "match", "mesh http"),
    tls("sni", {"match": [{"sniHosts": []}]}, codes.EMPTY, "match[0].sniHosts", "mesh http"),
    tls("sni", {"match": [{"sniHosts": ["other"]}]}, codes.BAD_HOST, "match[0].sniHosts[0]", "mesh http"),
    tls(
        "sni",
        {"match": [{"sniHosts": ["outbound_.80_._.a"]}]},
        codes.BAD_HOST,
        "match[0].sniHosts[0]",
        "mesh http",
    ),
    tls(
        "sni address",
        {"match": [{"sniHosts": ["1.2.3.4"]}]},
        codes.RISKY,
        "match[0].sniHosts[0]",
        "mesh http",
    ),
    tls("l4 route", {"route": []}, codes.EMPTY, "route", "mesh http"),
    l4("l4 route", {"route": []}, codes.EMPTY, "route"),
    l4(
        "l4 route",
        {"match": [{"destinationSubnets": ["a"]}]},
        codes.BAD_ADDRESS,
        "match[0].destinationSubnets[0]",
    ),
    l4("weights", {"route": ROUTE * 2}, codes.BAD_WEIGHT, "route"),
    l4("port", {"match": [{"port": 65536}]}, codes.BAD_PORT, "match[0].port"),
    vs("gateway names", {"gateways": ["mesh", "a/b/c"]}, codes.BAD_REFERENCE, "gateways[1]"),
    vs("gateway names", {"gateways": ["mesh", "gw.ns.svc.cluster.local"]}, codes.DEPRECATED, "gateways[1]"),
    match("gateway names", {"gateways": ["a b"]}, codes.BAD_REFERENCE, "gateways[0]"),
    vs("unreachable", {"http": [RULE, {**RULE, **_NAMED}]}, codes.UNREACHABLE, "http[1]"),
    vs("unreachable", {"http": [{**RULE, **_NAMED}, {**RULE, **_NAMED}]}, codes.UNREACHABLE, "http[1]"),
    vs("unreachable", {"tcp": [RULE, RULE]}, codes.UNREACHABLE, "tcp[1]"),
)
