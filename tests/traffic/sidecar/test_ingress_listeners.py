"""Ingress listeners: which ports a workload's sidecar opens, and where its application is behind them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from tests.traffic.configuring import CLUSTER
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC

V1 = "198.18.1.21"
INGRESS = """\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {{name: ingress, namespace: default}}
spec:
  workloadSelector: {{labels: {{app: echo, version: v1}}}}
  ingress:
{listeners}
"""


def ingress(*listeners: str) -> str:
    return INGRESS.format(listeners="\n".join(f"  - {{{listener}}}" for listener in listeners))


def port(number: int, protocol: str = "HTTP") -> str:
    return f"port: {{number: {number}, protocol: {protocol}, name: port-{number}}}"


@fields("Sidecar", "ingress.port.number", "ingress.port.protocol", "ingress.defaultEndpoint")
async def test_ports_lead_where_the_application_listens(lab: Lab) -> None:
    listeners = (
        f'{port(7701)}, defaultEndpoint: "127.0.0.1:8002"',
        f'{port(7702)}, defaultEndpoint: "0.0.0.0:8001"',
        f'{port(7703, "TCP")}, defaultEndpoint: "127.0.0.1:9002"',
        port(8001),
        f'{port(7704)}, defaultEndpoint: "127.0.0.1:9002"',
    )
    async with lab.applied(ingress(*listeners)):
        for number, application in ((7701, 8002), (7702, 8001), (8001, 8001)):
            answer = await lab.get("outside", f"http://echo:{number}/", at=V1)
            assert (answer.pod, answer.seen.port) == ("echo-v1", application)
        assert await lab.line("outside", V1, 7703) == "echo-v1 hello"
        # What is no request is refused before the application hears of it.
        assert await lab.line("outside", V1, 7704) == "HTTP/1.1 400 Bad Request\r"
        answer = await lab.get("client", "http://echo:7701/", at=V1)
        assert answer.pod == "echo-v1"
        assert "x-forwarded-client-cert" not in answer.seen.headers


@fields("Sidecar", "ingress.port.name")
async def test_a_name_says_what_is_spoken_where_no_protocol_does(lab: Lab) -> None:
    named = 'port: {number: %d, name: %s}, defaultEndpoint: "127.0.0.1:9002"'
    async with lab.applied(ingress(named % (7701, "tcp-lines"), named % (7702, "http-lines"))):
        assert await lab.line("outside", V1, 7701) == "echo-v1 hello"
        # What is no request is refused before the application hears of it.
        assert await lab.line("outside", V1, 7702) == "HTTP/1.1 400 Bad Request\r"


ON_SOCKET = """\
import http.server, socket, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(299); self.send_header("content-length", "0"); self.end_headers()
    def address_string(self): return ""
listening = socket.socket(socket.AF_UNIX); listening.bind("\\0application"); listening.listen()
print("listening", flush=True)
made, _ = listening.accept()
Handler(made, ("", 0), None)
"""


@fields("Sidecar", "ingress.defaultEndpoint")
async def test_an_application_may_listen_on_a_socket(lab: Lab) -> None:
    async with lab.applied(ingress(f'{port(7701)}, defaultEndpoint: "unix://@application"')):
        command = ["python", "-c", ON_SOCKET]
        serving = asyncio.create_task(lab.local.world.exec(CLUSTER, "default", "echo-v1", command))
        try:
            async with asyncio.timeout(10):
                while (await lab.get("outside", "http://echo:7701/", at=V1)).status != 299:
                    assert not serving.done()
                await serving
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


@fields("Sidecar", "ingress.bind", "ingress.captureMode")
async def test_listeners_are_at_addresses_and_may_be_called_from_inside(lab: Lab) -> None:
    target = 'defaultEndpoint: "127.0.0.1:8002"'
    listeners = (
        f"{port(7701)}, bind: {V1}, {target}",
        f"{port(7702)}, bind: 198.18.1.99, {target}",
        f"{port(7703)}, bind: 127.0.0.1, captureMode: NONE, {target}",
        f"{port(7704)}, captureMode: NONE, {target}",
        f"{port(7705)}, {target}",
    )
    async with lab.applied(ingress(*listeners)):
        assert (await lab.get("outside", "http://echo:7701/", at=V1)).pod == "echo-v1"
        assert (await lab.get("outside", "http://echo:7702/", at=V1)).status == 0
        assert (await lab.get("echo-v1", "http://echo:7703/", at="127.0.0.1")).pod == "echo-v1"
        assert (await lab.get("echo-v1", "http://echo:7704/", at=V1)).pod == "echo-v1"
        assert (await lab.get("outside", "http://echo:7704/", at=V1)).pod == "echo-v1"
        assert (await lab.get("echo-v1", "http://echo:7705/", at=V1)).status == 0
        # Its own listener asks for as much as a captured one would, and knows the caller.
        secured = await lab.get("client", "http://echo:7704/", at=V1)
        assert secured.pod == "echo-v1"


FOLDER = "/tmp/ingress"
UNPROTECTED = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: plain, namespace: default}
spec:
  selector: {matchLabels: {app: echo, version: v1}}
  mtls: {mode: DISABLE}
"""


@contextlib.asynccontextmanager
async def certificates(lab: Lab) -> AsyncIterator[None]:
    """A key, its certificate for tls.test, and the lab's root in the container of the sidecar."""

    async def run(*argv: str, stdin: bytes = b"") -> None:
        await lab.local.world.exec(CLUSTER, "default", "echo-v1", argv, stdin=stdin, container="istio-proxy")

    issued = lab.ca.issue(dns=["tls.test"])
    await run("mkdir", "-p", FOLDER)
    for name, content in (("key", issued.key_pem), ("chain", issued.chain_pem), ("root", lab.ca.root_pem)):
        await run("sh", "-c", f"cat > {FOLDER}/{name}.pem", stdin=content)
    try:
        yield
        await lab.settled()
    finally:
        await run("rm", "-r", FOLDER)


@fields(
    "Sidecar",
    "ingress.tls.mode",
    "ingress.tls.serverCertificate",
    "ingress.tls.privateKey",
    "ingress.tls.caCertificates",
)
async def test_a_listener_may_end_tls_of_its_own(lab: Lab) -> None:
    own = f"serverCertificate: {FOLDER}/chain.pem, privateKey: {FOLDER}/key.pem"
    target = 'defaultEndpoint: "127.0.0.1:8002"'
    listeners = (
        f"{port(7701, 'HTTPS')}, {target}, tls: {{mode: SIMPLE, {own}}}",
        f"{port(7702, 'HTTPS')}, {target}, tls: {{mode: MUTUAL, {own}, caCertificates: {FOLDER}/root.pem}}",
    )
    client = lab.ca.issue(dns=["client.test"])
    pair = (client.key_pem, client.chain_pem)
    async with certificates(lab), lab.applied(UNPROTECTED, ingress(*listeners)):
        simple, mutual = "https://tls.test:7701/", "https://tls.test:7702/"
        trusting = Tls(ca=lab.ca.root_pem)
        assert (await lab.get("outside", simple, at=V1, tls=trusting)).seen.port == 8002
        assert (await lab.get("outside", "http://tls.test:7701/", at=V1)).status == 0
        assert (await lab.get("outside", mutual, at=V1, tls=trusting)).status == 0
        known = Tls(ca=lab.ca.root_pem, client=pair)
        assert (await lab.get("outside", mutual, at=V1, tls=known)).pod == "echo-v1"
