"""Headers that tie calls together travel from the page to the ratings; others do not."""

import asyncio

import aiohttp
import pytest
from tests.unit.samples.bookinfo.programs import (
    DETAILS,
    RATINGS,
    REVIEWS,
    Serve,
    Start,
    Upstream,
    address,
    located,
)

PASSED_ON = {
    "x-request-id": "5b6f0f0e",
    "x-b3-traceid": "463ac35c9f6413ad48485a3953bb6124",
    "x-b3-spanid": "a2fb4a1d1a96d312",
    "x-b3-parentspanid": "0020000000000001",
    "x-b3-sampled": "1",
    "x-b3-flags": "0",
    "b3": "463ac35c-a2fb4a1d-1",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "congo=t61rcWkgMzE",
    "x-ot-span-context": "span",
    "sw8": "1-segment",
    "x-datadog-trace-id": "11",
    "x-datadog-parent-id": "12",
    "x-datadog-sampling-priority": "1",
    "x-cloud-trace-context": "105445aa7843bc8bf206b120001000/1;o=1",
    "grpc-trace-bin": "AAA",
    "user-agent": "a browser",
    "cookie": "taste=plain",
    "authorization": "Bearer of-nothing",
    "jwt": "a.b.c",
}
KEPT_BACK = {
    "x-forwarded-client-cert": "By=a;URI=spiffe://cluster.local/ns/default/sa/forged",
    "x-envoy-attempt-count": "1",
    "accept-language": "de",
    "x-other": "1",
}


async def chain(start: Start, serve: Serve, ratings: Upstream, *, details: Upstream) -> str:
    """productpage over reviews v2, both real, over the given services; gives the page's base URL."""
    reviews = start("reviews", SERVICE_VERSION="v2", **located(ratings=await serve(ratings.app)))
    return start("productpage", **located(reviews=reviews, details=await serve(details.app)))


async def test_trace_and_context_headers_reach_the_last_hop(
    start: Start, serve: Serve, client: aiohttp.ClientSession
) -> None:
    ratings, details = Upstream(RATINGS), Upstream(DETAILS)
    page = await chain(start, serve, ratings, details=details)
    async with client.get(f"{page}/productpage", headers=PASSED_ON | KEPT_BACK):
        pass
    for upstream in (ratings, details):
        (seen,) = upstream.seen
        assert PASSED_ON.items() <= seen.items()
        assert not KEPT_BACK.keys() & seen.keys()


async def test_signed_in_user_reaches_the_last_hop(
    start: Start, serve: Serve, client: aiohttp.ClientSession
) -> None:
    ratings, details = Upstream(RATINGS), Upstream(DETAILS)
    page = await chain(start, serve, ratings, details=details)
    async with client.post(f"{page}/login", data={"username": "jason", "passwd": "x"}):
        pass
    assert [seen["end-user"] for seen in (*ratings.seen, *details.seen)] == ["jason", "jason"]


async def test_user_that_a_client_claims_is_dropped(
    start: Start, serve: Serve, client: aiohttp.ClientSession
) -> None:
    reviews = Upstream(REVIEWS)
    page = start("productpage", **located(reviews=await serve(reviews.app)))
    url = f"{page}/api/v1/products/0/reviews"
    async with client.get(url, headers={"end-user": "jason"}):
        pass
    assert ["end-user" in seen for seen in reviews.seen] == [False]


async def test_answers_of_one_user_set_no_cookies_for_another(
    start: Start, serve: Serve, client: aiohttp.ClientSession
) -> None:
    reviews = Upstream(REVIEWS)
    reviews.app.on_response_prepare.append(set_a_cookie)
    page = start("productpage", **located(reviews=await serve(reviews.app)))
    for _ in range(2):
        async with client.get(f"{page}/api/v1/products/0/reviews"):
            pass
    assert ["cookie" in seen for seen in reviews.seen] == [False, False]


async def set_a_cookie(request: object, response: aiohttp.web.StreamResponse) -> None:
    response.headers["Set-Cookie"] = "mine=1; Path=/"


@pytest.mark.parametrize("value", [b"\xff\xfe", b"caf\xc3\xa9"])
async def test_header_bytes_beyond_ascii_break_nothing(start: Start, serve: Serve, value: bytes) -> None:
    reviews = Upstream(REVIEWS)
    page = start("productpage", **located(reviews=await serve(reviews.app)))
    reader, writer = await asyncio.open_connection(*address(page))
    writer.write(b"GET /api/v1/products/0/reviews HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
    writer.write(b"User-Agent: " + value + b"\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert len(reviews.seen) == 1
