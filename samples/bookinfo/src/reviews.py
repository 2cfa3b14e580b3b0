"""The reviews service of Bookinfo: what reviewers say about a book, at `/reviews/ID`.

One program is all three versions: v1 shows no ratings, v2 black stars and v3 red ones. `SERVICE_VERSION`
chooses; `ENABLE_RATINGS` and `STAR_COLOR`, by which the original's images differ, override it.

The answer names the pod and cluster that gave it. Convoy adds the field `peer`: the SPIFFE ID of the
caller, as the sidecar of this pod took it from the caller's certificate and wrote it to
`x-forwarded-client-cert`; empty when the call came without a certificate. It lets a client see which
identity reached the application. Any client can send that header, so without a sidecar, which replaces it,
the field proves nothing.
"""

import re
from collections.abc import Mapping

import msgspec
from aiohttp import web

import bookinfo
from bookinfo import Rating, Review, Reviews

COLORS = {"v2": "black", "v3": "red"}
TEXTS = {
    "Reviewer1": "I lost count of the mistaken twins and laughed at each. A joy from shipwreck to supper.",
    "Reviewer2": "Quick, silly and very well built. Do not look for depth; look for the next slammed door.",
}
NO_RATING = Rating(error="The ratings of this book cannot be shown right now.")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this copy behaves. `star_color` is None where ratings are not shown; times are in seconds."""

    podname: str
    clustername: str
    star_color: str | None
    ratings_url: str
    ratings_seconds: float = 10.0


SETTINGS = web.AppKey("settings", Settings)


def parse_settings(environ: bookinfo.Environment) -> Settings:
    return Settings(
        podname=bookinfo.pod_name(environ),
        clustername=environ.get("CLUSTER_NAME", ""),
        star_color=parse_star_color(environ),
        ratings_url=bookinfo.service_url("ratings", environ),
    )


def parse_star_color(environ: bookinfo.Environment) -> str | None:
    """The colour of the stars; None when this version shows no ratings."""
    default = COLORS.get(environ.get("SERVICE_VERSION", "v1"))
    is_enabled = environ["ENABLE_RATINGS"] == "true" if "ENABLE_RATINGS" in environ else default is not None
    return environ.get("STAR_COLOR") or default or "black" if is_enabled else None


async def reviews(request: web.Request) -> web.Response:
    settings = request.app[SETTINGS]
    product_id = bookinfo.product_id(request)
    if product_id is None:
        return bookinfo.not_a_number()
    ratings = {} if settings.star_color is None else await fetch_ratings(request, product_id)
    body = Reviews(
        id=str(product_id),
        podname=settings.podname,
        clustername=settings.clustername,
        peer=caller_identity(",".join(request.headers.getall("x-forwarded-client-cert", ()))),
        reviews=[Review(reviewer, text, ratings.get(reviewer)) for reviewer, text in TEXTS.items()],
    )
    return bookinfo.json_response(body)


async def fetch_ratings(request: web.Request, product_id: int) -> Mapping[str, Rating]:
    """A rating for every reviewer; where the ratings service gives none, one that says so."""
    settings = request.app[SETTINGS]
    answer = await bookinfo.fetch(
        request.app[bookinfo.CLIENT],
        f"{settings.ratings_url}/ratings/{product_id}",
        headers=bookinfo.forwarded_headers(request),
        seconds=settings.ratings_seconds,
        sorry="",
    )
    stars = stars_in(answer)
    return {
        reviewer: Rating(stars=stars[reviewer], color=settings.star_color) if reviewer in stars else NO_RATING
        for reviewer in TEXTS
    }


def stars_in(answer: bookinfo.Answer) -> dict[str, int]:
    """Stars by reviewer; none where the answer is a failure or not in the shape of the ratings service."""
    if not answer.is_ok:
        return {}
    try:
        return msgspec.convert(answer.body, bookinfo.Ratings).ratings
    except msgspec.ValidationError:
        return {}


# One `Key=value` of the header, or the comma between two hops; a quoted value may hold any separator.
XFCC_TOKEN = re.compile(r'(?P<key>[A-Za-z]+)=(?P<value>"(?:\\.|[^"\\])*"|[^,;]*)|(?P<next_hop>,)')


def caller_identity(forwarded_client_cert: str) -> str:
    """The URI of the last hop in an `x-forwarded-client-cert` header, "" when it has none.

    Each proxy on the way appends itself, so only the last element speaks of the caller itself.
    Format: Envoy's documentation of the header.
    """
    identity = ""
    for token in XFCC_TOKEN.finditer(forwarded_client_cert):
        if token["next_hop"]:
            identity = ""
        elif token["key"].lower() == "uri" and not identity:
            identity = token["value"].strip('"')
    return identity


def build(environ: bookinfo.Environment) -> web.Application:
    return build_with(parse_settings(environ))


def build_with(settings: Settings) -> web.Application:
    app = bookinfo.application("reviews")
    app[SETTINGS] = settings
    app.router.add_get("/reviews/{id}", reviews)
    return app


if __name__ == "__main__":
    bookinfo.run("reviews", build)
