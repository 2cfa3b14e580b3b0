"""Patches of filters and of the chains they stand in."""

import asyncio

import pytest
from tests.traffic import world
from tests.traffic.envoy_filter.objects import (
    MANAGER,
    ROUTER,
    TCP_PROXY,
    envoy_filter,
    http_filters,
    patch,
    telling,
)
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab
from tests.traffic.virtual_service.objects import SUBSETS, virtual_service

pytestmark = TRAFFIC

ECHO_V1, ECHO_V2 = "198.18.1.21", "198.18.1.22"
ONE_VERSION = f"outbound|{world.LINES}|v1|echo.default.svc.cluster.local"
TCP_PROXY_TYPE = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

OUT, IN = "SIDECAR_OUTBOUND", "SIDECAR_INBOUND"


WITHOUT_REQUESTS = {"filterChain": {"filter": {"name": TCP_PROXY}}}


async def tells(lab: Lab, word: str, source: str = "client", *, port: int = world.HTTP, at: str = "") -> None:
    """Until the header that filters add says this: connections that are open keep their chain for a while.

    That nothing is said must be asked from `outside`, which has no connections that are kept.
    """
    seen = ""
    for _ in range(100):
        answer = await lab.get(source, f"http://echo:{port}/", at=at)
        assert answer.status == 200, answer
        if (seen := answer.seen.headers.get("x-told", "")) == word:
            return
        await asyncio.sleep(0.05)
    assert seen == word


@fields(
    "EnvoyFilter",
    "configPatches.applyTo = HTTP_FILTER",
    "configPatches.match.context",
    "configPatches.match.listener.filterChain.filter.name",
    "configPatches.match.listener.filterChain.filter.subFilter.name",
    "configPatches.patch.operation = INSERT_FIRST",
    "configPatches.patch.operation = INSERT_BEFORE",
    "configPatches.patch.operation = INSERT_AFTER",
    "configPatches.patch.operation = ADD",
    "configPatches.patch.value",
    "configPatches.patch.filterClass",
)
async def test_http_filters_come_where_patches_say(lab: Lab) -> None:
    patches = [
        patch("HTTP_FILTER", "INSERT_FIRST", telling("first"), context=OUT, **http_filters()),
        patch("HTTP_FILTER", "INSERT_BEFORE", telling("before"), context=OUT, **http_filters(ROUTER)),
        patch(
            "HTTP_FILTER",
            "INSERT_AFTER",
            telling("after"),
            context=OUT,
            **http_filters("envoy.filters.http.cors"),
        ),
        patch("HTTP_FILTER", "ADD", telling("added"), context=OUT, **http_filters()),
        patch("HTTP_FILTER", "ADD", telling("authn"), context=OUT, filter_class="AUTHN", **http_filters()),
        patch("HTTP_FILTER", "INSERT_BEFORE", telling("no"), context=OUT, **http_filters("there.is.none")),
        patch("HTTP_FILTER", "INSERT_FIRST", telling("tcp"), context=OUT, listener=WITHOUT_REQUESTS),
    ]
    async with lab.applied(envoy_filter(*patches)):
        await tells(lab, "authn,first,after,before,added")
        await tells(lab, "", "outside", at=ECHO_V1)


TO_V1 = virtual_service("- route: [{destination: {host: echo, subset: v1}}]")


@fields("EnvoyFilter", "configPatches.match.listener.portNumber", "workloadSelector.labels")
async def test_inbound_ports_of_selected_pods_are_patched_one_by_one(lab: Lab) -> None:
    change = patch(
        "HTTP_FILTER", "INSERT_FIRST", telling("in"), context=IN, **http_filters(portNumber=world.HTTP)
    )
    async with lab.applied(SUBSETS, TO_V1, envoy_filter(change, labels={"version": "v1"})):
        await tells(lab, "in")
        await tells(lab, "in", "outside", at=ECHO_V1)
        await tells(lab, "", "outside", at=ECHO_V1, port=world.AUTO)
        await tells(lab, "", "outside", at=ECHO_V2)


@fields("EnvoyFilter", "configPatches.match.listener.name")
async def test_listeners_are_meant_by_name(lab: Lab) -> None:
    change = patch(
        "HTTP_FILTER", "INSERT_FIRST", telling("here"), context=OUT, **http_filters(name="0.0.0.0_8000")
    )
    async with lab.applied(envoy_filter(change)):
        await tells(lab, "here")
        await tells(lab, "", port=world.AUTO)


CHAINS = {
    "name": "0.0.0.0_8000",
    "destinationPort": world.HTTP,
    "transportProtocol": "tls",
    "transportSocket": "envoy.transport_sockets.tls",
    "applicationProtocols": "istio-http/1.1, istio",
}


@fields(
    "EnvoyFilter",
    "configPatches.match.listener.filterChain.transportProtocol",
    "configPatches.match.listener.filterChain.transportSocket",
    "configPatches.match.listener.filterChain.applicationProtocols",
)
@pytest.mark.parametrize("field", ["transportProtocol", "transportSocket", "applicationProtocols"])
async def test_chains_for_mutual_tls_are_told_from_plain_ones(lab: Lab, field: str) -> None:
    chain = {field: CHAINS[field], "filter": {"name": MANAGER}}
    change = patch("HTTP_FILTER", "INSERT_FIRST", telling("tls"), context=IN, listener={"filterChain": chain})
    async with lab.applied(SUBSETS, TO_V1, envoy_filter(change)):
        await tells(lab, "tls")
        await tells(lab, "", "outside", at=ECHO_V1)


@fields("EnvoyFilter", "configPatches.match.listener.filterChain.destinationPort")
async def test_chains_are_told_by_the_port_dialled(lab: Lab) -> None:
    chain = {"destinationPort": world.HTTP, "filter": {"name": MANAGER}}
    change = patch(
        "HTTP_FILTER", "INSERT_FIRST", telling("port"), context=IN, listener={"filterChain": chain}
    )
    async with lab.applied(SUBSETS, TO_V1, envoy_filter(change)):
        await tells(lab, "port")
        await tells(lab, "", "outside", at=ECHO_V1, port=world.AUTO)


@fields(
    "EnvoyFilter",
    "configPatches.applyTo = NETWORK_FILTER",
    "configPatches.match.listener.filterChain.name",
    "configPatches.patch.operation = REPLACE",
)
async def test_a_network_filter_is_replaced(lab: Lab) -> None:
    config = {"@type": TCP_PROXY_TYPE, "stat_prefix": "elsewhere", "cluster": ONE_VERSION}
    chain = {"name": f"{world.ECHO_VIP}_{world.LINES}", "filter": {"name": TCP_PROXY}}
    change = patch(
        "NETWORK_FILTER",
        "REPLACE",
        {"name": TCP_PROXY, "typed_config": config},
        context=OUT,
        listener={"filterChain": chain},
    )
    async with lab.applied(SUBSETS, envoy_filter(change)):
        answers = {await lab.line("client", "echo", world.LINES) for _ in range(20)}
        assert answers == {"echo-v1 hello"}
        assert "echo-v1 hello" not in {await lab.line("client", "echo", world.PROXIED) for _ in range(3)}
