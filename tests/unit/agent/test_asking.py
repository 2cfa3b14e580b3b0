"""What the agent sees of applications when it asks as a kubelet would; each is a real server."""

import asyncio
import contextlib
import ssl

import grpc
import pytest
from tests.kit.workload_credentials import new_issuer, write_credentials

from convoy.agent.app_probes import AppProbe, GrpcProbe, HttpHeader, HttpProbe, TcpProbe
from convoy.agent.asking import Application, AskError, build_request, parse_answer

POD = Application("127.0.0.1", mark=None)


class App:
    """Answers requests by path with whole heads, and keeps what it was asked."""

    def __init__(self, answers):
        self._answers = answers
        self.asked = []

    async def serve(self, reader, writer):
        with contextlib.suppress(EOFError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            writer.write(self._answers.get(head.split()[1], "HTTP/1.1 404 Not Found\r\n\r\n").encode())
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def running(answers, **how):
    app = App(answers)
    async with await asyncio.start_server(app.serve, "127.0.0.1", 0, **how) as server:
        yield app, server.sockets[0].getsockname()[1]


def answer(status, *fields):
    return "\r\n".join([f"HTTP/1.1 {status} Word", *fields, "", ""])


async def ask_http(port, *, application=POD, timeout=5.0, **probe):
    asked = AppProbe(http_get=HttpProbe(port=port, **probe), timeout_seconds=timeout)
    return await application.ask(asked, {"user-agent": "kube-probe/1.32"})


@pytest.mark.parametrize("status", [200, 204, 304, 399, 404, 500])
async def test_status_is_the_applications_own(status):
    async with running({"/health": answer(status)}) as (_, port):
        assert await ask_http(port, path="/health") == status


async def test_application_sees_the_probes_headers_and_who_asks():
    async with running({"/": answer(200)}) as (app, port):
        await ask_http(port, http_headers=(HttpHeader("X-A", "1"), HttpHeader("X-A", "2")))
    (head,) = app.asked
    lines = head.splitlines()
    assert lines[0] == "GET / HTTP/1.1"
    assert {"x-a: 1", "x-a: 2", f"host: 127.0.0.1:{port}"} <= {line.lower() for line in lines}
    assert "user-agent: kube-probe/1.32" in lines


def test_headers_of_the_probe_win():
    own = (HttpHeader("Host", "shop.example"), HttpHeader("User-Agent", "mine"), HttpHeader("Accept", "a/b"))
    request = build_request(HttpProbe(port=80, http_headers=own), "/", host="10.0.0.1:80", headers={})
    lines = request.decode().split("\r\n")
    assert lines == [
        "GET / HTTP/1.1",
        "Host: shop.example",
        "User-Agent: mine",
        "Accept: a/b",
        "Connection: close",
        "",
        "",
    ]


async def test_certificate_of_the_application_need_not_be_known(tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    files = write_credentials(tmp_path, "spiffe://cluster.local/ns/default/sa/app", new_issuer())
    context.load_cert_chain(files.chain_file, files.key_file)
    async with running({"/": answer(200)}, ssl=context) as (_, port):
        assert await ask_http(port, scheme="HTTPS") == 200


@pytest.mark.parametrize("location", ["/b?c=d", "b?c=d", "http://127.0.0.1:{port}/b?c=d"])
async def test_redirect_within_the_application_is_followed(location):
    answers = {"/b?c=d": answer(500)}
    async with running(answers) as (_, port):
        answers["/a"] = answer(302, f"Location: {location.format(port=port)}")
        assert await ask_http(port, path="/a") == 500


async def test_redirect_to_elsewhere_is_a_success():
    async with running({"/": answer(302, "Location: https://login.example/")}) as (_, port):
        assert await ask_http(port) == 200


async def test_redirects_without_end_are_a_failure():
    async with running({"/": answer(302, "Location: /")}) as (app, port):
        with pytest.raises(AskError, match="10 redirects"):
            await ask_http(port)
    assert len(app.asked) == 10


async def test_early_hints_are_no_answer():
    async with running({"/": answer(103) + answer(503)}) as (_, port):
        assert await ask_http(port) == 503


async def test_body_without_end_does_not_matter():
    async with running({"/": answer(200, "Content-Length: 1000000000")}) as (_, port):
        assert await ask_http(port) == 200


async def test_answer_that_is_no_http_is_a_failure():
    async with running({"/": "220 mail.example ESMTP\r\n\r\n"}) as (_, port):
        with pytest.raises(AskError, match="not HTTP"):
            await ask_http(port)


@pytest.mark.parametrize("head", [b"\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n"])
def test_head_without_a_status_is_no_answer(head):
    with pytest.raises(AskError):
        parse_answer(head)


async def test_silence_is_a_failure_after_the_probes_own_time():
    async with running({"/": "HTTP/1.1 200"}) as (_, port):
        with pytest.raises(AskError):
            await ask_http(port)

    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        with pytest.raises(AskError, match=r"within 0\.05 s"):
            await ask_http(server.sockets[0].getsockname()[1], timeout=0.05)


async def test_application_on_loopback_alone_is_found():
    async with running({"/": answer(200)}) as (_, port):
        assert await ask_http(port, application=Application("127.0.0.2", mark=None)) == 200


async def test_dead_application_is_a_failure():
    async with running({}) as (_, port):
        pass
    for probe in (
        AppProbe(http_get=HttpProbe(port=port)),
        AppProbe(tcp_socket=TcpProbe(port=port)),
        AppProbe(grpc=GrpcProbe(port=port)),
    ):
        with pytest.raises(AskError):
            await POD.ask(probe, {})


async def test_open_port_is_enough_for_a_tcp_probe():
    async with running({}) as (_, port):
        assert await POD.ask(AppProbe(tcp_socket=TcpProbe(port=port)), {}) == 200


class Health(grpc.GenericRpcHandler):
    def service(self, call):
        async def check(request, context):
            return {b"": b"\x08\x01"}.get(request, b"\x08\x02")

        return grpc.unary_unary_rpc_method_handler(check) if call.method.endswith("/Check") else None


async def test_grpc_service_tells_its_health():
    server = grpc.aio.server(handlers=[Health()])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        assert await POD.ask(AppProbe(grpc=GrpcProbe(port=port)), {}) == 200
        with pytest.raises(AskError, match="NOT_SERVING"):
            await POD.ask(AppProbe(grpc=GrpcProbe(port=port, service="down")), {})
    finally:
        await server.stop(None)
