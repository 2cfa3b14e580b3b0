"""Traffic of every kind, between pods, to themselves, out of the mesh and across clusters."""

import asyncio
import hashlib
import http.client
import os
from collections import Counter
from typing import Any

import pytest
from tests.e2e.observing import ObservedMesh, becomes
from tests.e2e.playground import (
    AUTO,
    FAR_VIPS,
    GREETER,
    HTTP,
    LINES,
    MARKS,
    UNNAMED,
    UNNAMED_LINES,
    destination_rule,
)
from tests.e2e.raw import say

from convoy.cli.pod_traffic import Dial, Reply, Request, ask, ask_many, ask_once, over

pytestmark = MARKS

CALLER = "productpage-v1.default"
CALLER_ID = "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
OUTSIDER = "198.18.1.41"
JASON = Request("reviews:9080", "/reviews/0", {"end-user": "jason"})
ANYBODY = Request("reviews:9080", "/reviews/0")
RULE = "test-rule.yaml"


def peer(reply: Reply) -> str:
    """The identity that the application was told, or none."""
    assert reply.status == 200, reply
    headers = {name.lower(): value for name, value in reply.json()["headers"]}
    parts = headers.get("x-forwarded-client-cert", "").split(";")
    return next((part.partition("=")[2] for part in parts if part.startswith("URI=")), "")


async def get(mesh: ObservedMesh, host: str, port: int, source: str = CALLER) -> Reply:
    return await ask_once(mesh.dial_pod(source, host, port), Request(f"{host}:{port}"))


async def line(dial: Dial) -> bytes:
    """Say one line and give the one that comes; b"" when the connection is closed."""
    sock = await dial()
    with sock:
        sock.settimeout(20)

        def talk() -> bytes:
            sock.sendall(b"hello\n")
            return sock.recv(1000)

        try:
            return await asyncio.to_thread(talk)
        except ConnectionError:
            return b""


# --- who is met where ---


@pytest.mark.parametrize("port", [HTTP, AUTO])
@pytest.mark.parametrize("host", ["echo", "echo.default.svc.cluster.local", "far.default.global", *FAR_VIPS])
async def test_http_is_mutual_tls_between_sidecars(playground: ObservedMesh, host: str, port: int) -> None:
    reply = await get(playground, host, port)
    assert peer(reply) == CALLER_ID
    assert reply.json()["pod"] == ("echo" if host.startswith("echo") else "far")


@pytest.mark.parametrize("host", ["far.default.global", *FAR_VIPS])
async def test_bytes_cross_clusters_in_tls(playground: ObservedMesh, host: str) -> None:
    async with playground.capturing("cluster1", 15443) as captured:
        assert await line(playground.dial_pod(CALLER, host, LINES)) == b"far hello\n"
    payload = b"".join(segment.payload for segment in captured.segments)
    assert payload
    assert b"hello\n" not in payload


async def test_bytes_between_sidecars_of_one_cluster(playground: ObservedMesh) -> None:
    assert await line(playground.dial_pod(CALLER, "echo", LINES)) == b"echo hello\n"


async def test_who_speaks_first_may_be_the_server(playground: ObservedMesh) -> None:
    greetings = await asyncio.gather(
        say_and_listen(playground.dial_pod(CALLER, "far.default.global", GREETER)),
        say_and_listen(playground.dial_pod(CALLER, "echo", GREETER)),
        say_and_listen(playground.dial_pod("outsider.plain", "198.18.1.31", GREETER)),
    )
    assert greetings == [b"220 far\n", b"220 echo\n", b"220 echo\n"]


async def say_and_listen(dial: Dial) -> bytes:
    sock = await dial()
    with sock:
        sock.settimeout(20)
        return await asyncio.to_thread(sock.recv, 100)


async def test_a_pod_calls_itself_by_its_service(playground: ObservedMesh) -> None:
    for port in (HTTP, AUTO):
        reply = await get(playground, "echo.default", port, source="echo.default")
        assert peer(reply) == "spiffe://cluster.local/ns/default/sa/echo"
    assert await line(playground.dial_pod("echo.default", "echo.default", LINES)) == b"echo hello\n"


async def test_a_headless_service_is_called_by_the_address_of_its_pod(playground: ObservedMesh) -> None:
    assert peer(await get(playground, "echo-each", HTTP)) == CALLER_ID
    assert await line(playground.dial_pod(CALLER, "echo-each", LINES)) == b"echo hello\n"


async def test_a_pod_without_a_sidecar_is_called_in_plain_text(playground: ObservedMesh) -> None:
    for port in (HTTP, AUTO):
        reply = await get(playground, "outsider.plain", port)
        assert (reply.json()["pod"], peer(reply)) == ("outsider", "")
    assert await line(playground.dial_pod(CALLER, "outsider.plain", LINES)) == b"outsider hello\n"


async def test_what_no_service_names_is_called_as_dialled(playground: ObservedMesh) -> None:
    for port in (HTTP, UNNAMED):
        reply = await ask_once(playground.dial_pod(CALLER, OUTSIDER, port), Request("nobody.example"))
        assert (reply.json()["pod"], peer(reply)) == ("outsider", "")
    assert await line(playground.dial_pod(CALLER, OUTSIDER, UNNAMED_LINES)) == b"outsider hello\n"


async def test_an_address_that_nobody_has_is_not_answered(playground: ObservedMesh) -> None:
    """Nobody listens there, so nobody answers; the proxy does not invent anybody."""
    reply = await ask_once(playground.dial_pod(CALLER, "240.0.0.99", HTTP), Request("nobody.example"))
    assert reply.status in (0, 503)


# --- shapes of HTTP ---


@pytest.mark.parametrize("host", ["echo", "far.default.global", "outsider.plain"])
async def test_large_bodies_arrive_whole(playground: ObservedMesh, host: str) -> None:
    body = os.urandom(1 << 20)
    request = Request(f"{host}:8000", "/post", {}, "POST", body)
    reply = await ask_once(playground.dial_pod(CALLER, host, HTTP), request)
    assert (reply.json()["length"], reply.json()["sha256"]) == (1 << 20, hashlib.sha256(body).hexdigest())


@pytest.mark.parametrize("port", [HTTP, AUTO])
async def test_a_connection_serves_many_requests(playground: ObservedMesh, port: int) -> None:
    connection = over(await playground.dial_pod(CALLER, "far.default.global", port)())
    replies = [
        await asyncio.to_thread(ask, connection, Request("far.default.global", f"/{n}")) for n in range(5)
    ]
    connection.close()
    assert [reply.json()["path"] for reply in replies] == [f"/{n}" for n in range(5)]


@pytest.mark.parametrize("host", ["echo", "far.default.global"])
async def test_chunks_pass_both_ways(playground: ObservedMesh, host: str) -> None:
    connection = over(await playground.dial_pod(CALLER, host, HTTP)())

    def converse() -> tuple[bytes, Any]:
        connection.request("GET", "/stream", headers={"Host": host})
        streamed = connection.getresponse().read()
        pieces = iter([b"a" * 1000, b"b" * 1000])
        connection.request("POST", "/", body=pieces, headers={"Host": host}, encode_chunked=True)
        return streamed, ask_json(connection)

    streamed, answer = await asyncio.to_thread(converse)
    connection.close()
    assert streamed == b"".join(f"part {number}\n".encode() for number in range(5))
    assert answer["length"] == 2000


def ask_json(connection: http.client.HTTPConnection) -> Any:
    answer = connection.getresponse()
    return Reply(answer.status, {}, answer.read()).json()


@pytest.mark.parametrize("host", ["echo", "far.default.global"])
async def test_a_web_socket_opens_and_talks(playground: ObservedMesh, host: str) -> None:
    opening = (
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    # Frames of RFC 6455: a masked text (mask of zeros), then a masked close.
    text, close = b"\x81\x85\0\0\0\0hello", b"\x88\x80\0\0\0\0"
    dial = playground.dial_pod(CALLER, host, HTTP)
    heard = await say(dial, opening.encode(), text + close, pause=0.3)
    assert heard.startswith(b"HTTP/1.1 101")
    assert f"{host.partition('.')[0]} hello".encode() in heard


# --- whom a client believes ---


@pytest.mark.parametrize("host", ["echo.default.svc.cluster.local", "far.default.global"])
@pytest.mark.parametrize("port", [HTTP, AUTO, LINES])
async def test_a_server_of_another_name_is_not_believed(
    playground: ObservedMesh, host: str, port: int
) -> None:
    pod, cluster = ("echo", "cluster1") if host.startswith("echo") else ("far", "cluster2")
    wrong = ', subjectAltNames: ["spiffe://cluster.local/ns/default/sa/somebody"]'
    await playground.change("cluster1", RULE, destination_rule(host, "ISTIO_MUTUAL", more=wrong))

    async def answer() -> object:
        if port == LINES:
            return await line(playground.dial_pod(CALLER, host, port))
        return (await get(playground, host, port)).status

    try:
        await becomes(b"" if port == LINES else 503, answer)
        before = await playground.seen(f"{pod}.default", port, cluster=cluster)
        await answer()
        assert await playground.seen(f"{pod}.default", port, cluster=cluster) == before
    finally:
        await playground.change("cluster1", RULE, None)
    await becomes(f"{pod} hello\n".encode() if port == LINES else 200, answer)


async def test_a_server_of_the_stated_name_is_believed(playground: ObservedMesh) -> None:
    right = ', subjectAltNames: ["spiffe://cluster.local/ns/default/sa/far"]'
    await playground.change(
        "cluster1", RULE, destination_rule("far.default.global", "ISTIO_MUTUAL", more=right)
    )
    try:
        assert peer(await get(playground, "far.default.global", HTTP)) == CALLER_ID
    finally:
        await playground.change("cluster1", RULE, None)


# --- when the other cluster changes ---


async def outcomes(mesh: ObservedMesh, request: Request, count: int = 40) -> Counter[str]:
    """Pods that answered, or statuses."""
    replies = await ask_many(mesh.dial_pod(CALLER, "reviews", 9080), request, count)
    return Counter(reply.json()["podname"] if reply.status == 200 else str(reply.status) for reply in replies)


async def test_without_v3_half_of_jasons_calls_fail_and_nobody_elses(playground: ObservedMesh) -> None:
    written = (playground.folder("cluster2") / "reviews.yaml").read_text()
    documents = written.split("---\n")
    kept = [each for each in documents if "name: reviews-v3" not in each]
    assert len(kept) == len(documents) - 1
    assert set(await outcomes(playground, JASON)) == {"reviews-v2", "reviews-v3"}
    await playground.change("cluster2", "reviews.yaml", "---\n".join(kept))
    try:

        async def jasons() -> set[str]:
            return set(await outcomes(playground, JASON))

        await becomes({"reviews-v2", "503"}, jasons)
        counts = await outcomes(playground, JASON, 200)
        # Beyond these bounds a fair split would fall once in some hundred million times.
        assert 60 <= counts["503"] <= 140
        assert set(await outcomes(playground, ANYBODY)) == {"reviews-v1"}
    finally:
        await playground.change("cluster2", "reviews.yaml", written)
    await becomes({"reviews-v2", "reviews-v3"}, jasons)


async def test_without_the_destination_rule_of_the_other_cluster_only_subsets_are_reset(
    playground: ObservedMesh,
) -> None:
    name = next(
        path.name
        for path in playground.folder("cluster2").iterdir()
        if "kind: DestinationRule" in path.read_text() and "subsets" in path.read_text()
    )
    written = (playground.folder("cluster2") / name).read_text()

    async def answers() -> list[int]:
        names = [f"outbound_.9080_.{subset}_.reviews.default.global" for subset in ("", "v2", "v3")]
        context = playground.own_context()
        return [(await playground.ask_through_gateway(context, each, ANYBODY)).status for each in names]

    assert await answers() == [200, 200, 200]
    await playground.change("cluster2", name, None)
    try:
        await becomes([200, 0, 0], answers)
        await becomes({"503"}, lambda: _set(outcomes(playground, JASON)))
        assert set(await outcomes(playground, ANYBODY)) == {"reviews-v1"}
    finally:
        await playground.change("cluster2", name, written)
    await becomes([200, 200, 200], answers)
    await becomes({"reviews-v2", "reviews-v3"}, lambda: _set(outcomes(playground, JASON)))


async def _set(counting: Any) -> set[str]:
    return set(await counting)
