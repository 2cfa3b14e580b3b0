"""Every rule: an object that is right, one thing in it made wrong, and the problem that must follow."""

import copy
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convoy.api import codes
from convoy.api.reading import read_objects

VS = {
    "hosts": ["reviews.default.svc.cluster.local"],
    "gateways": ["mesh", "istio-system/public"],
    "exportTo": ["*"],
    "http": [
        {
            "name": "jason",
            "match": [
                {
                    "uri": {"prefix": "/api"},
                    "headers": {"end-user": {"exact": "jason"}, "x-any": {}},
                    "queryParams": {"v": {"regex": "[0-9]+"}},
                    "port": 9080,
                    "sourceLabels": {"app": "productpage"},
                    "sourceNamespace": "default",
                    "gateways": ["mesh"],
                }
            ],
            "route": [
                {"destination": {"host": "reviews.default.global", "subset": "v2"}, "weight": 50},
                {"destination": {"host": "reviews", "port": {"number": 9080}}, "weight": 50},
            ],
            "timeout": "3s",
            "retries": {"attempts": 2, "perTryTimeout": "500ms", "retryOn": "5xx, connect-failure,503"},
        },
        {"route": [{"destination": {"host": "reviews", "subset": "v1"}}]},
    ],
}
POLICY = {
    "tls": {"mode": "ISTIO_MUTUAL", "subjectAltNames": ["spiffe://a/ns/b/sa/c"], "sni": "a.example.com"},
    "loadBalancer": {"simple": "ROUND_ROBIN"},
    "connectionPool": {"tcp": {"connectTimeout": "1s"}},
    "portLevelSettings": [{"port": {"number": 80}, "tls": {"mode": "DISABLE"}}],
}
DR = {
    "host": "reviews.default.svc.cluster.local",
    "exportTo": ["."],
    "trafficPolicy": POLICY,
    "subsets": [{"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "trafficPolicy": POLICY}],
}
SE = {
    "hosts": ["reviews.default.global"],
    "location": "MESH_INTERNAL",
    "ports": [{"name": "http1", "number": 9080, "protocol": "http"}],
    "resolution": "DNS",
    "addresses": ["240.0.0.3"],
    "endpoints": [{"address": "198.19.0.2", "labels": {"cluster": "cluster2"}, "ports": {"http1": 15443}}],
    "subjectAltNames": ["spiffe://cluster.local/ns/default/sa/reviews"],
}
GW = {
    "selector": {"istio": "ingressgateway"},
    "servers": [
        {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*", "default/*.example.com"]},
        {
            "port": {"number": 15443, "name": "tls", "protocol": "TLS"},
            "hosts": ["*.global"],
            "tls": {"mode": "AUTO_PASSTHROUGH"},
        },
    ],
}
PA = {
    "selector": {"matchLabels": {"app": "reviews"}},
    "mtls": {"mode": "STRICT"},
    "portLevelMtls": {"9080": {"mode": "PERMISSIVE"}},
}
SERVICE = {
    "selector": {"app": "reviews"},
    "clusterIP": "198.18.200.3",
    "ports": [{"name": "http", "port": 9080}, {"name": "grpc", "port": 9081, "targetPort": "grpc"}],
}
POD = {
    "serviceAccountName": "reviews",
    "containers": [{"name": "reviews", "ports": [{"containerPort": 9080}]}],
}

RIGHT = {
    "VirtualService": ("networking.istio.io/v1alpha3", VS),
    "DestinationRule": ("networking.istio.io/v1beta1", DR),
    "ServiceEntry": ("networking.istio.io/v1", SE),
    "Gateway": ("networking.istio.io/v1", GW),
    "PeerAuthentication": ("security.istio.io/v1beta1", PA),
    "Service": ("v1", SERVICE),
    "Pod": ("v1", POD),
}


def manifest(kind, path="", value=None):
    version, spec = RIGHT[kind]
    data = {"apiVersion": version, "kind": kind, "metadata": {"name": "reviews"}, "spec": copy.deepcopy(spec)}
    if path:
        plant(data, path, value)
    return data


def plant(data, path, value):
    *parents, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    for part in parents:
        data = data.setdefault(part, {}) if isinstance(data, dict) else data[part]
    if value is REMOVED:
        del data[last]
    else:
        data[last] = value


REMOVED = object()


def problems_of(data):
    return read_objects(msgspec.json.encode(data), file="a.json").all_problems()


@pytest.mark.parametrize("kind", RIGHT)
def test_object_that_is_right_has_no_problems(kind):
    assert problems_of(manifest(kind)) == ()


# Kind, what is planted where, and the problem: its code, and its field where that is another or, when it
# starts with a dot or bracket, something within.
MATCH = "spec.http[0].match[0]"
POLICIES = "spec.trafficPolicy"
PORT_LEVEL = "spec.trafficPolicy.portLevelSettings[0]"
RULES: list[tuple] = [
    ("VirtualService", "spec.hosts", [], codes.CONFLICT, "spec.gateways"),
    ("VirtualService", "spec.hosts", ["*"], codes.BAD_HOST, "[0]"),
    ("VirtualService", "spec.hosts", ["a..b"], codes.BAD_HOST, "[0]"),
    ("VirtualService", "spec.hosts", ["a", "A"], codes.DUPLICATE_VALUE, "[1]"),
    ("VirtualService", "spec.hosts", ["a.example.com", "*.example.com"], codes.DUPLICATE_VALUE, "[1]"),
    ("VirtualService", "spec.gateways[1]", "a/b/c", codes.BAD_REFERENCE),
    ("VirtualService", "spec.gateways[1]", "mesh", codes.DUPLICATE_VALUE),
    ("VirtualService", "spec.gateways[1]", "gw.default.svc.cluster.local", codes.DEPRECATED),
    ("VirtualService", "spec.exportTo", ["*", "."], codes.BAD_EXPORT, "[0]"),
    ("VirtualService", "spec.http", [], codes.EMPTY),
    ("VirtualService", "spec.http[0].route", [], codes.EMPTY),
    ("VirtualService", "spec.http[0].redirect", {"uri": "/"}, codes.CONFLICT, "spec.http[0]"),
    ("VirtualService", "spec.http[0].match", [], codes.UNREACHABLE, "spec.http[1]"),
    ("VirtualService", "spec.http[0].match[0]", {"uri": {"prefix": "/"}}, codes.UNREACHABLE, "spec.http[1]"),
    ("VirtualService", MATCH + ".uri", {}, codes.NO_EFFECT),
    ("VirtualService", MATCH + ".scheme", {"prefix": ""}, codes.EMPTY, ".prefix"),
    ("VirtualService", MATCH + ".uri.exact", "/a", codes.CONFLICT, MATCH + ".uri"),
    ("VirtualService", MATCH + ".uri", {"regex": "(?=a)"}, codes.BAD_REGEX, ".regex"),
    ("VirtualService", MATCH + ".uri", {"regex": ""}, codes.BAD_REGEX, ".regex"),
    ("VirtualService", MATCH + ".uri", {"regex": r"\pL{1000}" * 5}, codes.BAD_REGEX, ".regex"),
    ("VirtualService", MATCH + ".uri", {"regex": "a" * 1025}, codes.BAD_REGEX, ".regex"),
    ("VirtualService", MATCH + ".headers.a b", {}, codes.BAD_HEADER, MATCH + '.headers["a b"]'),
    ("VirtualService", MATCH + ".headers.uri", {}, codes.NO_EFFECT),
    ("VirtualService", MATCH + ".headers.@request", {}, codes.BAD_HEADER, MATCH + '.headers["@request"]'),
    ("VirtualService", MATCH + ".port", 70000, codes.BAD_PORT),
    ("VirtualService", MATCH + ".sourceLabels.app", "*", codes.BAD_SELECTOR),
    ("VirtualService", MATCH + ".sourceNamespace", "a b", codes.BAD_REFERENCE),
    ("VirtualService", MATCH + ".gateways[0]", "", codes.BAD_REFERENCE),
    ("VirtualService", "spec.http[0].route[0].destination.host", "*", codes.BAD_HOST),
    ("VirtualService", "spec.http[0].route[0].destination.host", "1.2.3.4", codes.BAD_HOST),
    ("VirtualService", "spec.http[0].route[0].destination.subset", "a b", codes.BAD_NAME),
    ("VirtualService", "spec.http[0].route[1].destination.port.number", 0, codes.BAD_PORT),
    ("VirtualService", "spec.http[0].route[0].weight", -1, codes.BAD_WEIGHT),
    ("VirtualService", "spec.http[0].timeout", "0s", codes.BAD_DURATION),
    ("VirtualService", "spec.http[0].timeout", "1.5ms", codes.BAD_DURATION),
    ("VirtualService", "spec.http[0].timeout", "soon", codes.BAD_DURATION),
    ("VirtualService", "spec.http[0].retries.attempts", 0, codes.CONFLICT),
    ("VirtualService", "spec.http[0].retries.attempts", -1, codes.BAD_NUMBER),
    ("VirtualService", "spec.http[0].retries.retryOn", "foo", codes.BAD_POLICY),
    ("VirtualService", "spec.http[0].retries.retryOn", "999", codes.BAD_POLICY),
    ("DestinationRule", "spec.host", "1.2.3.4/8", codes.BAD_HOST),
    ("DestinationRule", "spec.host", "*-a.example.com", codes.RISKY),
    ("DestinationRule", "spec.trafficPolicy", {}, codes.EMPTY),
    ("DestinationRule", POLICIES + ".tls.sni", "a" * 256, codes.BAD_HOST),
    ("DestinationRule", POLICIES + ".tls.subjectAltNames", [""], codes.EMPTY, "[0]"),
    ("DestinationRule", POLICIES + ".loadBalancer.simple", "LEAST_CONN", codes.DEPRECATED),
    ("DestinationRule", POLICIES + ".connectionPool.tcp.connectTimeout", "2h", codes.BAD_DURATION),
    ("DestinationRule", POLICIES + ".portLevelSettings[0].port", REMOVED, codes.MISSING_FIELD),
    ("DestinationRule", POLICIES + ".portLevelSettings[0].port.number", 0, codes.BAD_PORT),
    ("DestinationRule", PORT_LEVEL + ".tls", REMOVED, codes.EMPTY, PORT_LEVEL),
    ("DestinationRule", "spec.subsets[1].name", "v1", codes.DUPLICATE_VALUE),
    ("DestinationRule", "spec.subsets[1].name", "", codes.BAD_NAME),
    ("DestinationRule", "spec.subsets[0].labels.version", "a b", codes.BAD_SELECTOR),
    ("DestinationRule", "spec.subsets[1].trafficPolicy", {}, codes.EMPTY),
    ("ServiceEntry", "spec.hosts", [], codes.EMPTY),
    ("ServiceEntry", "spec.hosts[0]", "*", codes.BAD_HOST),
    ("ServiceEntry", "spec.hosts[0]", "a_b", codes.BAD_HOST),
    ("ServiceEntry", "spec.hosts[0]", "*-a.example.com", codes.RISKY),
    ("ServiceEntry", "spec.workloadSelector", {"labels": {"a": "b"}}, codes.CONFLICT),
    ("ServiceEntry", "spec.addresses[0]", "240.0.0.0/24", codes.CONFLICT),
    ("ServiceEntry", "spec.addresses[0]", "240.0.0", codes.BAD_ADDRESS),
    ("ServiceEntry", "spec.ports[0].number", 0, codes.BAD_PORT),
    ("ServiceEntry", "spec.ports[0].targetPort", 70000, codes.BAD_PORT),
    ("ServiceEntry", "spec.ports[0].protocol", "FOO", codes.BAD_PROTOCOL),
    ("ServiceEntry", "spec.endpoints[0].address", "a b", codes.BAD_ADDRESS),
    ("ServiceEntry", "spec.endpoints[0].address", REMOVED, codes.EMPTY),
    ("ServiceEntry", "spec.endpoints[0].address", "unix:///a", codes.CONFLICT),
    ("ServiceEntry", "spec.endpoints[0].ports", {"web": 1}, codes.BAD_NAME, ".web"),
    ("ServiceEntry", "spec.endpoints[0].ports.http1", 0, codes.BAD_PORT),
    ("ServiceEntry", "spec.endpoints[0].labels.a", "b c", codes.BAD_SELECTOR),
    ("ServiceEntry", "spec.endpoints[0].weight", -1, codes.BAD_WEIGHT),
    ("Gateway", "metadata.name", "a.b", codes.BAD_METADATA),
    ("Gateway", "spec.servers", [], codes.EMPTY),
    ("Gateway", "spec.servers[1].port.name", "http", codes.DUPLICATE_VALUE),
    ("Gateway", "spec.servers[0].port.name", "", codes.EMPTY),
    ("Gateway", "spec.servers[0].port.number", 0, codes.BAD_PORT),
    ("Gateway", "spec.servers[0].port.targetPort", 8080, codes.BAD_PORT),
    ("Gateway", "spec.servers[0].port.protocol", "FOO", codes.BAD_PROTOCOL),
    ("Gateway", "spec.servers[0].hosts", [], codes.EMPTY),
    ("Gateway", "spec.servers[0].hosts[0]", "foo", codes.BAD_HOST),
    ("Gateway", "spec.servers[0].hosts[0]", "a b/b.c", codes.BAD_HOST),
    ("Gateway", "spec.servers[0].hosts[0]", "a b.c", codes.BAD_HOST),
    ("Gateway", "spec.servers[0].tls", {"mode": "ISTIO_MUTUAL"}, codes.CONFLICT),
    ("Gateway", "spec.servers[1].tls", REMOVED, codes.MISSING_FIELD),
    ("Gateway", "spec.selector.app", "*", codes.BAD_SELECTOR),
    ("PeerAuthentication", "spec.selector", REMOVED, codes.CONFLICT, "spec.portLevelMtls"),
    ("PeerAuthentication", "spec.portLevelMtls", {"0": {}}, codes.BAD_PORT, ".0"),
    ("PeerAuthentication", "spec.portLevelMtls", {"http": {}}, codes.BAD_PORT, ".http"),
    ("PeerAuthentication", "spec.selector.matchLabels.app", "*", codes.BAD_SELECTOR),
    ("Service", "metadata.name", "9a", codes.BAD_METADATA),
    ("Service", "spec.type", "Foo", codes.UNKNOWN_VALUE),
    ("Service", "spec.type", "ExternalName", codes.EMPTY, "spec.externalName"),
    ("Service", "spec.clusterIP", "1.2.3", codes.BAD_ADDRESS),
    ("Service", "spec.ports", [], codes.EMPTY),
    ("Service", "spec.ports[0].port", 0, codes.BAD_PORT),
    ("Service", "spec.ports[0].name", REMOVED, codes.EMPTY),
    ("Service", "spec.ports[0].name", "Http", codes.BAD_NAME),
    ("Service", "spec.ports[0].name", "grpc", codes.DUPLICATE_VALUE, "spec.ports[1].name"),
    ("Service", "spec.ports[0].port", 9081, codes.DUPLICATE_VALUE, "spec.ports[1].port"),
    ("Service", "spec.ports[0].protocol", "HTTP", codes.BAD_PROTOCOL),
    ("Service", "spec.ports[0].targetPort", 0, codes.BAD_PORT),
    ("Service", "spec.ports[0].targetPort", "A b", codes.BAD_PORT),
    ("Service", "spec.selector.app", "a b", codes.BAD_SELECTOR),
    ("Pod", "metadata.name", "A", codes.BAD_METADATA),
    ("Pod", "metadata.namespace", "a.b", codes.BAD_METADATA),
    ("Pod", "metadata.labels", {"a b": "c"}, codes.BAD_SELECTOR, 'metadata.labels["a b"]'),
    ("Pod", "metadata.annotations", {"a b": "c"}, codes.BAD_METADATA, 'metadata.annotations["a b"]'),
    ("Pod", "metadata.annotations", {"a": "b" * 300_000}, codes.BAD_METADATA),
    ("Pod", "status.podIP", "1.2.3", codes.BAD_ADDRESS),
    ("Pod", "spec.serviceAccountName", "A", codes.BAD_NAME),
    ("Pod", "spec.containers", [], codes.EMPTY),
    ("Pod", "spec.containers[0].name", "A", codes.BAD_NAME),
    ("Pod", "spec.containers[0].ports[0].containerPort", 0, codes.BAD_PORT),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "path", "value", "code", "field"), [(*rule, "")[:5] for rule in RULES])
def test_planted_violation_is_found_with_its_field(kind, path, value, code, field):
    found = {(problem.code, problem.field) for problem in problems_of(manifest(kind, path, value))}
    assert (code, path + field if field[:1] in (".", "[", "") else field) in found


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("@request.auth.claims.sub", None),
        ("@Request.Auth.Claims[group][example.com/id]", None),
        ("@request.auth.claims.", codes.BAD_HEADER),
        ("@request.auth.claims.a..b", codes.BAD_HEADER),
        ("@request.auth.claims[]", codes.BAD_HEADER),
        ("@request.auth.claims[a", codes.BAD_HEADER),
        ("@request.auth.claims", codes.BAD_HEADER),
        ("@request.auth.claims-a", codes.BAD_HEADER),
    ],
)
def test_claims_of_tokens_are_conditions_at_gateways(name, code):
    data = manifest("VirtualService")
    data["spec"]["http"][0]["match"][0]["headers"] = {name: {"exact": "a"}}
    data["spec"]["gateways"] = ["istio-system/public"]
    assert [p.code for p in problems_of(data)] == ([code] if code else [])


@pytest.mark.parametrize("gateways", [[], ["mesh"], ["istio-system/public", "mesh"]])
def test_claims_of_tokens_are_refused_where_sidecars_route(gateways):
    data = manifest("VirtualService")
    data["spec"]["http"][0]["match"][0]["withoutHeaders"] = {"@request.auth.claims.sub": {"exact": "a"}}
    data["spec"]["gateways"] = gateways
    assert [p.code for p in problems_of(data)] == [codes.CONFLICT]


def test_delegate_of_a_namespace_that_cannot_be_is_left_to_be_missing():
    delegate = {"name": "child", "namespace": "teamA"}
    assert problems_of(manifest("VirtualService", "spec.http", [{"delegate": delegate}])) == ()


def test_weights_that_add_up_to_nothing_are_refused():
    data = manifest("VirtualService")
    for choice in data["spec"]["http"][0]["route"]:
        choice["weight"] = 0
    assert [(p.code, p.field) for p in problems_of(data)] == [(codes.BAD_WEIGHT, "spec.http[0].route")]


def test_bare_wildcard_is_a_host_for_gateways_only():
    data = manifest("VirtualService", "spec.hosts", ["*"])
    data["spec"]["gateways"] = ["public"]
    assert problems_of(data) == ()


TCP = {"name": "a", "number": 1, "protocol": "TCP"}


def static(endpoint):
    return {"resolution": "STATIC", "endpoints": [endpoint]}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"hosts": ["*.a.com"], "endpoints": []}, codes.CONFLICT, "hosts[0]"),
        ({"hosts": ["a.b", "c.d"], "ports": [TCP], "endpoints": []}, codes.CONFLICT, "ports[0]"),
        ({"ports": [TCP, TCP | {"name": "b"}]}, codes.DUPLICATE_VALUE, "ports[1].number"),
        ({"ports": [TCP, TCP | {"number": 2}]}, codes.DUPLICATE_VALUE, "ports[1].name"),
        (static({"address": "a.com"}), codes.BAD_ADDRESS, "endpoints[0].address"),
        (static({"address": "unix://a"}), codes.BAD_ADDRESS, "endpoints[0].address"),
        (static({"address": "unix:///a", "ports": {"http1": 1}}), codes.CONFLICT, "endpoints[0].ports"),
    ],
)
def test_what_does_not_go_with_a_resolution_is_refused(changes, code, field):
    data = manifest("ServiceEntry")
    data["spec"] |= changes
    assert (code, f"spec.{field}") in {(p.code, p.field) for p in problems_of(data)}


def test_headless_and_external_services_need_no_ports():
    data = manifest("Service", "spec.ports", [])
    data["spec"]["clusterIP"] = "None"
    assert problems_of(data) == ()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"data": {"a": "%"}}, codes.WRONG_TYPE, "data.a"),
        ({"type": "kubernetes.io/tls", "data": {"tls.crt": "aGk="}}, codes.MISSING_FIELD, 'data["tls.key"]'),
    ],
)
def test_secrets_are_checked_for_keys_and_encoding(changes, code, field):
    data = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}} | changes
    assert [(p.code, p.field) for p in problems_of(data)] == [(code, field)]


WEIGHTS = st.lists(st.integers(0, 100), min_size=1, max_size=4).filter(lambda w: len(w) == 1 or sum(w) > 0)
HOSTS = st.from_regex(r"[a-z]([a-z0-9]{0,8}[a-z0-9])?(\.[a-z]{1,5}){0,3}", fullmatch=True)


@given(
    hosts=st.lists(HOSTS, min_size=1, max_size=3, unique=True), weights=WEIGHTS, timeout=st.integers(1, 10**7)
)
def test_virtual_services_right_by_construction_are_accepted(hosts, weights, timeout):
    data = manifest("VirtualService")
    data["spec"]["hosts"] = hosts
    data["spec"]["http"] = [
        {
            "route": [{"destination": {"host": hosts[0]}, "weight": weight} for weight in weights],
            "timeout": f"{timeout}ms",
        }
    ]
    assert problems_of(data) == ()


@given(
    rules=st.lists(st.sampled_from([rule for rule in RULES if rule[0] == "VirtualService"]), max_size=3),
    draw=st.data(),
)
def test_any_combination_of_mistakes_gives_problems_not_exceptions(rules, draw):
    data = manifest("VirtualService")
    for _, path, value, *_ in rules:
        try:
            plant(data, path, copy.deepcopy(value))
        except (LookupError, TypeError, AttributeError):
            continue
    assert all(problem.field for problem in problems_of(data))
