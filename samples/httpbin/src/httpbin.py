"""httpbin: an HTTP service that tells what it was asked, and misbehaves on request.

Answers have the form of the well-known original (`args`, `headers`, `origin`, `url`, ...), so that the usual
recipes work. Its port is the first argument. It stands for the images `kennethreitz/httpbin`,
`kong/httpbin` and `mccutchen/go-httpbin`.
"""

import asyncio
import base64
import gzip
import json
import os
import random
import sys
import uuid
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

BACKLOG = 1024
BODY_LIMIT = 8 << 20
_LONGEST_DELAY = 10.0
_MOST_BYTES = 100 * 1024
_MOST_LINES = 100
_ANY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_ROBOTS = "User-agent: *\nDisallow: /deny\n"
_HTML = "<!DOCTYPE html>\n<html><body><h1>A page</h1><p>Some text in a page.</p></body></html>\n"
_XML = "<?xml version='1.0' encoding='utf-8'?>\n<items><item>one</item><item>two</item></items>\n"

routes = web.RouteTableDef()


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Values by name; a name that occurs more than once has a list."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def headers_of(request: web.Request) -> dict[str, str]:
    """The request's headers, those of one name joined, written as `X-Request-Id`."""
    joined: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        joined.setdefault("-".join(word.capitalize() for word in name.split("-")), []).append(value)
    return {name: ",".join(values) for name, values in sorted(joined.items())}


def about(request: web.Request) -> dict[str, Any]:
    """What is told of every request."""
    return {
        "args": grouped(request.query.items()),
        "headers": headers_of(request),
        "origin": request.headers.get("X-Forwarded-For") or request.remote or "",
        "url": str(request.url),
    }


async def with_body(request: web.Request) -> dict[str, Any]:
    """The same with the body: as text, as a form or as JSON."""
    form: dict[str, Any] = {}
    files: dict[str, Any] = {}
    data = ""
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                files[name] = value.file.read().decode("utf-8", "replace")
            else:
                form[name] = value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")
    else:
        data = (await request.read()).decode("utf-8", "replace")
    try:
        parsed = json.loads(data) if data else None
    except ValueError:
        parsed = None
    return {**about(request), "data": data, "files": files, "form": form, "json": parsed}


def answer(
    body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer, readable by people."""
    text = json.dumps(body, indent=2, sort_keys=True) + "\n"
    return web.Response(text=text, status=status, headers=headers, content_type="application/json")


def number(request: web.Request, name: str, *, at_most: float, default: str = "") -> float:
    """A number of the path or, with a default, of the query; 400 for what is none."""
    text = request.match_info.get(name) or request.query.get(name, default)
    try:
        value = float(text)
        return min(max(value, 0.0), at_most)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"{name} must be a number\n") from error


def status_code(request: web.Request, name: str, *, default: str) -> int:
    """A status of the query; 400 for what is none."""
    code = int(number(request, name, at_most=1000, default=default))
    if not 200 <= code < 600:
        raise web.HTTPBadRequest(text=f"{name} must lie between 200 and 599\n")
    return code


@routes.get("/")
async def index(_request: web.Request) -> web.Response:
    return web.Response(text=_HTML, content_type="text/html")


@routes.get("/get")
async def get(request: web.Request) -> web.Response:
    return answer(about(request))


async def echo(request: web.Request) -> web.Response:
    """Tell method and body, too."""
    body = await with_body(request)
    if request.path.startswith("/anything"):
        body["method"] = request.method
    return answer(body)


@routes.get("/headers")
async def headers(request: web.Request) -> web.Response:
    return answer({"headers": headers_of(request)})


@routes.get("/ip")
async def ip(request: web.Request) -> web.Response:
    return answer({"origin": about(request)["origin"]})


@routes.get("/user-agent")
async def user_agent(request: web.Request) -> web.Response:
    return answer({"user-agent": request.headers.get("User-Agent", "")})


@routes.get("/uuid")
async def new_uuid(_request: web.Request) -> web.Response:
    return answer({"uuid": str(uuid.uuid4())})


async def status(request: web.Request) -> web.Response:
    """The status asked for; of several, one at random, by weights (`200:3,500:1`)."""
    codes, weights = [], []
    for choice in request.match_info["codes"].split(","):
        code, _, weight = choice.partition(":")
        try:
            codes.append(int(code))
            weights.append(float(weight or 1))
        except ValueError as error:
            raise web.HTTPBadRequest(text="codes must be numbers\n") from error
    chosen = random.choices(codes, weights)[0]
    if not 200 <= chosen < 600 or min(weights) < 0:
        raise web.HTTPBadRequest(text="codes must lie between 200 and 599\n")
    location = {"Location": "/redirect/1"} if chosen in (301, 302, 303, 307, 308) else {}
    return web.Response(status=chosen, headers=location)


async def delay(request: web.Request) -> web.Response:
    """Answer after so many seconds."""
    await asyncio.sleep(number(request, "seconds", at_most=_LONGEST_DELAY))
    return answer(await with_body(request))


@routes.get("/response-headers")
async def response_headers(request: web.Request) -> web.Response:
    asked = dict(request.query)
    safe = {name: value for name, value in asked.items() if "\n" not in value and "\r" not in value}
    return answer(grouped(request.query.items()), headers=safe)


@routes.get("/redirect/{times}")
async def redirect(request: web.Request) -> web.Response:
    times = int(number(request, "times", at_most=20))
    raise web.HTTPFound("/get" if times <= 1 else f"/redirect/{times - 1}")


@routes.get("/redirect-to")
async def redirect_to(request: web.Request) -> web.Response:
    code = status_code(request, "status_code", default="302")
    return web.Response(status=code, headers={"Location": request.query.get("url", "/get")})


@routes.get("/cookies")
async def cookies(request: web.Request) -> web.Response:
    return answer({"cookies": dict(request.cookies)})


@routes.get("/cookies/set")
async def set_cookies(request: web.Request) -> web.Response:
    response = web.Response(status=302, headers={"Location": "/cookies"})
    for name, value in request.query.items():
        response.set_cookie(name, value)
    return response


@routes.get("/basic-auth/{user}/{password}")
async def basic_auth(request: web.Request) -> web.Response:
    user, password = request.match_info["user"], request.match_info["password"]
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    if request.headers.get("Authorization") != wanted:
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="httpbin"'})
    return answer({"authenticated": True, "user": user})


@routes.get("/bearer")
async def bearer(request: web.Request) -> web.Response:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    return answer({"authenticated": True, "token": token})


@routes.get("/bytes/{count}")
async def some_bytes(request: web.Request) -> web.Response:
    return web.Response(body=random.randbytes(int(number(request, "count", at_most=_MOST_BYTES))))


@routes.get("/stream/{count}")
async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    for index in range(int(number(request, "count", at_most=_MOST_LINES))):
        await response.write(json.dumps({**about(request), "id": index}).encode() + b"\n")
    await response.write_eof()
    return response


@routes.get("/drip")
async def drip(request: web.Request) -> web.StreamResponse:
    """`numbytes` bytes over `duration` seconds."""
    count = int(number(request, "numbytes", at_most=_MOST_BYTES, default="10"))
    seconds = number(request, "duration", at_most=_LONGEST_DELAY, default="2")
    response = web.StreamResponse(status=status_code(request, "code", default="200"))
    await response.prepare(request)
    for _ in range(count):
        await response.write(b"*")
        await asyncio.sleep(seconds / max(count, 1))
    await response.write_eof()
    return response


@routes.get("/gzip")
async def zipped(request: web.Request) -> web.Response:
    return _packed({**about(request), "gzipped": True}, "gzip", gzip.compress)


@routes.get("/deflate")
async def deflated(request: web.Request) -> web.Response:
    return _packed({**about(request), "deflated": True}, "deflate", zlib.compress)


def _packed(body: Mapping[str, Any], coding: str, pack: Any) -> web.Response:
    packed = pack(json.dumps(body, sort_keys=True).encode())
    return web.Response(body=packed, headers={"Content-Encoding": coding, "Content-Type": "application/json"})


@routes.get("/base64/{text}")
async def decoded(request: web.Request) -> web.Response:
    try:
        return web.Response(body=base64.urlsafe_b64decode(request.match_info["text"]))
    except ValueError as error:
        raise web.HTTPBadRequest(text="this is no base64\n") from error


def page(text: str, kind: str) -> Any:
    """A handler that always gives this text."""

    async def show(_request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind)

    return show


def build() -> web.Application:
    """The whole service."""
    app = web.Application(client_max_size=BODY_LIMIT)
    app.add_routes(routes)
    for method in ("post", "put", "patch", "delete"):
        app.router.add_route(method.upper(), f"/{method}", echo)
    for method in _ANY:
        app.router.add_route(method, "/anything{rest:(/.*)?}", echo)
        app.router.add_route(method, "/status/{codes}", status)
        app.router.add_route(method, "/delay/{seconds}", delay)
    app.router.add_get("/robots.txt", page(_ROBOTS, "text/plain"))
    app.router.add_get("/html", page(_HTML, "text/html"))
    app.router.add_get("/xml", page(_XML, "application/xml"))
    app.router.add_get("/json", page('{"items": ["one", "two"]}\n', "application/json"))
    app.router.add_get("/health", page("ok\n", "text/plain"))
    return app


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 80
    address = os.environ.get("LISTEN_ADDRESS", "0.0.0.0")
    web.run_app(build(), host=address, port=port, backlog=BACKLOG, print=None, access_log=None)
