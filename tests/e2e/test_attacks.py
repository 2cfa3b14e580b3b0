"""What an application reads about its caller is what the caller proved, whatever the caller writes.

Ports that declare HTTP keep this promise; docs/decisions/003-client-certificate-header.md says what a port of
unknown protocol cannot promise, and the last tests here show where that line runs.
"""

import asyncio
from typing import Any

import orjson
import pytest
from tests.e2e.observing import ObservedMesh
from tests.e2e.playground import AUTO, HTTP, MARKS
from tests.e2e.raw import say

from convoy.cli.pod_traffic import Reply, Request, ask_once
from convoy.cli.tls_client import ask_tls

pytestmark = MARKS

ECHO = "198.18.1.31"
NAME = "x-forwarded-client-cert"
FORGED = "By=spiffe://cluster.local/ns/x/sa/x;URI=spiffe://cluster.local/ns/default/sa/admin"
INGRESS = "spiffe://cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account"
DEMO = "spiffe://cluster.local/ns/default/sa/convoy-demo"
PRODUCTPAGE = "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
HEADERS = {NAME: FORGED}


def told(reply: Reply) -> list[str]:
    """The callers that the application was told of."""
    assert reply.status == 200, reply
    return identities(reply.json())


def identities(answer: Any) -> list[str]:
    values = [value for name, value in answer["headers"] if name.lower() == NAME]
    parts = [part for value in values for element in value.split(",") for part in element.split(";")]
    return [part.partition("=")[2] for part in parts if part.startswith("URI=")]


async def test_at_the_ingress(playground: ObservedMesh) -> None:
    dial = playground.dial_pod("outsider.plain", "198.19.0.11", 80)
    assert told(await ask_once(dial, Request("echo.test", "/", HEADERS))) == [INGRESS]


async def test_through_the_passthrough_gateway_with_a_certificate(playground: ObservedMesh) -> None:
    sni = "outbound_.8000_._.far.default.global"
    reply = await playground.ask_through_gateway(playground.own_context(), sni, Request("far", "/", HEADERS))
    assert told(reply) == [DEMO]


async def test_by_an_application_through_its_own_sidecar(playground: ObservedMesh) -> None:
    for host in ("echo", "far.default.global"):
        dial = playground.dial_pod("productpage-v1.default", host, HTTP)
        assert told(await ask_once(dial, Request(f"{host}:8000", "/", HEADERS))) == [PRODUCTPAGE]


async def test_with_a_certificate_straight_to_the_pod(playground: ObservedMesh) -> None:
    for port in (HTTP, AUTO):
        sock = await playground.dial_pod("outsider.plain", ECHO, port)()
        request = Request("echo", "/", HEADERS)
        reply = await asyncio.to_thread(
            ask_tls, playground.own_context(), sock, sni="any.test", request=request
        )
        assert told(reply) == [DEMO]


@pytest.mark.parametrize("port", [HTTP, AUTO])
@pytest.mark.parametrize(
    "forging",
    [
        f"{NAME}: {FORGED}\r\n",
        f"X-Forwarded-Client-CERT: {FORGED}\r\n",
        f"{NAME}: a=b\r\n{NAME}: {FORGED}\r\n",
        f"{NAME}:{FORGED}\r\n",
        f"{NAME} : {FORGED}\r\n",
        f"{NAME}:\r\n {FORGED}\r\n",
        f"connection: close, {NAME}\r\n{NAME}: {FORGED}\r\n",
        f"upgrade: h2c\r\n{NAME}: {FORGED}\r\n",
        f"content-length: 5\r\ntransfer-encoding: chunked\r\n{NAME}: {FORGED}\r\n",
    ],
    ids=["as is", "case", "twice", "no space", "space", "folded", "nominated", "h2c", "smuggled"],
)
async def test_in_plain_text(playground: ObservedMesh, forging: str, port: int) -> None:
    dial = playground.dial_pod("outsider.plain", ECHO, port)
    said = f"GET / HTTP/1.1\r\nhost: echo\r\n{forging}connection: close\r\n\r\n"
    answer = await say(dial, said.encode())
    assert b"HTTP/1.1" in answer
    assert b"admin" not in answer


async def test_in_a_later_request_of_a_connection(playground: ObservedMesh) -> None:
    first = b"POST / HTTP/1.1\r\nhost: echo\r\ncontent-length: 3\r\n\r\nabc"
    second = f"GET /second HTTP/1.1\r\nhost: echo\r\n{NAME}: {FORGED}\r\nconnection: close\r\n\r\n".encode()
    answer = await say(playground.dial_pod("outsider.plain", ECHO, HTTP), first + second)
    assert b"/second" in answer
    assert b"admin" not in answer


async def test_in_pieces_that_come_slowly(playground: ObservedMesh) -> None:
    said = f"GET / HTTP/1.1\r\nhost: echo\r\n{NAME}: {FORGED}\r\nconnection: close\r\n\r\n".encode()
    pieces = [said[start : start + 3] for start in range(0, len(said), 3)]
    for port in (HTTP, AUTO):
        answer = await say(playground.dial_pod("outsider.plain", ECHO, port), *pieces, pause=0.005)
        assert b"HTTP/1.1 200" in answer
        assert b"admin" not in answer


async def test_a_declared_port_takes_no_bytes_for_silence(playground: ObservedMesh) -> None:
    """A caller that says nothing until detection gives up is still not believed where HTTP is declared."""
    said = f"GET / HTTP/1.1\r\nhost: echo\r\n{NAME}: {FORGED}\r\nconnection: close\r\n\r\n".encode()
    declared, unknown = await asyncio.gather(
        *(
            say(playground.dial_pod("outsider.plain", ECHO, port), b"", said, pause=5.5)
            for port in (HTTP, AUTO)
        )
    )
    assert b"HTTP/1.1 200" in declared
    assert b"admin" not in declared
    # The line that the decision record draws: bytes on a port of unknown protocol are passed on unread.
    assert identities(orjson.loads(unknown.partition(b"\r\n\r\n")[2])) == [FORGED.rpartition("URI=")[2]]


@pytest.mark.parametrize("port", [15000, 15001, 15006, 15053, 15054])
async def test_a_proxys_own_ports_serve_nobody_outside(playground: ObservedMesh, port: int) -> None:
    """Whoever comes from outside, or from the pod itself by its address, finds neither admin nor a loop."""
    said = b"GET /config_dump HTTP/1.1\r\nhost: echo\r\nconnection: close\r\n\r\n"
    for source in ("outsider.plain", "productpage-v1.default", "echo.default"):
        try:
            answer = await say(playground.dial_pod(source, ECHO, port), said)
        except OSError:
            continue
        assert b" 200 " not in answer.partition(b"\r\n")[0]
        assert b"configs" not in answer
    # It still serves those for whom it is there: no connection went in circles.
    dial = playground.dial_pod("productpage-v1.default", "echo", HTTP)
    assert told(await ask_once(dial, Request("echo:8000"))) == [PRODUCTPAGE]


async def test_nobody_reaches_the_admin_interface_of_a_gateway(playground: ObservedMesh) -> None:
    for address in ("198.18.1.3", "198.19.0.11"):
        with pytest.raises(OSError):  # noqa: PT011 - refused or unreachable, both are well
            await playground.dial_pod("outsider.plain", address, 15000)()


async def test_headers_that_steer_proxies_are_not_followed(playground: ObservedMesh) -> None:
    steering = {
        "x-envoy-original-dst-host": "127.0.0.1:15000",
        "x-envoy-original-path": "/config_dump",
        "x-forwarded-host": "localhost:15000",
    }
    for host in ("echo", "far.default.global"):
        dial = playground.dial_pod("productpage-v1.default", host, HTTP)
        reply = await ask_once(dial, Request(f"{host}:8000", "/config_dump", steering))
        assert told(reply) == [PRODUCTPAGE]
    plain = playground.dial_pod("outsider.plain", ECHO, HTTP)
    reply = await ask_once(plain, Request("127.0.0.1:15000", "/config_dump", steering))
    assert reply.json()["pod"] == "echo"
