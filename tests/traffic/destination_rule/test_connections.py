"""Connections: how long they are used, what is spoken over them, and what they carry besides."""

import asyncio
import time

from tests.traffic.configuring import CLUSTER
from tests.traffic.destination_rule.server import SERVER, VIP, conversation, policy
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab

pytestmark = TRAFFIC

TCP, HTTP = "trafficPolicy.connectionPool.tcp", "trafficPolicy.connectionPool.http"


async def connections(lab: Lab, pool: str, *, pause: float = 0.0, count: int = 3) -> int:
    """Over how many connections the server gets some requests that a caller makes over one."""
    async with (
        lab.applied(SERVER, policy(f"connectionPool: {{{pool}}}")),
        conversation(lab, "server.test") as talk,
    ):
        found = set()
        for _ in range(count):
            found.add((await talk.get())["connection"])
            await asyncio.sleep(pause)
    return len(found)


async def test_connections_are_kept(lab: Lab) -> None:
    assert await connections(lab, "http: {maxRetries: 5}", pause=0.4) == 1


@fields("DestinationRule", f"{HTTP}.maxRequestsPerConnection")
async def test_a_connection_has_so_many_requests(lab: Lab) -> None:
    assert await connections(lab, "http: {maxRequestsPerConnection: 1}") == 3


@fields("DestinationRule", f"{HTTP}.idleTimeout")
async def test_an_unused_connection_is_closed(lab: Lab) -> None:
    assert await connections(lab, "http: {idleTimeout: 150ms}", pause=0.4) == 3


@fields("DestinationRule", f"{TCP}.maxConnectionDuration")
async def test_a_connection_lives_so_long(lab: Lab) -> None:
    assert await connections(lab, "tcp: {maxConnectionDuration: 150ms}", pause=0.4) == 3
    async with lab.applied(SERVER, policy("connectionPool: {tcp: {maxConnectionDuration: 300ms}}")):
        assert 0.2 < await seconds_open(lab, speaking=True) < 5


@fields("DestinationRule", f"{TCP}.idleTimeout")
async def test_a_silent_connection_is_closed(lab: Lab) -> None:
    async with lab.applied(SERVER, policy("connectionPool: {tcp: {idleTimeout: 300ms}}")):
        assert 0.2 < await seconds_open(lab, speaking=False) < 5


async def seconds_open(lab: Lab, *, speaking: bool) -> float:
    """How long a connection of bytes stays open, 5 at most."""
    with await lab.dial("client", "server.test", 9000) as sock:
        sock.settimeout(5)
        start = time.monotonic()

        def listen() -> None:
            try:
                while speaking or sock.send(b"once\n"):
                    if speaking:
                        sock.sendall(b"again\n")
                    if not sock.recv(100) or not (speaking or sock.recv(100)):
                        return
            except (ConnectionError, TimeoutError):
                pass

        await asyncio.to_thread(listen)
        return time.monotonic() - start


@fields("DestinationRule", f"{TCP}.tcpKeepalive.time")
@fields("DestinationRule", f"{TCP}.tcpKeepalive.interval", f"{TCP}.tcpKeepalive.probes")
async def test_the_system_asks_whether_the_server_is_there(lab: Lab) -> None:
    keepalive = "{time: 77s, interval: 33s, probes: 4}"
    async with lab.applied(SERVER, policy(f"connectionPool: {{tcp: {{tcpKeepalive: {keepalive}}}}}")):
        with await lab.dial("client", "server.test", 9000) as sock:
            sock.settimeout(5)
            sock.sendall(b"hello\n")
            await asyncio.to_thread(sock.recv, 100)
            argv = ["ss", "-tnoH", "dst", "198.18.1.41:9000"]
            shown = await lab.local.world.exec(CLUSTER, "default", "client", argv)
        settings = await keepalive_of(lab)
    assert b"timer:(keepalive,1min1" in shown.stdout, shown
    assert settings == {"keepalive_probes": 4, "keepalive_time": 77, "keepalive_interval": 33}


async def keepalive_of(lab: Lab) -> dict[str, int]:
    """What the proxy sets: the system shows only the first of the three before a server is gone."""
    clusters = [one["cluster"] for one in await lab.dump("client", "dynamic_active_clusters")]
    (found,) = [one for one in clusters if one["name"] == "outbound|9000||server.test"]
    settings: dict[str, int] = found["upstream_connection_options"]["tcp_keepalive"]
    return settings


@fields("DestinationRule", f"{HTTP}.h2UpgradePolicy")
async def test_requests_are_sent_on_as_http2(lab: Lab) -> None:
    async with lab.applied(SERVER):
        assert (await lab.grpc("client", "server.test:7000")).code != 0
    async with lab.applied(SERVER, policy("connectionPool: {http: {h2UpgradePolicy: UPGRADE}}")):
        assert (await lab.grpc("client", "server.test:7000")).pod == "outside"


@fields("DestinationRule", f"{HTTP}.useClientProtocol")
async def test_the_servers_protocol_is_the_clients(lab: Lab) -> None:
    async with lab.applied(SERVER, policy("connectionPool: {http: {useClientProtocol: true}}")):
        assert (await lab.grpc("client", "server.test:7000")).pod == "outside"
        assert (await lab.get("client", "http://server.test:8000/")).seen.version == "1.1"


@fields("DestinationRule", "trafficPolicy.proxyProtocol.version")
async def test_a_server_is_told_who_its_client_is(lab: Lab) -> None:
    async with lab.applied(SERVER, policy("proxyProtocol: {version: V1}")):
        first = await lab.line("client", "server.test", 9100)
    async with lab.applied(SERVER, policy("proxyProtocol: {version: V2}")):
        second = await lab.line("client", "server.test", 9100)
    assert first.startswith(f"outside v1 PROXY TCP4 198.18.1.11 {VIP} ") or "198.18.1.11" in first, first
    assert second.startswith("outside v2 TCP4 198.18.1.11 "), second


@fields("DestinationRule", "trafficPolicy.tunnel.protocol")
@fields("DestinationRule", "trafficPolicy.tunnel.targetHost", "trafficPolicy.tunnel.targetPort")
async def test_connections_travel_inside_a_request(lab: Lab) -> None:
    tunnel = "tunnel: {protocol: CONNECT, targetHost: far.test, targetPort: 4321}"
    async with lab.applied(SERVER, policy(tunnel)):
        connected = await lab.line("client", "server.test", 3128)
    async with lab.applied(SERVER, policy(tunnel.replace("CONNECT", "POST"))):
        posted = await lab.line("client", "server.test", 3128)
    assert connected == "outside CONNECT far.test:4321 hello"
    assert posted.startswith("outside POST far.test:4321"), posted
