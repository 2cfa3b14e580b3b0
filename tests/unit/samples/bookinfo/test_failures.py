"""What people and callers get when a service behind is slow, fails or talks nonsense."""

from typing import Any

import aiohttp
import pytest
from tests.unit.samples.bookinfo.programs import DETAILS, RATINGS, REVIEWS, Serve, Slow, Upstream

import productpage
import reviews

# Short waits, so that giving up takes no time; the real ones are checked as values.
SHORT = 0.2  # for what never answers
LONG = 20.0  # for what does, on a busy machine, too
NOBODY = "http://127.0.0.1:9"


def page_app(
    *, details: str = NOBODY, reviews: str = NOBODY, ratings: str = NOBODY, seconds: float = LONG
) -> aiohttp.web.Application:
    settings = productpage.Settings(
        details_url=details, reviews_url=reviews, ratings_url=ratings, session_key=b"test", seconds=seconds
    )
    return productpage.build_with(settings)


def reviews_app(ratings: str, *, seconds: float = LONG) -> aiohttp.web.Application:
    settings = reviews.Settings(
        podname="p", clustername="c", star_color="red", ratings_url=ratings, ratings_seconds=seconds
    )
    return reviews.build_with(settings)


async def get(client: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with client.get(url) as response:
        return response.status, await response.text()


async def get_json(client: aiohttp.ClientSession, url: str) -> tuple[int, Any]:
    async with client.get(url) as response:
        return response.status, await response.json()


def test_waits_are_those_of_the_original() -> None:
    page = productpage.parse_settings({})
    assert (page.seconds, page.reviews_tries) == (3.0, 2)
    assert reviews.parse_settings({}).ratings_seconds == 10.0


async def test_stuck_reviews_are_tried_twice(serve: Serve, client: aiohttp.ClientSession) -> None:
    slow = Slow(REVIEWS)
    url = await serve(page_app(reviews=await serve(slow.app), seconds=SHORT))
    status, body = await get_json(client, f"{url}/api/v1/products/0/reviews")
    assert (status, list(body)) == (500, ["error"])
    assert slow.tries == 2


async def test_stuck_details_are_tried_once(serve: Serve, client: aiohttp.ClientSession) -> None:
    slow = Slow(DETAILS)
    url = await serve(page_app(details=await serve(slow.app), seconds=SHORT))
    status, body = await get_json(client, f"{url}/api/v1/products/0")
    assert (status, list(body)) == (500, ["error"])
    assert slow.tries == 1


@pytest.mark.parametrize("status", [404, 429, 503])
async def test_status_of_failing_reviews_is_carried(
    serve: Serve, client: aiohttp.ClientSession, status: int
) -> None:
    upstream = Upstream({}, status)
    url = await serve(page_app(reviews=await serve(upstream.app)))
    assert (await get_json(client, f"{url}/api/v1/products/0/reviews"))[0] == status
    assert len(upstream.seen) == 2


async def test_second_try_saves_the_reviews(serve: Serve, client: aiohttp.ClientSession) -> None:
    upstream = Upstream(REVIEWS, 503, 200)
    url = await serve(page_app(reviews=await serve(upstream.app)))
    assert await get_json(client, f"{url}/api/v1/products/0/reviews") == (200, REVIEWS)
    assert len(upstream.seen) == 2


async def test_page_is_shown_without_its_reviews(serve: Serve, client: aiohttp.ClientSession) -> None:
    failing, details = Upstream({}, 503), Upstream(DETAILS)
    url = await serve(page_app(reviews=await serve(failing.app), details=await serve(details.app)))
    status, page = await get(client, f"{url}/productpage")
    assert status == 200
    assert "William Shakespeare" in page
    assert '<section id="reviews" data-status="503">' in page
    assert "the reviews of this book cannot be shown right now. (status 503)" in page


async def test_page_is_shown_when_nobody_answers(serve: Serve, client: aiohttp.ClientSession) -> None:
    url = await serve(page_app())
    status, page = await get(client, f"{url}/productpage")
    assert status == 200
    assert page.count('data-status="500"') == 2


@pytest.mark.parametrize("body", [[], "x", {"reviews": 1}, {**REVIEWS, "reviews": [{}]}])
async def test_reviews_of_another_shape_do_not_break_the_page(
    serve: Serve, client: aiohttp.ClientSession, body: object
) -> None:
    upstream = Upstream(body)
    url = await serve(page_app(reviews=await serve(upstream.app)))
    status, page = await get(client, f"{url}/productpage")
    assert status == 200
    assert '<p class="error">' in page.split('id="reviews"')[1]


async def test_stuck_ratings_leave_the_reviews_without_stars(
    serve: Serve, client: aiohttp.ClientSession
) -> None:
    slow = Slow(RATINGS)
    url = await serve(reviews_app(await serve(slow.app), seconds=SHORT))
    status, body = await get_json(client, f"{url}/reviews/0")
    assert status == 200
    assert [list(each["rating"]) for each in body["reviews"]] == [["error"], ["error"]]
    assert slow.tries == 1


@pytest.mark.parametrize(
    ("ratings", "status"), [({}, 200), ({"id": 0, "ratings": {"Reviewer2": "4"}}, 200), (RATINGS, 500)]
)
async def test_ratings_that_cannot_be_used_give_no_stars(
    serve: Serve, client: aiohttp.ClientSession, ratings: object, status: int
) -> None:
    upstream = Upstream(ratings, status)
    url = await serve(reviews_app(await serve(upstream.app)))
    _, body = await get_json(client, f"{url}/reviews/0")
    assert [list(each["rating"]) for each in body["reviews"]] == [["error"], ["error"]]


async def test_reviewer_without_rating_costs_the_other_nothing(
    serve: Serve, client: aiohttp.ClientSession
) -> None:
    upstream = Upstream({"id": 0, "ratings": {"Reviewer2": 3}})
    url = await serve(reviews_app(await serve(upstream.app)))
    _, body = await get_json(client, f"{url}/reviews/0")
    first, second = body["reviews"]
    assert list(first["rating"]) == ["error"]
    assert second["rating"] == {"stars": 3, "color": "red"}
