"""TLS towards a server that does not know the mesh: what the server sees, and whom the proxy believes."""

import contextlib
import ssl
from collections.abc import AsyncIterator

from tests.kit.certificates import Issued
from tests.traffic.configuring import CLUSTER
from tests.traffic.destination_rule.server import OUTSIDE, policy, server
from tests.traffic.fields import fields
from tests.traffic.lab import TRAFFIC, Answer, Lab, Tls

pytestmark = TRAFFIC

TLS = "trafficPolicy.tls"
FOLDER = "/tmp/tested"
TRUST = f"mode: SIMPLE, caCertificates: {FOLDER}/root.pem"
OWN = f"clientCertificate: {FOLDER}/chain.pem, privateKey: {FOLDER}/key.pem"
ONLY_CLIENT = "workloadSelector: {matchLabels: {app: client}}"
"""Nobody else's proxy has the files."""


@contextlib.asynccontextmanager
async def files(lab: Lab, **contents: bytes) -> AsyncIterator[None]:
    """PEM files in the container of the client's proxy, and always the root of the lab's authority."""

    async def run(*argv: str, stdin: bytes = b"") -> None:
        await lab.local.world.exec(CLUSTER, "default", "client", argv, stdin=stdin, container="istio-proxy")

    await run("mkdir", "-p", FOLDER)
    for name, content in {"root": lab.ca.root_pem, **contents}.items():
        await run("sh", "-c", f"cat > {FOLDER}/{name}.pem", stdin=content)
    try:
        yield
        await lab.settled()
    finally:
        await run("rm", "-r", FOLDER)


async def asked(lab: Lab, tls: str, *, host: str = "tls.test") -> Answer:
    """The answer over TLS that the proxy starts; tls.test and outside.test are names of the server's."""
    entry = server(host.removesuffix(".test"), f"{{address: {OUTSIDE}}}", port=443)
    async with lab.applied(entry, policy(f"tls: {{{tls}}}", host=host, more=ONLY_CLIENT)):
        return await lab.get("client", f"http://{host}:8000/")


@fields("DestinationRule", f"{TLS}.mode", f"{TLS}.caCertificates")
async def test_the_server_sees_the_requests_host_and_must_be_it(lab: Lab) -> None:
    async with files(lab):
        right, wrong = await asked(lab, TRUST), await asked(lab, TRUST, host="server.test")
    assert (right.status, right.seen.sni, right.seen.client) == (200, "tls.test", ())
    assert wrong.status == 503


async def test_without_roots_the_systems_are_believed(lab: Lab) -> None:
    answer = await asked(lab, "mode: SIMPLE")
    assert answer.status == 503


@fields("DestinationRule", f"{TLS}.insecureSkipVerify")
async def test_nobody_is_verified_where_that_is_said(lab: Lab) -> None:
    answer = await asked(lab, "mode: SIMPLE, insecureSkipVerify: true", host="server.test")
    assert (answer.status, answer.seen.sni) == (200, "server.test")


@fields("DestinationRule", f"{TLS}.sni")
async def test_the_name_that_is_asked_for_may_be_another(lab: Lab) -> None:
    async with files(lab):
        answer = await asked(lab, f"{TRUST}, sni: outside.test", host="server.test")
    assert (answer.status, answer.seen.sni) == (200, "outside.test")


@fields("DestinationRule", f"{TLS}.subjectAltNames")
async def test_the_server_may_be_told_by_other_names(lab: Lab) -> None:
    async with files(lab):
        right = await asked(lab, f"{TRUST}, subjectAltNames: [outside.test, else.test]", host="server.test")
        wrong = await asked(lab, f"{TRUST}, subjectAltNames: [else.test]", host="tls.test")
    assert (right.status, wrong.status) == (200, 503)


@fields("DestinationRule", f"{TLS}.mode = MUTUAL", f"{TLS}.clientCertificate", f"{TLS}.privateKey")
async def test_the_server_sees_the_proxys_certificate(lab: Lab) -> None:
    issued = lab.ca.issue(dns=("a-client.test",))
    async with files(lab, chain=issued.chain_pem, key=issued.key_pem):
        answer = await asked(lab, f"{TRUST}, {OWN}".replace("SIMPLE", "MUTUAL"))
    assert (answer.status, answer.seen.client) == (200, ("a-client.test",))


@fields("DestinationRule", f"{TLS}.caCrl")
async def test_a_revoked_server_is_not_believed(lab: Lab) -> None:
    with await lab.dial("outside", "198.18.1.41", 443) as sock:
        sock.setblocking(True)
        shown = Tls().wrap(sock, "tls.test").getpeercert(binary_form=True)
    its_own = Issued(b"", ssl.DER_cert_to_PEM_cert(shown or b"").encode())
    async with files(lab, revoked=lab.ca.revoke(its_own), none=lab.ca.revoke()):
        refused = await asked(lab, f"{TRUST}, caCrl: {FOLDER}/revoked.pem")
        taken = await asked(lab, f"{TRUST}, caCrl: {FOLDER}/none.pem")
    assert (refused.status, taken.status) == (503, 200)
