"""PeerAuthentication on running sidecars: each level, each mode, each sort of client.

`URI` below is the identity that the application was told, `PLAIN` that it was told none, and a status says
why nothing reached it (0: the connection was closed).
"""

import asyncio

import pytest
from tests.e2e.observing import ObservedMesh, becomes
from tests.e2e.playground import (
    AUTO,
    GREETER,
    HTTP,
    LINES,
    MARKS,
    UNNAMED,
    UNNAMED_LINES,
    destination_rule,
    peer_authentication,
)

from convoy.ca.issuers import issue_intermediate, new_root
from convoy.cli.pod_traffic import Reply, Request, SteadyLoad, ask, ask_once, over
from convoy.cli.tls_client import anonymous_context, ask_tls, client_context

pytestmark = MARKS

ECHO = "198.18.1.31"
URI = "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
DEMO = "spiffe://cluster.local/ns/default/sa/convoy-demo"
PLAIN = "plain"
POLICY, RULE = "test-policy.yaml", "test-rule.yaml"

S, P, D, U = "STRICT", "PERMISSIVE", "DISABLE", "UNSET"

# What clients get of a port in a mode: one outside the mesh, a sidecar by auto mTLS, one told DISABLE, and
# one told ISTIO_MUTUAL.
EXPECTED = {
    S: (0, URI, 503, URI),
    P: (PLAIN, URI, PLAIN, URI),
    D: (PLAIN, PLAIN, PLAIN, 503),
}
RULES = {"": 1, "DISABLE": 2, "ISTIO_MUTUAL": 3}


def outcome(reply: Reply) -> object:
    if reply.status != 200:
        return reply.status
    values = [value for name, value in reply.json()["headers"] if name.lower() == "x-forwarded-client-cert"]
    if not values:
        return PLAIN
    (value,) = values
    return next(part.partition("=")[2] for part in value.split(";") if part.startswith("URI="))


async def call(mesh: ObservedMesh, source: str, host: str, port: int) -> object:
    return outcome(await ask_once(mesh.dial_pod(source, host, port), Request(f"{host}:{port}")))


async def clients(mesh: ObservedMesh, port: int) -> tuple[object, object]:
    return (
        await call(mesh, "outsider.plain", ECHO, port),
        await call(mesh, "productpage-v1.default", "echo", port),
    )


def mesh_wide(mode: str) -> str:
    return peer_authentication(mode, namespace="istio-system")


def in_namespace(mode: str) -> str:
    return peer_authentication(mode)


def at_workload(mode: str, ports: dict[int, str] | None = None) -> str:
    return peer_authentication(mode, app="echo", ports=ports)


CASES = [
    pytest.param([], P, P, id="no policy"),
    pytest.param([mesh_wide(S)], S, S, id="mesh strict"),
    pytest.param([mesh_wide(D)], D, D, id="mesh disable"),
    pytest.param([mesh_wide(S), in_namespace(P)], P, P, id="namespace over mesh"),
    pytest.param([mesh_wide(S), in_namespace(U)], S, S, id="namespace unset inherits"),
    pytest.param([mesh_wide(S), in_namespace("")], S, S, id="namespace without mtls inherits"),
    pytest.param([in_namespace(S), at_workload(D)], D, D, id="workload over namespace"),
    pytest.param([in_namespace(S), at_workload(U)], S, S, id="workload unset inherits"),
    pytest.param([mesh_wide(D), in_namespace(U), at_workload("")], D, D, id="inherits twice"),
    pytest.param([in_namespace(S), at_workload("", {HTTP: P})], P, S, id="port over inherited"),
    pytest.param([at_workload(S, {HTTP: D})], D, S, id="port over workload"),
    pytest.param([at_workload(D, {HTTP: S})], S, D, id="strict port of a disabled workload"),
    pytest.param([in_namespace(S), at_workload(U, {HTTP: U})], S, S, id="port unset inherits"),
    pytest.param(
        [peer_authentication(S, namespace="istio-system", app="echo")],
        P,
        P,
        id="a selector at the root is none",
    ),
]


@pytest.mark.parametrize(("policies", "http", "auto"), CASES)
async def test_modes_are_inherited_and_overridden(
    playground: ObservedMesh, policies: list[str], http: str, auto: str
) -> None:
    await playground.change("cluster1", POLICY, "---\n".join(policies) or None)
    for port, mode in ((HTTP, http), (AUTO, auto)):
        await becomes(EXPECTED[mode][:2], lambda port=port: clients(playground, port))


@pytest.mark.parametrize("mode", [S, P, D])
@pytest.mark.parametrize("rule", ["DISABLE", "ISTIO_MUTUAL"])
async def test_a_destination_rule_may_insist(playground: ObservedMesh, mode: str, rule: str) -> None:
    await playground.change("cluster1", POLICY, in_namespace(mode))
    await playground.change("cluster1", RULE, destination_rule("echo.default.svc.cluster.local", rule))
    try:
        for port in (HTTP, AUTO):
            await becomes(
                EXPECTED[mode][RULES[rule]],
                lambda port=port: call(playground, "productpage-v1.default", "echo", port),
            )
    finally:
        await playground.change("cluster1", RULE, None)


@pytest.mark.parametrize("mode", [S, P, D])
async def test_ports_that_no_service_names_follow_the_workload(playground: ObservedMesh, mode: str) -> None:
    await playground.change("cluster1", POLICY, at_workload(mode))
    plain = 0 if mode == S else PLAIN
    await becomes(plain, lambda: call(playground, "outsider.plain", ECHO, UNNAMED))
    await becomes(DEMO if mode != D else 0, lambda: call_mutual(playground, UNNAMED))


@pytest.mark.parametrize("own", [S, P, D])
async def test_a_policy_may_name_a_port_that_no_service_names(playground: ObservedMesh, own: str) -> None:
    other = S if own != S else P
    await playground.change("cluster1", POLICY, at_workload(other, {UNNAMED: own}))
    await becomes(0 if own == S else PLAIN, lambda: call(playground, "outsider.plain", ECHO, UNNAMED))
    await becomes(0 if own == D else DEMO, lambda: call_mutual(playground, UNNAMED))


async def call_mutual(mesh: ObservedMesh, port: int) -> object:
    """A client with a certificate of the mesh and no sidecar."""
    sock = await mesh.dial_pod("outsider.plain", ECHO, port)()
    return outcome(ask_tls(mesh.own_context(), sock, sni="any.test", request=Request("echo")))


async def test_ports_are_target_ports(playground: ObservedMesh) -> None:
    shifted = """\
apiVersion: v1
kind: Service
metadata: {name: shifted, namespace: default}
spec:
  clusterIP: 198.18.129.32
  selector: {app: echo}
  ports: [{name: http, port: 9443, targetPort: 8000}]
---
"""
    await playground.change("cluster1", POLICY, shifted + at_workload(P, {9443: S}))
    await becomes(PLAIN, lambda: call(playground, "outsider.plain", ECHO, HTTP))
    await playground.change("cluster1", POLICY, shifted + at_workload(P, {HTTP: S}))
    await becomes(0, lambda: call(playground, "outsider.plain", ECHO, HTTP))
    await becomes(URI, lambda: call(playground, "productpage-v1.default", "shifted", 9443))


async def test_who_proves_nothing_is_not_even_a_connection(playground: ObservedMesh) -> None:
    """On ports that carry bytes, too, where an application may act as soon as it is connected to."""
    await playground.change("cluster1", POLICY, in_namespace(S))
    await becomes(0, lambda: call(playground, "outsider.plain", ECHO, HTTP))
    foreign = client_context(issue_intermediate(new_root(), "cluster1"))
    for port in (LINES, GREETER, UNNAMED_LINES):
        before = await playground.seen("echo.default", port)
        for context in (anonymous_context(), foreign):
            context.set_alpn_protocols(["istio"])
            sock = await playground.dial_pod("outsider.plain", ECHO, port)()
            reply = await asyncio.to_thread(ask_tls, context, sock, sni="any.test", request=Request("echo"))
            assert reply.status == 0
        assert await playground.seen("echo.default", port) == before


async def test_nothing_of_a_refused_client_reaches_the_application(playground: ObservedMesh) -> None:
    await playground.change("cluster1", POLICY, in_namespace(S))
    await becomes(0, lambda: call(playground, "outsider.plain", ECHO, HTTP))
    ports = (HTTP, AUTO, UNNAMED, LINES)
    before = [await playground.seen("echo.default", port) for port in ports]
    for port in ports:
        assert await call(playground, "outsider.plain", ECHO, port) == 0
    assert [await playground.seen("echo.default", port) for port in ports] == before


async def test_an_open_connection_in_plain_text_ends_when_its_port_becomes_strict(
    playground: ObservedMesh,
) -> None:
    await playground.change("cluster1", POLICY, None)
    await becomes(PLAIN, lambda: call(playground, "outsider.plain", ECHO, HTTP))
    connection = over(await playground.dial_pod("outsider.plain", ECHO, HTTP)())
    assert ask(connection, Request("echo")).status == 200
    await playground.change("cluster1", POLICY, in_namespace(S))
    await becomes(0, lambda: call(playground, "outsider.plain", ECHO, HTTP))
    # Envoy drains without losing a request: one more answer, which says that it is the last.
    last = await asyncio.to_thread(ask, connection, Request("echo"))
    assert last.status == 0 or last.headers.get("connection") == "close"
    assert (await asyncio.to_thread(ask, connection, Request("echo"))).status == 0


async def test_a_sidecar_loses_no_request_when_its_server_becomes_strict(playground: ObservedMesh) -> None:
    await playground.change("cluster1", POLICY, None)
    await becomes(URI, lambda: call(playground, "productpage-v1.default", "echo", HTTP))
    dial = playground.dial_pod("productpage-v1.default", "echo", HTTP)
    async with SteadyLoad(dial, Request("echo:8000"), rate=100) as load:
        for _ in range(3):
            await playground.change("cluster1", POLICY, in_namespace(S))
            await playground.change("cluster1", POLICY, None)
    assert load.failures() == []
    assert load.replies
