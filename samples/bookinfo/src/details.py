"""The details service of Bookinfo: facts about a book, at `/details/ID`. It calls nobody."""

from aiohttp import web

import bookinfo

FACTS = {
    "author": "William Shakespeare",
    "year": 1595,
    "type": "paperback",
    "pages": 200,
    "publisher": "PublisherA",
    "language": "English",
    "ISBN-10": "1234567890",
    "ISBN-13": "123-1234567890",
}


async def details(request: web.Request) -> web.Response:
    product_id = bookinfo.product_id(request)
    if product_id is None:
        return bookinfo.not_a_number()
    return bookinfo.json_response({"id": product_id, **FACTS})


def build(environ: bookinfo.Environment) -> web.Application:
    app = bookinfo.application("details")
    app.router.add_get("/details/{id}", details)
    return app


if __name__ == "__main__":
    bookinfo.run("details", build)
