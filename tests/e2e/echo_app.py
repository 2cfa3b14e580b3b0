"""The application of the playground's pods: `python echo_app.py KIND:PORT ...`.

`http` answers every request with what arrived of it, as JSON; `lines` gives each line back with the pod's
name before it; `greeter` does the same, but speaks first. All of them count what reached them: `GET /seen` on
an `http` port gives the counters by port, and is not counted itself.
"""

import asyncio
import hashlib
import sys
from collections import Counter

from aiohttp import WSMsgType, web

SEEN: Counter[int] = Counter()
POD = web.AppKey("pod", str)


async def describe(request: web.Request) -> web.Response:
    _, port = _own_address(request)
    if request.path == "/seen":
        return web.json_response({str(port): count for port, count in SEEN.items()})
    SEEN[port] += 1
    body = await request.read()
    return web.json_response(
        {
            "pod": request.app[POD],
            "method": request.method,
            "path": request.path_qs,
            "headers": [[name, value] for name, value in request.headers.items()],
            "length": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
    )


def _own_address(request: web.Request) -> tuple[str, int]:
    assert request.transport is not None
    host, port = request.transport.get_extra_info("sockname")[:2]
    return str(host), int(port)


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    for number in range(5):
        await response.write(f"part {number}\n".encode())
    return response


async def converse(request: web.Request) -> web.WebSocketResponse:
    conversation = web.WebSocketResponse()
    await conversation.prepare(request)
    async for message in conversation:
        if message.type is WSMsgType.TEXT:
            await conversation.send_str(f"{request.app[POD]} {message.data}")
    return conversation


async def serve_http(port: int, pod: str) -> None:
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app[POD] = pod
    app.router.add_get("/stream", stream)
    app.router.add_get("/ws", converse)
    app.router.add_route("*", "/{path:.*}", describe)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", port).start()


async def serve_lines(port: int, pod: str, *, greets: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        SEEN[port] += 1
        if greets:
            writer.write(f"220 {pod}\n".encode())
        try:
            while line := await reader.readline():
                writer.write(f"{pod} ".encode() + line)
        finally:
            writer.close()

    await asyncio.start_server(answer, "0.0.0.0", port)


async def main(pod: str, arguments: list[str]) -> None:
    for argument in arguments:
        kind, _, number = argument.partition(":")
        if kind == "http":
            await serve_http(int(number), pod)
        else:
            await serve_lines(int(number), pod, greets=kind == "greeter")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
