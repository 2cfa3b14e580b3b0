"""The health call of a gRPC probe, against a gRPC library's own server."""

import asyncio
import socket
from collections.abc import AsyncIterator

import grpc
import pytest

from convoy.kit.grpc_health import check_health, parse_health

_ANSWERS = {b"": b"\x08\x01", b"\x0a\x04down": b"\x08\x02"}


class _Health(grpc.GenericRpcHandler):
    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if call.method != "/grpc.health.v1.Health/Check":
            return None

        async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            if request not in _ANSWERS:
                await context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
            return _ANSWERS[request]

        return grpc.unary_unary_rpc_method_handler(answer)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    server = grpc.aio.server(handlers=[_Health()])
    number = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield number
    await server.stop(None)


async def _check(port: int, service: str) -> str:
    sock = socket.socket()
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return await check_health(sock, service, authority="127.0.0.1")


@pytest.mark.parametrize(("service", "status"), [("", "SERVING"), ("down", "NOT_SERVING"), ("x" * 300, "")])
async def test_a_server_tells_its_health(port: int, service: str, status: str) -> None:
    assert await _check(port, service) == status


async def test_an_answer_that_is_no_http2_is_an_error() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        with pytest.raises(ConnectionError, match=r"not HTTP/2|without an answer"):
            await _check(server.sockets[0].getsockname()[1], "")


def test_a_message_of_defaults_means_unknown() -> None:
    assert parse_health(b"\0\0\0\0\0") == "UNKNOWN"
    assert parse_health(b"") == ""
