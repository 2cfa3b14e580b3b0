"""HTTP and HTTPS: every request is answered with what arrived of it, as JSON.

| path or query | what happens |
|---|---|
| `/status/CODE` | answered with that status |
| `/delay/SECONDS` | answered after a while |
| `/stream/COUNT/SECONDS` | that many chunks, a while apart |
| `/ws` | a websocket: each text comes back with the pod's name before it |
| `?fail=K&key=ANY` | the first K requests with this key fail: with `status=CODE` (503), or `how=reset` |
| `?header=NAME:VALUE` | a header of the answer, any number of times; `header-of-POD`: of that pod alone |
| `/seen` | how many requests each port of the pod has had; not counted itself |
| `/call/grpc`, `/call/ws` | the pod itself calls, see `calls` |
"""

import asyncio
import hashlib
import itertools
import ssl
from collections import Counter
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import WSMsgType, web

CERTIFICATES = "/var/run/secrets/lab"
POD = web.AppKey("pod", str)
SEEN: Counter[int] = Counter()
FAILED: Counter[str] = Counter()
CONNECTIONS: "WeakKeyDictionary[asyncio.BaseTransport, int]" = WeakKeyDictionary()
NUMBERS = itertools.count(1)
SERVER_NAMES: "WeakKeyDictionary[Any, str]" = WeakKeyDictionary()


async def answer(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    SEEN[_port(request)] += 1
    body = await request.read()
    verb, _, argument = request.path.strip("/").partition("/")
    query = request.query
    if "key" in query and FAILED[query["key"]] < int(query.get("fail", "0")):
        FAILED[query["key"]] += 1
        if query.get("how") == "reset":
            request.transport.abort()
        return web.json_response(_told(request, body), status=int(query.get("status", "503")))
    if verb == "delay":
        await asyncio.sleep(float(argument))
    status = int(argument) if verb == "status" else 200
    answered = web.json_response(_told(request, body), status=status)
    for header in (*query.getall("header", []), *query.getall(f"header-of-{request.app[POD]}", [])):
        name, _, value = header.partition(":")
        answered.headers.add(name, value)
    return answered


def _told(request: web.Request, body: bytes) -> dict[str, Any]:
    transport = request.transport
    assert transport is not None
    connection = CONNECTIONS.setdefault(transport, 0) or next(NUMBERS)
    CONNECTIONS[transport] = connection
    secured = transport.get_extra_info("ssl_object")
    return {
        "pod": request.app[POD],
        "port": _port(request),
        "method": request.method,
        "path": request.raw_path,
        "version": f"{request.version.major}.{request.version.minor}",
        "headers": [[name, value] for name, value in request.headers.items()],
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "peer": transport.get_extra_info("peername")[0],
        "connection": connection,
        "sni": SERVER_NAMES.get(secured, "") if secured else "",
        "client": [name for _, name in (secured.getpeercert() or {}).get("subjectAltName", ())]
        if secured
        else [],
    }


def _port(request: web.Request) -> int:
    assert request.transport is not None
    return int(request.transport.get_extra_info("sockname")[1])


async def tell_seen(request: web.Request) -> web.Response:
    return web.json_response({str(port): count for port, count in SEEN.items()})


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for number in range(int(request.match_info["count"])):
        await asyncio.sleep(float(request.match_info["pause"]))
        await response.write(f"{request.app[POD]} {number}\n".encode())
    return response


async def converse(request: web.Request) -> web.WebSocketResponse:
    SEEN[_port(request)] += 1
    conversation = web.WebSocketResponse()
    await conversation.prepare(request)
    async for message in conversation:
        if message.type is WSMsgType.TEXT:
            await conversation.send_str(f"{request.app[POD]} {message.data}")
    return conversation


async def call(request: web.Request) -> web.Response:
    from tests.traffic.apps import calls  # slow to import, and few pods need it

    return web.json_response(await calls.call(request.match_info["kind"], request.query))


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{CERTIFICATES}/chain.pem", f"{CERTIFICATES}/key.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(f"{CERTIFICATES}/root.pem")
    context.sni_callback = _note_name
    return context


def _note_name(connection: Any, name: str | None, _context: ssl.SSLContext) -> None:
    SERVER_NAMES[connection] = name or ""


async def serve(pod: str, port: int, *, secure: bool) -> None:
    app = web.Application(client_max_size=8 << 20)
    app[POD] = pod
    app.router.add_get("/seen", tell_seen)
    app.router.add_get("/stream/{count}/{pause}", stream)
    app.router.add_get("/ws", converse)
    app.router.add_get("/call/{kind}", call)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port, ssl_context=_context() if secure else None).start()
