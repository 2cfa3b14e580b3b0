"""gRPC: a server that echoes, and calls that a pod makes itself because they need a client of their own.

`/lab.Echo/Say` gives back the message with the pod's name before it; the metadata that arrived comes back in
the trailing metadata as `seen-<name>`. The message `fail CODE` fails with that status number.
`/lab.Echo/Chat` gives back each message of a stream. The standard health service finds everything well but a
service `sick`.
"""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import grpc

_SECONDS = 10.0


async def serve(pod: str, port: int) -> None:
    server = grpc.aio.server()

    async def say(message: bytes, context: Any) -> bytes:
        metadata = context.invocation_metadata() or ()
        context.set_trailing_metadata(
            tuple((f"seen-{key}", value) for key, value in metadata if isinstance(value, str))
        )
        words = message.decode().split()
        if words[:1] == ["fail"]:
            codes = {code.value[0]: code for code in grpc.StatusCode}
            await context.abort(codes[int(words[1])], f"{pod} was asked to fail")
        return f"{pod} ".encode() + message

    async def chat(messages: AsyncIterator[bytes], _context: Any) -> AsyncIterator[bytes]:
        async for message in messages:
            yield f"{pod} ".encode() + message

    handlers = {
        "Say": grpc.unary_unary_rpc_method_handler(say),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
    }
    health = {"Check": grpc.unary_unary_rpc_method_handler(_check_health)}
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("lab.Echo", handlers),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", health),
        )
    )
    server.add_insecure_port(f"0.0.0.0:{port}")
    await server.start()
    _KEPT.append(server)


async def _check_health(request: bytes, _context: Any) -> bytes:
    # Each message has one field: the service's name, and 1 for serving or 2 for not.
    return b"\x08\x02" if request[2:] == b"sick" else b"\x08\x01"


_KEPT: list[Any] = []  # a server that nothing refers to stops


async def call(kind: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Make a call from this pod: `grpc` or `ws`; the answer, or what went wrong."""
    start = time.monotonic()
    told = await (_call_grpc(query) if kind == "grpc" else _call_websocket(query))
    return {**told, "seconds": time.monotonic() - start}


async def _call_grpc(query: Mapping[str, str]) -> dict[str, Any]:
    metadata = tuple(
        (name.removeprefix("m-"), value) for name, value in query.items() if name.startswith("m-")
    )
    options = [("grpc.default_authority", query["authority"])] if "authority" in query else []
    async with grpc.aio.insecure_channel(query["target"], options=options) as channel:
        made = channel.unary_unary(query.get("method", "/lab.Echo/Say"))(
            query.get("message", "hello").encode(), metadata=metadata, timeout=_SECONDS
        )
        try:
            message, code, detail = (await made).decode(), 0, ""
        except grpc.aio.AioRpcError as error:
            message, code, detail = "", error.code().value[0], error.details() or ""
        trailing = [[key, value] for key, value in (await made.trailing_metadata() or ())]
    return {"message": message, "code": code, "detail": detail, "metadata": trailing}


async def _call_websocket(query: Mapping[str, str]) -> dict[str, Any]:
    answers = []
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(query["url"], timeout=aiohttp.ClientWSTimeout(ws_receive=_SECONDS)) as talk,
        ):
            for word in query.get("message", "hello").split():
                await talk.send_str(word)
                answers.append(await talk.receive_str())
    except (aiohttp.ClientError, TypeError) as error:
        return {"answers": answers, "error": str(error)}
    return {"answers": answers, "error": ""}
