"""The ratings service of Bookinfo: stars by reviewer, at `/ratings/ID`.

A POST replaces the stars of one product until the program ends; the original keeps them in memory, too.
"""

import msgspec
from aiohttp import web

import bookinfo

STARS = {"Reviewer1": 5, "Reviewer2": 4}
CHANGED = web.AppKey("changed", dict[int, dict[str, int]])


async def read_ratings(request: web.Request) -> web.Response:
    product_id = bookinfo.product_id(request)
    if product_id is None:
        return bookinfo.not_a_number()
    stars = request.app[CHANGED].get(product_id, STARS)
    return bookinfo.json_response(bookinfo.Ratings(product_id, stars))


async def change_ratings(request: web.Request) -> web.Response:
    product_id = bookinfo.product_id(request)
    if product_id is None:
        return bookinfo.not_a_number()
    try:
        stars = msgspec.json.decode(await request.read(), type=dict[str, int])
    except msgspec.MsgspecError:
        sentence = 'The body must be a JSON object of stars by reviewer, such as {"Reviewer1": 5}.'
        return bookinfo.json_response({"error": sentence}, status=400)
    request.app[CHANGED][product_id] = stars
    return bookinfo.json_response(bookinfo.Ratings(product_id, stars))


def build(environ: bookinfo.Environment) -> web.Application:
    app = bookinfo.application("ratings")
    app[CHANGED] = {}
    app.router.add_get("/ratings/{id}", read_ratings)
    app.router.add_post("/ratings/{id}", change_ratings)
    return app


if __name__ == "__main__":
    bookinfo.run("ratings", build)
