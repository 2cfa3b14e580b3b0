"""Which rule takes a request: every condition of a match, tried with requests that it takes and others."""

import pytest
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Answer, Lab
from tests.traffic.virtual_service.objects import ECHO, SUBSETS, virtual_service

pytestmark = TRAFFIC


def chosen(match: str) -> str:
    """What matches goes to v2, everything else to v1."""
    return virtual_service(f"""
    - match: [{{{match}}}]
      route: [{{destination: {{host: echo, subset: v2}}}}]
    - route: [{{destination: {{host: echo, subset: v1}}}}]
""")


async def is_chosen(lab: Lab, path: str = "/", *, method: str = "GET", **headers: str) -> bool:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await lab.get("client", f"http://echo:8000{path}", method=method, headers=named)
    assert answer.pod in ("echo-v1", "echo-v2"), answer
    return answer.pod == "echo-v2"


@fields("VirtualService", "http.match.uri.exact", "http.match.uri.prefix", "http.match.uri.regex")
async def test_paths_are_matched(lab: Lab) -> None:
    rule = virtual_service("""
    - match: [{uri: {exact: /one}}, {uri: {prefix: /two/}}, {uri: {regex: "/three/[0-9]+"}}]
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v1}}]
""")
    async with lab.applied(SUBSETS, rule):
        for path in ("/one", "/one?a=b", "/two/x", "/two/", "/three/17?a=b"):
            assert await is_chosen(lab, path), path
        for path in ("/one/", "/One", "/two", "/Two/x", "/three/x", "/a/three/17", "/three/17/b"):
            assert not await is_chosen(lab, path), path


@fields("VirtualService", "http.match.ignoreUriCase")
async def test_case_is_ignored_where_a_rule_says_so(lab: Lab) -> None:
    rule = virtual_service("""
    - match: [{uri: {exact: /One}, ignoreUriCase: true}, {uri: {prefix: /Two/}, ignoreUriCase: true}]
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v1}}]
""")
    async with lab.applied(SUBSETS, rule):
        assert await is_chosen(lab, "/oNE")
        assert await is_chosen(lab, "/tWO/x")
        assert not await is_chosen(lab, "/oNE/x")


@fields(
    "VirtualService",
    "http.match.method.exact",
    "http.match.method.prefix",
    "http.match.method.regex",
)
async def test_methods_are_matched(lab: Lab) -> None:
    rule = virtual_service("""
    - match: [{method: {exact: PUT}}, {method: {prefix: PA}}, {method: {regex: "DEL.*|OPT.*"}}]
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v1}}]
""")
    async with lab.applied(SUBSETS, rule):
        for method in ("PUT", "PATCH", "DELETE", "OPTIONS"):
            assert await is_chosen(lab, method=method), method
        for method in ("GET", "POST"):
            assert not await is_chosen(lab, method=method), method


@pytest.mark.parametrize(
    ("takes", "passes"),
    [("exact: http", "exact: https"), ("prefix: ht", "prefix: https"), ('regex: "ht+p"', 'regex: "ht+"')],
)
@fields("VirtualService", "http.match.scheme.exact", "http.match.scheme.prefix", "http.match.scheme.regex")
async def test_schemes_are_matched(lab: Lab, takes: str, passes: str) -> None:
    rule = virtual_service(f"""
    - match: [{{scheme: {{{passes}}}}}]
      route: [{{destination: {{host: echo, subset: v1}}}}]
    - match: [{{scheme: {{{takes}}}}}]
      route: [{{destination: {{host: echo, subset: v2}}}}]
    - route: [{{destination: {{host: echo, subset: v1}}}}]
""")
    async with lab.applied(SUBSETS, rule):
        assert await is_chosen(lab)


@fields(
    "VirtualService",
    "http.match.authority.exact",
    "http.match.authority.prefix",
    "http.match.authority.regex",
)
async def test_authorities_are_matched(lab: Lab) -> None:
    rule = virtual_service("""
    - match:
      - {authority: {exact: "echo:8000"}}
      - {authority: {prefix: echo.default.svc.}}
      - {authority: {regex: "echo[.]default:[0-9]+"}}
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v1}}]
""")
    hosts = {
        "echo": True,
        "echo.default.svc.cluster.local": True,
        "echo.default": True,
        "echo.default.svc": False,
    }
    async with lab.applied(SUBSETS, rule):
        for host, is_meant in hosts.items():
            answer = await lab.get("client", f"http://{host}:8000/")
            assert answer.pod == ("echo-v2" if is_meant else "echo-v1"), host


@fields(
    "VirtualService",
    "http.match.headers.exact",
    "http.match.headers.prefix",
    "http.match.headers.regex",
)
async def test_headers_are_matched(lab: Lab) -> None:
    rule = virtual_service("""
    - match:
      - headers: {who: {exact: jason}, lang: {prefix: de}}
      - headers: {who: {regex: "[a-c]+"}}
      - headers: {there: {}}
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v1}}]
""")
    async with lab.applied(SUBSETS, rule):
        assert await is_chosen(lab, who="jason", lang="de-CH")
        assert await is_chosen(lab, who="abc")
        assert await is_chosen(lab, there="anything")
        assert not await is_chosen(lab, who="jason", lang="fr")
        assert not await is_chosen(lab, who="jasonx", lang="de")
        assert not await is_chosen(lab, who="abcd")
        assert not await is_chosen(lab)


@fields(
    "VirtualService",
    "http.match.withoutHeaders.exact",
    "http.match.withoutHeaders.prefix",
    "http.match.withoutHeaders.regex",
)
async def test_headers_that_must_not_be_there(lab: Lab) -> None:
    rule = virtual_service("""
    - match:
      - withoutHeaders: {who: {exact: jason}, lang: {prefix: de}, age: {regex: "[0-9]+"}, there: {}}
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v1}}]
""")
    async with lab.applied(SUBSETS, rule):
        assert await is_chosen(lab)
        assert await is_chosen(lab, who="jane", lang="fr", age="old")
        assert not await is_chosen(lab, who="jason")
        assert not await is_chosen(lab, lang="de-CH")
        assert not await is_chosen(lab, age="17")
        assert not await is_chosen(lab, there="anything")


@fields(
    "VirtualService",
    "http.match.queryParams.exact",
    "http.match.queryParams.prefix",
    "http.match.queryParams.regex",
)
async def test_query_parameters_are_matched(lab: Lab) -> None:
    rule = virtual_service("""
    - match:
      - queryParams: {user: {exact: jason}}
      - queryParams: {lang: {prefix: de}}
      - queryParams: {age: {regex: "[0-9]+"}}
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v1}}]
""")
    async with lab.applied(SUBSETS, rule):
        for query in ("user=jason", "x=y&lang=de-CH", "age=17"):
            assert await is_chosen(lab, f"/?{query}"), query
        for query in ("user=jasonx", "lang=fr", "age=17x", "x=jason", ""):
            assert not await is_chosen(lab, f"/?{query}"), query


@fields("VirtualService", "http.match.port")
async def test_a_rule_may_be_for_one_port(lab: Lab) -> None:
    async with lab.applied(SUBSETS, chosen("port: 8001")):
        assert (await lab.get("client", "http://echo:8001/")).pod == "echo-v2"
        assert not await is_chosen(lab)


@fields("VirtualService", "http.match.sourceLabels")
async def test_a_rule_may_be_for_some_callers(lab: Lab) -> None:
    async with lab.applied(SUBSETS, chosen("sourceLabels: {app: client}")):
        assert await is_chosen(lab)
        assert (await visit(lab)).pod == "echo-v1"


@fields("VirtualService", "http.match.sourceNamespace")
async def test_a_rule_may_be_for_the_callers_of_a_namespace(lab: Lab) -> None:
    async with lab.applied(SUBSETS, chosen("sourceNamespace: other")):
        assert not await is_chosen(lab)
        assert (await visit(lab)).pod == "echo-v2"


async def visit(lab: Lab) -> Answer:
    return await lab.get("visitor", "http://echo.default:8000/")


@fields("VirtualService", "http.match.gateways", "gateways", "hosts")
async def test_a_rule_may_be_for_some_gateways(lab: Lab) -> None:
    rule = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: tested, namespace: default}
spec:
  hosts: [echo.default.svc.cluster.local]
  gateways: [mesh, istio-system/own]
  http:
  - match: [{gateways: [istio-system/own]}]
    route: [{destination: {host: echo, subset: v2, port: {number: 8000}}}]
  - route: [{destination: {host: echo, subset: v1, port: {number: 8000}}}]
"""
    gateway = """\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: own, namespace: istio-system}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""
    async with lab.applied(SUBSETS, rule, gateway):
        outside = [await lab.gateway("http://echo.default.svc.cluster.local/") for _ in range(4)]
        assert [each.pod for each in outside] == ["echo-v2"] * 4
        assert not await is_chosen(lab)
        assert (await lab.gateway("http://elsewhere.test/")).status == 404


@fields("VirtualService", "http.name", "http.match.name")
async def test_names_are_those_of_the_routes_in_envoy(lab: Lab) -> None:
    rule = virtual_service(f"""
    - name: ours
      match: [{{name: special, uri: {{prefix: /x}}}}]
      route: [{{destination: {{host: echo, subset: v2}}}}]
    - {ECHO}
""")
    async with lab.applied(SUBSETS, rule):
        assert await is_chosen(lab, "/x")
        dump = str(await lab.dump("client", "dynamic_route_configs"))
    assert "'name': 'ours.special'" in dump
