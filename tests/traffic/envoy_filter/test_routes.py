"""Patches of route configurations, virtual hosts and routes."""

import pytest
from tests.traffic import world
from tests.traffic.envoy_filter.objects import MANAGER, Json, adding, answering, envoy_filter, patch
from tests.traffic.fields import fields
from tests.traffic.gateway import objects as gateways
from tests.traffic.lab import TRAFFIC, Lab, Tls
from tests.traffic.virtual_service.objects import virtual_service

pytestmark = TRAFFIC

OUT = "SIDECAR_OUTBOUND"
ECHO_HOST = "echo.default.svc.cluster.local:8000"
RULES = virtual_service("""
- name: named
  match: [{uri: {prefix: /named}}]
  route: [{destination: {host: echo}}]
- name: moved
  match: [{uri: {prefix: /moved}}]
  redirect: {uri: /there}
- route: [{destination: {host: echo}}]
""")

_LUA = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua"
_CODE = "function envoy_on_response(handle) handle:headers():add('x-sni', 'seen') end"
RESPONSE_HEADER = {"typed_config": {"@type": _LUA, "default_source_code": {"inline_string": _CODE}}}


def of_routes(**match: Json | str | int) -> Json:
    return {"routeConfiguration": match}


async def told(lab: Lab, path: str = "/", *, port: int = world.HTTP) -> str:
    answer = await lab.get("client", f"http://echo:{port}{path}")
    return answer.seen.headers.get("x-told", "") or (answer.body.decode() if not answer.pod else "")


@fields(
    "EnvoyFilter",
    "configPatches.applyTo = ROUTE_CONFIGURATION",
    "configPatches.patch.operation = MERGE",
    "configPatches.match.routeConfiguration.name",
    "configPatches.match.routeConfiguration.portNumber",
)
@pytest.mark.parametrize("match", [{"name": "8000"}, {"portNumber": world.HTTP}])
async def test_route_configurations_are_meant_by_name_or_port(lab: Lab, match: Json) -> None:
    change = patch("ROUTE_CONFIGURATION", "MERGE", adding("all"), context=OUT, **of_routes(**match))
    async with lab.applied(envoy_filter(change)):
        assert await told(lab) == "all"
        assert await told(lab, port=world.AUTO) == ""


@fields(
    "EnvoyFilter",
    "configPatches.applyTo = VIRTUAL_HOST",
    "configPatches.match.routeConfiguration.vhost.name",
    "configPatches.match.routeConfiguration.vhost.domainName",
)
@pytest.mark.parametrize("match", [{"name": ECHO_HOST}, {"domainName": "echo"}])
async def test_virtual_hosts_are_meant_by_name_or_domain(lab: Lab, match: Json) -> None:
    other = envoy_filter(
        patch("VIRTUAL_HOST", "MERGE", adding("host"), context=OUT, **of_routes(vhost=match)),
        patch("VIRTUAL_HOST", "MERGE", adding("no"), context=OUT, **of_routes(vhost={"name": "none"})),
        patch("VIRTUAL_HOST", "MERGE", adding("no"), context=OUT, **of_routes(vhost={"domainName": "none"})),
    )
    async with lab.applied(other):
        assert await told(lab) == "host"


@fields(
    "EnvoyFilter",
    "configPatches.applyTo = HTTP_ROUTE",
    "configPatches.match.routeConfiguration.vhost.route.name",
    "configPatches.match.routeConfiguration.vhost.route.action",
    "configPatches.patch.operation = REMOVE",
)
async def test_routes_are_meant_by_name_and_action(lab: Lab) -> None:
    def route(operation: str, value: Json | None = None, **wanted: str) -> Json:
        match = of_routes(vhost={"name": ECHO_HOST, "route": wanted})
        return patch("HTTP_ROUTE", operation, value, context=OUT, **match)

    changes = (
        route("MERGE", adding("it"), name="named"),
        route("REMOVE", action="REDIRECT"),
        route("INSERT_BEFORE", answering("inserted", prefix="/new"), name="named"),
    )
    async with lab.applied(RULES, envoy_filter(*changes)):
        assert await told(lab, "/named") == "it"
        assert (await lab.get("client", "http://echo:8000/moved")).seen.path == "/moved"
        assert await told(lab, "/new") == "inserted"
        assert await told(lab, "/") == ""


async def test_a_virtual_host_is_added_and_a_route_comes_first(lab: Lab) -> None:
    host = {"name": "new", "domains": ["new.test"], "routes": [answering("new host")]}
    changes = (
        patch("VIRTUAL_HOST", "ADD", host, context=OUT, **of_routes(name="8000")),
        patch(
            "HTTP_ROUTE",
            "INSERT_FIRST",
            answering("first", prefix="/first"),
            context=OUT,
            **of_routes(name="8000", vhost={"name": ECHO_HOST}),
        ),
    )
    async with lab.applied(envoy_filter(*changes)):
        assert await told(lab, "/first") == "first"
        answer = await lab.get("client", "http://new.test:8000/", at=world.ECHO_VIP)
        assert answer.body == b"new host"


@fields(
    "EnvoyFilter",
    "configPatches.match.routeConfiguration.gateway",
    "configPatches.match.routeConfiguration.portName",
    "configPatches.match.listener.filterChain.sni",
)
async def test_servers_of_a_gateway_are_told_apart(lab: Lab) -> None:
    names = ("one.test", "two.test")
    pairs = gateways.pair(lab.ca.issue(dns=names))
    servers = [gateways.https(name, name=name[:3], credentialName="both") for name in names]
    at_gateway = {"context": "GATEWAY"}
    one = "istio-system/first"
    changes = (
        patch("VIRTUAL_HOST", "MERGE", adding("gateway"), **at_gateway, **of_routes(gateway=one)),
        patch("VIRTUAL_HOST", "MERGE", adding("port"), **at_gateway, **of_routes(portName="one")),
        patch(
            "HTTP_FILTER",
            "INSERT_FIRST",
            {**RESPONSE_HEADER, "name": "sni"},
            **at_gateway,
            listener={"filterChain": {"sni": "one.test", "filter": {"name": MANAGER}}},
        ),
    )
    objects = (
        gateways.secret("both", pairs),
        gateways.gateway(servers[0], name="first"),
        gateways.gateway(servers[1], name="second"),
        gateways.route(*names, gateways=("istio-system/first", "istio-system/second")),
        envoy_filter(*changes, namespace="istio-system"),
    )
    async with lab.applied(*objects):
        answers = [await lab.gateway(f"https://{name}:{gateways.TLS_PORT}/", tls=Tls()) for name in names]
    assert [answer.seen.headers.get("x-told", "") for answer in answers] == ["gateway,port", ""]
    assert [answer.headers.get("x-sni", "") for answer in answers] == ["seen", ""]
