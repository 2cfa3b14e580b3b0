"""The HTTP interface of the real programs, all versions of reviews included."""

import asyncio
import re
import socket
import subprocess
from typing import Any

import aiohttp
import pytest
from tests.unit.samples.bookinfo.programs import (
    Bookshop,
    Serve,
    Slow,
    address,
    command,
    environment,
    located,
    running,
)

import ratings

COLORS = {"v1": None, "v2": "black", "v3": "red"}
VERSIONS = tuple(COLORS)


async def get_json(client: aiohttp.ClientSession, url: str, **headers: str) -> Any:
    async with client.get(url, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        return await response.json()


async def get_text(client: aiohttp.ClientSession, url: str) -> str:
    async with client.get(url) as response:
        assert response.status == 200
        return await response.text()


async def get_status(client: aiohttp.ClientSession, url: str) -> int:
    async with client.get(url) as response:
        return response.status


def stars(page: str) -> list[tuple[str, int]]:
    """Colour and number of the stars of each review on a page."""
    found = re.findall(r'<span class="stars (\w+)"[^>]* data-stars="(\d)"', page)
    return [(color, int(count)) for color, count in found]


@pytest.mark.parametrize("version", VERSIONS)
async def test_reviews_rates_as_its_version_does(
    bookshop: Bookshop, client: aiohttp.ClientSession, version: str
) -> None:
    body = await get_json(client, f"{bookshop.reviews[version]}/reviews/0")
    color = COLORS[version]
    expected = [{"stars": 5, "color": color}, {"stars": 4, "color": color}] if color else [None, None]
    assert [each.get("rating") for each in body["reviews"]] == expected
    assert [each["reviewer"] for each in body["reviews"]] == ["Reviewer1", "Reviewer2"]
    assert all(each["text"] for each in body["reviews"])


async def test_reviews_names_product_pod_and_cluster(
    bookshop: Bookshop, client: aiohttp.ClientSession
) -> None:
    body = await get_json(client, f"{bookshop.reviews['v2']}/reviews/7")
    assert (body["id"], body["podname"], body["clustername"]) == ("7", "reviews-v2", "cluster9")


async def test_reviews_tells_the_identity_its_sidecar_saw(
    bookshop: Bookshop, client: aiohttp.ClientSession
) -> None:
    url = f"{bookshop.reviews['v1']}/reviews/0"
    identity = "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
    header = f"By=spiffe://cluster.local/ns/default/sa/bookinfo-reviews;Hash=ab;URI={identity}"
    assert (await get_json(client, url, **{"x-forwarded-client-cert": header}))["peer"] == identity
    assert (await get_json(client, url))["peer"] == ""


async def test_details_gives_facts(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    body = await get_json(client, f"{bookshop.details}/details/3")
    keys = {"id", "author", "year", "type", "pages", "publisher", "language", "ISBN-10", "ISBN-13"}
    assert set(body) == keys
    assert (body["id"], body["author"]) == (3, "William Shakespeare")


async def test_ratings_gives_stars_by_reviewer(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    body = await get_json(client, f"{bookshop.ratings}/ratings/3")
    assert body == {"id": 3, "ratings": {"Reviewer1": 5, "Reviewer2": 4}}


async def test_posted_ratings_replace_those_of_one_product(
    serve: Serve, client: aiohttp.ClientSession
) -> None:
    url = await serve(ratings.build({}))
    async with client.post(f"{url}/ratings/1", json={"Reviewer1": 2}) as response:
        assert await response.json() == {"id": 1, "ratings": {"Reviewer1": 2}}
    assert (await get_json(client, f"{url}/ratings/1"))["ratings"] == {"Reviewer1": 2}
    assert (await get_json(client, f"{url}/ratings/0"))["ratings"] == {"Reviewer1": 5, "Reviewer2": 4}


@pytest.mark.parametrize("body", ["", "[]", '{"Reviewer1": "many"}'])
async def test_ratings_of_another_shape_are_refused(
    serve: Serve, client: aiohttp.ClientSession, body: str
) -> None:
    url = await serve(ratings.build({}))
    async with client.post(f"{url}/ratings/1", data=body) as response:
        assert response.status == 400
        assert "JSON object" in (await response.json())["error"]


async def test_every_program_is_healthy(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    for url in (bookshop.details, bookshop.ratings, *bookshop.reviews.values(), *bookshop.pages.values()):
        assert "healthy" in (await get_json(client, f"{url}/health"))["status"]


async def test_a_product_id_must_be_a_number(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    for url in (
        f"{bookshop.details}/details/x",
        f"{bookshop.ratings}/ratings/-1",
        f"{bookshop.reviews['v2']}/reviews/1.0",
        f"{bookshop.pages['v2']}/api/v1/products/%2e%2e%2fhealth/reviews",
        f"{bookshop.pages['v2']}/api/v1/products/{'9' * 19}",
    ):
        assert await get_status(client, url) == 400


@pytest.mark.parametrize("version", VERSIONS)
async def test_page_shows_the_stars_of_the_version(
    bookshop: Bookshop, client: aiohttp.ClientSession, version: str
) -> None:
    page = await get_text(client, f"{bookshop.pages[version]}/productpage")
    color = COLORS[version]
    assert stars(page) == ([(color, 5), (color, 4)] if color else [])


@pytest.mark.parametrize("version", VERSIONS)
async def test_page_holds_no_colour_but_that_of_the_stars(
    bookshop: Bookshop, client: aiohttp.ClientSession, version: str
) -> None:
    page = await get_text(client, f"{bookshop.pages[version]}/productpage")
    assert {word for word in ("black", "red") if word in page} == {COLORS[version]} - {None}


async def test_page_names_pod_and_cluster_of_the_reviews(
    bookshop: Bookshop, client: aiohttp.ClientSession
) -> None:
    page = await get_text(client, f"{bookshop.pages['v3']}/productpage")
    assert "Reviews served by pod <b>reviews-v3</b> in cluster <b>cluster9</b>" in page
    assert 'data-pod="reviews-v3" data-cluster="cluster9"' in page


async def test_page_loads_nothing_from_elsewhere(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{bookshop.pages['v3']}/productpage") as response:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        page = await response.text()
    assert not re.search(r"<(script|link|img|iframe)\b|\bsrc=", page)


@pytest.mark.parametrize("path", ["/", "/index.html"])
async def test_front_door_leads_to_the_page(
    bookshop: Bookshop, client: aiohttp.ClientSession, path: str
) -> None:
    page = await get_text(client, bookshop.pages["v1"] + path)
    assert 'href="/productpage"' in page
    assert bookshop.reviews["v1"] in page


async def test_api_lists_the_products(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    (product,) = await get_json(client, f"{bookshop.pages['v2']}/api/v1/products")
    assert set(product) == {"id", "title", "descriptionHtml"}
    assert (product["id"], product["title"]) == (0, "The Comedy of Errors")


@pytest.mark.parametrize(
    ("path", "service", "own_path"),
    [
        ("/api/v1/products/0", "details", "/details/0"),
        ("/api/v1/products/0/reviews", "reviews", "/reviews/0"),
        ("/api/v1/products/0/ratings", "ratings", "/ratings/0"),
    ],
)
async def test_api_gives_what_the_service_says(
    bookshop: Bookshop, client: aiohttp.ClientSession, path: str, service: str, own_path: str
) -> None:
    url = bookshop.reviews["v2"] if service == "reviews" else getattr(bookshop, service)
    said = await get_json(client, url + own_path)
    assert await get_json(client, bookshop.pages["v2"] + path) == said


async def test_request_under_way_is_finished_after_sigterm(
    serve: Serve, client: aiohttp.ClientSession
) -> None:
    slow = Slow({"id": 0, "ratings": {"Reviewer1": 1, "Reviewer2": 1}})
    environ = {"SERVICE_VERSION": "v3", **located(ratings=await serve(slow.app))}
    with running("reviews", environ) as program:
        idle, writer = await asyncio.open_connection(*address(program.url))
        answer = asyncio.ensure_future(client.get(f"{program.url}/reviews/0"))
        await slow.asked.wait()
        program.end()
        assert await idle.read() == b""  # idle connections are closed first: it is shutting down
        writer.close()
        await writer.wait_closed()
        slow.released.set()
        async with await answer as response:
            assert (await response.json())["reviews"][0]["rating"] == {"stars": 1, "color": "red"}


def test_busy_port_ends_in_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        ended = subprocess.run(
            command("details", port), env=environment({}), capture_output=True, text=True, check=False
        )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert f"details cannot start on port {port}: " in ended.stderr
    assert "in use" in ended.stderr


def test_short_session_key_ends_in_one_sentence_without_the_key() -> None:
    ended = subprocess.run(
        command("productpage"),
        env=environment({"SESSION_KEY": "hunter2"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "SESSION_KEY has 7 characters" in ended.stderr
    assert "hunter2" not in ended.stderr
