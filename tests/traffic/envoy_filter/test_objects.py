"""Patches of whole listeners and clusters, and which proxies and in which order patches are for."""

import yaml
from tests.traffic import world
from tests.traffic.envoy_filter.objects import (
    MANAGER,
    Json,
    adding,
    answering,
    envoy_filter,
    http_filters,
    patch,
    telling,
)
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import SUBSETS, virtual_service

pytestmark = TRAFFIC

OUT = "SIDECAR_OUTBOUND"
ECHO = "echo.default.svc.cluster.local"
MANAGER_TYPE = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
PROXY_PROTOCOL = {
    "name": "envoy.filters.listener.proxy_protocol",
    "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"
    },
}
CLOSED: Json = {
    "circuit_breakers": {"thresholds": [{"max_connections": 0, "max_pending_requests": 0, "max_requests": 0}]}
}


async def status(lab: Lab, port: int = world.HTTP, *, path: str = "/", host: str = "echo") -> int:
    return (await lab.get("client", f"http://{host}:{port}{path}", at=world.ECHO_VIP)).status


@fields(
    "EnvoyFilter",
    "configPatches.applyTo = CLUSTER",
    "configPatches.match.cluster.name",
    "configPatches.match.cluster.service",
    "configPatches.match.cluster.subset",
    "configPatches.match.cluster.portNumber",
    "configPatches.patch.operation = MERGE_AND_REPLACE_LIST",
)
async def test_clusters_are_meant_by_their_parts(lab: Lab) -> None:
    rules = virtual_service("""
    - match: [{uri: {prefix: /v1}}]
      route: [{destination: {host: echo, subset: v1}}]
    - match: [{uri: {prefix: /v2}}]
      route: [{destination: {host: echo, subset: v2}}]
    - route: [{destination: {host: echo, subset: v3}}]
    """)
    for match, closed in (
        ({"name": f"outbound|8000|v1|{ECHO}"}, {(world.HTTP, "/v1")}),
        ({"service": ECHO, "subset": "v2"}, {(world.HTTP, "/v2"), (world.AUTO, "/v2")}),
        ({"subset": "v1", "portNumber": world.AUTO}, {(world.AUTO, "/v1")}),
        ({"service": "none.default.svc.cluster.local"}, set()),
    ):
        change = patch("CLUSTER", "MERGE_AND_REPLACE_LIST", CLOSED, context=OUT, cluster=match)
        async with lab.applied(SUBSETS, rules, envoy_filter(change)):
            found = {
                (port, path)
                for port in (world.HTTP, world.AUTO)
                for path in ("/v1", "/v2", "/v3")
                if await status(lab, port, path=path) == 503
            }
        assert found == closed, match


async def test_clusters_are_added_and_removed(lab: Lab) -> None:
    address = {"socket_address": {"address": world.OUTSIDE, "port_value": 8000}}
    endpoint = {"lb_endpoints": [{"endpoint": {"address": address}}]}
    added = {
        "name": "added",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "added", "endpoints": [endpoint]},
    }
    route = {"name": "to-added", "match": {"prefix": "/added"}, "route": {"cluster": "added"}}
    host = {"name": f"{ECHO}:8000"}
    changes = (
        patch("CLUSTER", "ADD", added, context=OUT),
        patch("HTTP_ROUTE", "INSERT_FIRST", route, context=OUT, routeConfiguration={"vhost": host}),
        patch("CLUSTER", "REMOVE", context=OUT, cluster={"service": ECHO, "portNumber": world.AUTO}),
    )
    async with lab.applied(envoy_filter(*changes)):
        answer = await lab.get("client", "http://echo:8000/added")
        assert answer.pod == "outside"
        assert await status(lab, world.AUTO) == 503
        assert await status(lab) == 200


@fields("EnvoyFilter", "configPatches.applyTo = LISTENER")
async def test_listeners_are_added_merged_and_removed(lab: Lab) -> None:
    routes = {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [answering("added")]}]}
    router = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
    manager = {
        "@type": MANAGER_TYPE,
        "stat_prefix": "added",
        "route_config": routes,
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    added = {
        "name": "added",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 18999}},
        "filter_chains": [{"filters": [{"name": MANAGER, "typed_config": manager}]}],
    }
    changes = (
        patch("LISTENER", "ADD", added, context=OUT),
        patch("LISTENER", "REMOVE", context=OUT, listener={"name": f"{world.ECHO_VIP}_{world.LINES}"}),
        patch("LISTENER", "MERGE", {"connection_balance_config": {"exact_balance": {}}}, context=OUT),
    )
    async with lab.applied(envoy_filter(*changes, labels={"app": "client"})):
        assert (await lab.get("client", "http://127.0.0.1:18999/", at="127.0.0.1")).body == b"added"
        listeners = await lab.dump("client", "dynamic_listeners")
    active = [each for each in listeners if "active_state" in each]
    names = {each["name"]: each["active_state"]["listener"] for each in active}
    assert "added" in names
    assert f"{world.ECHO_VIP}_{world.LINES}" not in names
    assert "connection_balance_config" in names["0.0.0.0_8000"]


@fields(
    "EnvoyFilter",
    "configPatches.applyTo = LISTENER_FILTER",
    "configPatches.match.listener.listenerFilter",
)
async def test_listener_filters_are_inserted_beside_others(lab: Lab) -> None:
    def beside(name: str) -> str:
        match = {"name": "0.0.0.0_8000", "listenerFilter": name}
        return envoy_filter(
            patch("LISTENER_FILTER", "INSERT_BEFORE", PROXY_PROTOCOL, context=OUT, listener=match)
        )

    async with lab.applied(beside("envoy.filters.listener.http_inspector")):
        assert await status(lab) == 0  # nobody says the header of the PROXY protocol
    async with lab.applied(beside("there.is.none")):
        assert await status(lab) == 200


@fields("EnvoyFilter", "configPatches.applyTo = FILTER_CHAIN")
async def test_filter_chains_are_removed(lab: Lab) -> None:
    chain = {"name": f"{world.ECHO_VIP}_{world.AUTO}"}
    change = patch("FILTER_CHAIN", "REMOVE", context=OUT, listener={"filterChain": chain})
    async with lab.applied(envoy_filter(change)):
        answer = await lab.get("client", f"http://echo:{world.AUTO}/")
    assert answer.status == 200
    assert "x-envoy-upstream-service-time" not in answer.headers  # bytes, which have no headers


@fields("EnvoyFilter", "priority")
async def test_order_is_by_namespace_and_priority(lab: Lab) -> None:
    def adds(word: str, namespace: str, priority: int) -> str:
        change = patch("ROUTE_CONFIGURATION", "MERGE", adding(word), context=OUT)
        return envoy_filter(change, name=word, namespace=namespace, priority=priority)

    objects = (
        adds("late", "default", 5),
        adds("middle", "default", 0),
        adds("early", "default", -5),
        adds("root", "istio-system", 9),
        adds("elsewhere", "other", 0),
    )
    async with lab.applied(*objects):
        answer = await lab.get("client", "http://echo:8000/")
    assert answer.seen.headers["x-told"] == "root,early,middle,late"


@fields(
    "EnvoyFilter",
    "configPatches.match.proxy.metadata",
    "configPatches.match.proxy.proxyVersion",
)
async def test_proxies_are_meant_by_what_they_say_of_themselves(lab: Lab) -> None:
    def adds(word: str, **proxy: Json | str) -> Json:
        return patch("ROUTE_CONFIGURATION", "MERGE", adding(word), context=OUT, proxy=proxy)

    changes = (
        adds("name", metadata={"NAME": "client"}),
        adds("no", metadata={"NAME": "visitor"}),
        adds("version", proxyVersion=r"^1\.\d+"),
        adds("no", proxyVersion=r"^0\."),
    )
    async with lab.applied(envoy_filter(*changes)):
        answer = await lab.get("client", "http://echo:8000/")
    assert answer.seen.headers["x-told"] == "name,version"


@fields("EnvoyFilter", "configPatches.applyTo = EXTENSION_CONFIG")
async def test_a_filter_finds_its_configuration_by_name(lab: Lab) -> None:
    told = telling("by name")
    extension = {"name": told["name"], "typed_config": told["typed_config"]}
    discovered = {
        "name": told["name"],
        "config_discovery": {
            "config_source": {"ads": {}, "resource_api_version": "V3"},
            "type_urls": [told["typed_config"]["@type"]],
        },
    }
    changes = (
        patch("EXTENSION_CONFIG", "ADD", extension, context=OUT),
        patch("HTTP_FILTER", "INSERT_FIRST", discovered, context=OUT, **http_filters(name="0.0.0.0_8000")),
    )
    async with lab.applied(envoy_filter(*changes, labels={"app": "client"})):
        answer = await lab.get("client", "http://echo:8000/")
    assert answer.seen.headers["x-told"] == "by name"


@fields("EnvoyFilter", "targetRefs.kind", "targetRefs.name")
async def test_a_filter_for_a_target_is_for_no_other_proxy(lab: Lab) -> None:
    change = patch("ROUTE_CONFIGURATION", "MERGE", adding("all"), context=OUT)
    target = {"kind": "Gateway", "group": "gateway.networking.k8s.io", "name": "public"}
    async with lab.applied(envoy_filter(change, targetRefs=[target])):
        answer = await lab.get("client", "http://echo:8000/")
    assert answer.status == 200
    assert "x-told" not in answer.seen.headers


async def test_a_target_elsewhere_is_refused(lab: Lab) -> None:
    change = patch("ROUTE_CONFIGURATION", "MERGE", adding("all"), context=OUT)
    target = {"kind": "Gateway", "group": "gateway.networking.k8s.io", "name": "public", "namespace": "other"}
    async with lab.applied(envoy_filter(change, targetRefs=[target]), clean=False) as problems:
        assert [problem["field"] for problem in problems if problem["level"] == "error"] == [
            "spec.targetRefs[0].namespace"
        ]


@fields("EnvoyFilter", "configPatches.applyTo = BOOTSTRAP")
async def test_a_proxy_starts_with_a_patched_bootstrap(lab: Lab) -> None:
    labels = {"app": "patched"}
    pods = yaml.safe_dump_all(world.echo_pod("patched", "198.18.1.120", labels))
    value = {"node": {"metadata": {"TEAM": "checkout"}}, "stats_flush_interval": "7s"}
    change = patch("BOOTSTRAP", "MERGE", value)
    async with lab.applied(envoy_filter(change, labels=labels)), lab.applied(pods):
        admin = "http://127.0.0.1:15000/config_dump?mask=bootstrap"
        dumped = await lab.get("default/patched", admin, at="127.0.0.1")
    [found] = [each["bootstrap"] for each in dumped.told["configs"] if "bootstrap" in each]
    assert found["stats_flush_interval"] == "7s"
    assert found["node"]["metadata"]["NAME"] == "patched"
