"""Signing in and out, and cookies that must not be believed."""

from html import escape

import aiohttp
import pytest
from tests.unit.samples.bookinfo.programs import Bookshop, Start

import sessions

KEY = b"a key for tests alone"


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        return self.seconds


async def page_of(client: aiohttp.ClientSession, url: str) -> str:
    async with client.get(f"{url}/productpage") as response:
        return await response.text()


async def sign_in(client: aiohttp.ClientSession, url: str, user: str) -> str:
    """Signs in as a browser does and gives the page it lands on."""
    async with client.post(f"{url}/login", data={"username": user, "passwd": "any"}) as response:
        assert response.status == 200
        assert response.url.path == "/productpage"
        return await response.text()


async def test_page_names_the_user_from_login_to_logout(
    bookshop: Bookshop, client: aiohttp.ClientSession
) -> None:
    url = bookshop.pages["v1"]
    assert "Sign in" in await page_of(client, url)
    assert 'data-user="jason"' in await sign_in(client, url, "jason")
    assert 'data-user="jason"' in await page_of(client, url)
    async with client.get(f"{url}/logout") as response:
        assert response.url.path == "/productpage"
        assert "data-user" not in await response.text()
    assert "data-user" not in await page_of(client, url)


async def test_login_redirects_with_a_guarded_cookie(
    bookshop: Bookshop, client: aiohttp.ClientSession
) -> None:
    login = {"username": "jason", "passwd": ""}
    url = f"{bookshop.pages['v1']}/login"
    async with client.post(url, data=login, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (302, "/productpage")
        cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    https = {"x-forwarded-proto": "https"}
    async with client.post(url, data=login, headers=https, allow_redirects=False) as response:
        assert "Secure" in response.headers["Set-Cookie"]


async def test_login_is_a_post(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{bookshop.pages['v1']}/login") as response:
        assert response.status == 405


@pytest.mark.parametrize("user", ["", "   ", "jason\r\nx-admin: 1", "a\x00b", "x" * 65])
async def test_name_that_cannot_be_one_is_refused(
    bookshop: Bookshop, client: aiohttp.ClientSession, user: str
) -> None:
    async with client.post(f"{bookshop.pages['v1']}/login", data={"username": user}) as response:
        assert response.status == 400
        assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("user", ["<b>jason</b>", 'a"b', "Jürgen", "o'neil & co"])
async def test_any_printable_name_is_shown_as_text(
    bookshop: Bookshop, client: aiohttp.ClientSession, user: str
) -> None:
    page = await sign_in(client, bookshop.pages["v1"], user)
    assert f'data-user="{escape(user)}">{escape(user)}</b>' in page


async def test_forged_cookie_signs_nobody_in(bookshop: Bookshop, client: aiohttp.ClientSession) -> None:
    forged = sessions.Sessions(b"another key than theirs").seal("jason")
    for cookie in (forged, "jason", "..", "é"):
        headers = {"Cookie": f"session={cookie}"}
        async with client.get(f"{bookshop.pages['v1']}/productpage", headers=headers) as response:
            assert response.status == 200
            assert "data-user" not in await response.text()


async def test_copies_with_one_key_accept_each_others_sessions(
    start: Start, client: aiohttp.ClientSession
) -> None:
    key = "sixteen or more characters"
    first, second = (start("productpage", SESSION_KEY=key, SERVICES_DOMAIN="invalid") for _ in range(2))
    other = start("productpage", SERVICES_DOMAIN="invalid")
    await sign_in(client, first, "jason")
    # The three differ only by port, and cookies do not tell ports apart.
    async with client.get(f"{second}/") as response:
        assert 'data-user="jason"' in await response.text()
    async with client.get(f"{other}/") as response:
        assert "data-user" not in await response.text()


def test_what_is_sealed_opens() -> None:
    assert sessions.Sessions(KEY).open(sessions.Sessions(KEY).seal("Jürgen")) == "Jürgen"


def test_every_changed_character_breaks_the_seal() -> None:
    cookie = sessions.Sessions(KEY).seal("jason")
    for place, character in enumerate(cookie):
        other = "A" if character != "A" else "z"
        changed = cookie[:place] + other + cookie[place + 1 :]
        assert sessions.Sessions(KEY).open(changed) is None


def test_old_sessions_end() -> None:
    clock = Clock()
    keeper = sessions.Sessions(KEY, now=clock)
    cookie = keeper.seal("jason")
    clock.seconds += sessions.LIFETIME_SECONDS
    assert keeper.open(cookie) == "jason"
    clock.seconds += 1
    assert keeper.open(cookie) is None


def test_key_is_random_unless_given() -> None:
    assert sessions.parse_key(None) != sessions.parse_key("")
    assert sessions.parse_key("x" * sessions.SHORTEST_KEY) == b"x" * sessions.SHORTEST_KEY
