"""Facts about the probes that the kubelet makes at the agent."""

import asyncio

import msgspec
import pytest
from tests.unit.agent.test_settings import ENV

from convoy.agent.app_probes import AppProbe, GrpcProbe, HttpHeader, HttpProbe, TcpProbe, parse_probes
from convoy.agent.asking import Application
from convoy.agent.errors import SettingsError
from convoy.agent.http_server import Asked
from convoy.agent.probes import answer_probe
from convoy.agent.settings import PROBE_PORT, parse_settings
from convoy.api.kube.core import Pod
from convoy.inject.probes import PROBE_PORT as INJECTED_PORT
from convoy.inject.probes import PROBERS, encode_definitions, rewrite_probes

POD = Application("127.0.0.1", mark=None)
CONTAINER = {
    "name": "app",
    "ports": [{"name": "web", "containerPort": 8080}],
    "livenessProbe": {
        "httpGet": {"port": "web", "scheme": "HTTPS", "httpHeaders": [{"name": "A", "value": "b"}]},
        "timeoutSeconds": 7,
    },
    "readinessProbe": {"tcpSocket": {"port": 9000}},
    "startupProbe": {"grpc": {"port": 9001, "service": "shop"}},
}


def test_agent_understands_what_injection_tells():
    value = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [CONTAINER]},
    }
    _, definitions = rewrite_probes(msgspec.convert(value, Pod))
    settings = parse_settings(ENV | {PROBERS: encode_definitions(definitions)})
    assert settings.probes == {
        "/app-health/app/livez": AppProbe(
            http_get=HttpProbe(port=8080, scheme="HTTPS", http_headers=(HttpHeader("A", "b"),)),
            timeout_seconds=7,
        ),
        "/app-health/app/readyz": AppProbe(tcp_socket=TcpProbe(port=9000)),
        "/app-health/app/startupz": AppProbe(grpc=GrpcProbe(port=9001, service="shop")),
    }
    assert PROBE_PORT == INJECTED_PORT


def test_pod_without_probes_has_none():
    assert parse_settings(ENV).probes == {}


@pytest.mark.parametrize("text", ["nonsense", "[]", '{"/a": {"httpGet": {"port": "web"}}}'])
def test_probes_that_cannot_be_read_are_named(text):
    with pytest.raises(SettingsError, match=PROBERS):
        parse_probes(text)


async def status_of(path, probe):
    return (await answer_probe(Asked(path), {"/app-health/app/livez": probe}, POD)).status


async def test_probe_lives_and_dies_with_the_application():
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 418 Teapot\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        http, tcp = AppProbe(http_get=HttpProbe(port=port)), AppProbe(tcp_socket=TcpProbe(port=port))
        assert [await status_of("/app-health/app/livez", each) for each in (http, tcp)] == [418, 200]
        assert await status_of("/app-health/app/readyz", tcp) == 404
    assert [await status_of("/app-health/app/livez", each) for each in (http, tcp)] == [503, 503]
