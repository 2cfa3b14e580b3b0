"""The productpage service of Bookinfo: the page people see, and a JSON API over the other services.

Who is signed in decides the header `end-user` of every call this program makes; the mesh routes by it. The
header is taken from the session alone: one that a client sends is dropped, so nobody picks a route by
claiming a name. As in the original any password is accepted, the reviews are asked for twice before the
page gives up on them, and the page is shown with whatever the other services could give.
"""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

import bookinfo
import pages
import sessions
from bookinfo import Answer

PRODUCTS = [
    {
        "id": 0,
        "title": "The Comedy of Errors",
        "descriptionHtml": (
            "Two pairs of twins, parted by a shipwreck as children, spend a day in the same town unawares."
            " Dinners, a gold chain and several beatings reach the wrong twin in"
            ' <a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Shakespeare\'s shortest play</a>.'
        ),
    }
]
THE_PRODUCT = 0
SORRY = "We are sorry: the {} of this book cannot be shown right now."

# The page loads nothing and runs no script, so that no text that slipped through could either.
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Cache-Control": "no-store",
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the other services are and how long to wait for one answer, in seconds."""

    details_url: str
    reviews_url: str
    ratings_url: str
    session_key: bytes
    seconds: float = 3.0
    reviews_tries: int = 2


SETTINGS = web.AppKey("settings", Settings)
SESSIONS = web.AppKey("sessions", sessions.Sessions)


def parse_settings(environ: bookinfo.Environment) -> Settings:
    try:
        session_key = sessions.parse_key(environ.get("SESSION_KEY"))
    except ValueError as error:
        raise bookinfo.SettingsError(str(error)) from error
    return Settings(
        details_url=bookinfo.service_url("details", environ),
        reviews_url=bookinfo.service_url("reviews", environ),
        ratings_url=bookinfo.service_url("ratings", environ),
        session_key=session_key,
    )


def signed_in_user(request: web.Request) -> str:
    """The user whom the request's session cookie proves, "" when there is none."""
    return request.app[SESSIONS].open(request.cookies.get(sessions.COOKIE, "")) or ""


def outgoing_headers(request: web.Request) -> CIMultiDict[str]:
    headers = bookinfo.forwarded_headers(request)
    headers.popall("end-user", None)
    if user := signed_in_user(request):
        headers["end-user"] = user
    return headers


async def ask(request: web.Request, base_url: str, *, service: str, product_id: int) -> Answer:
    """One call on behalf of `request`, to `/<service>/ID` at `base_url`."""
    client: aiohttp.ClientSession = request.app[bookinfo.CLIENT]
    return await bookinfo.fetch(
        client,
        f"{base_url}/{service}/{product_id}",
        headers=outgoing_headers(request),
        seconds=request.app[SETTINGS].seconds,
        sorry=SORRY.format(service),
    )


async def ask_details(request: web.Request, product_id: int) -> Answer:
    return await ask(request, request.app[SETTINGS].details_url, service="details", product_id=product_id)


async def ask_ratings(request: web.Request, product_id: int) -> Answer:
    return await ask(request, request.app[SETTINGS].ratings_url, service="ratings", product_id=product_id)


async def ask_reviews(request: web.Request, product_id: int) -> Answer:
    """The reviews, from the first try that succeeds; else the last failure."""
    settings = request.app[SETTINGS]
    for _ in range(settings.reviews_tries - 1):
        answer = await ask(request, settings.reviews_url, service="reviews", product_id=product_id)
        if answer.is_ok:
            return answer
    return await ask(request, settings.reviews_url, service="reviews", product_id=product_id)


def html(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers=PAGE_HEADERS)


async def index(request: web.Request) -> web.Response:
    settings = request.app[SETTINGS]
    services = {
        "details": settings.details_url,
        "reviews": settings.reviews_url,
        "ratings": settings.ratings_url,
    }
    return html(pages.index_page(signed_in_user(request), services))


async def product_page(request: web.Request) -> web.Response:
    details, reviews = await asyncio.gather(
        ask_details(request, THE_PRODUCT), ask_reviews(request, THE_PRODUCT)
    )
    user = signed_in_user(request)
    return html(pages.product_page(PRODUCTS[THE_PRODUCT], user, details=details, reviews=reviews))


async def login(request: web.Request) -> web.Response:
    form = await request.post()
    user = sessions.parse_user(str(form.get("username", "")))
    if user is None:
        sentence = f"A user name has 1 to {sessions.LONGEST_NAME} printable characters; please go back."
        return web.Response(text=sentence, status=400)
    response = back_to_the_page()
    response.set_cookie(
        sessions.COOKIE,
        request.app[SESSIONS].seal(user),
        httponly=True,
        samesite="Lax",
        secure=request.headers.get("x-forwarded-proto") == "https",
    )
    return response


async def logout(request: web.Request) -> web.Response:
    response = back_to_the_page()
    response.del_cookie(sessions.COOKIE)
    return response


def back_to_the_page() -> web.Response:
    return web.Response(status=302, headers={"Location": "/productpage"})


async def products(request: web.Request) -> web.Response:
    return bookinfo.json_response(PRODUCTS)


def answering(ask_service: Callable[[web.Request, int], Awaitable[Answer]]) -> Handler:
    """A handler of the JSON API that gives a service's answer about one product, its status included."""

    async def answer(request: web.Request) -> web.Response:
        product_id = bookinfo.product_id(request)
        if product_id is None:
            return bookinfo.not_a_number()
        answer = await ask_service(request, product_id)
        return bookinfo.json_response(answer.body, status=answer.status)

    return answer


def build(environ: bookinfo.Environment) -> web.Application:
    return build_with(parse_settings(environ))


def build_with(settings: Settings) -> web.Application:
    app = bookinfo.application("productpage")
    app[SETTINGS] = settings
    app[SESSIONS] = sessions.Sessions(settings.session_key)
    app.add_routes(
        [
            web.get("/", index),
            web.get("/index.html", index),
            web.get("/productpage", product_page),
            web.post("/login", login),
            web.get("/logout", logout),
            web.get("/api/v1/products", products),
            web.get("/api/v1/products/{id}", answering(ask_details)),
            web.get("/api/v1/products/{id}/reviews", answering(ask_reviews)),
            web.get("/api/v1/products/{id}/ratings", answering(ask_ratings)),
        ]
    )
    return app


if __name__ == "__main__":
    bookinfo.run("productpage", build)
