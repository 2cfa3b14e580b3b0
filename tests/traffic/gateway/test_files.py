"""Certificates that a gateway finds as files in its own pod."""

import base64
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from tests.kit.certificates import Authority, Issued
from tests.traffic.configuring import CLUSTER, until_nothing
from tests.traffic.fields import fields
from tests.traffic.gateway.objects import TLS_PORT, gateway, https, route, server
from tests.traffic.lab import TRAFFIC, Lab, Tls

pytestmark = TRAFFIC

URL = f"https://a.test:{TLS_PORT}/"
TLS_1_2 = ssl.TLSVersion.TLSv1_2
STRANGERS = Authority("strangers")
# A Secret that is mounted changes by a link of this name.
WRITE = """
import base64, json, os, sys, tempfile
folder, files = json.load(sys.stdin)
os.makedirs(folder, exist_ok=True)
version = tempfile.mkdtemp(dir=folder)
for name, content in files.items():
    open(os.path.join(version, name), "wb").write(base64.b64decode(content))
    if not os.path.islink(os.path.join(folder, name)):
        os.symlink(os.path.join("..data", name), os.path.join(folder, name))
os.symlink(os.path.basename(version), os.path.join(folder, "..new"))
os.rename(os.path.join(folder, "..new"), os.path.join(folder, "..data"))
"""


async def run(lab: Lab, *argv: str, stdin: bytes = b"") -> None:
    found = await lab.local.world.exec(
        CLUSTER, "istio-system", "istio-ingressgateway", list(argv), stdin=stdin, container="istio-proxy"
    )
    assert found.rc == 0, found.stderr


async def write(lab: Lab, folder: str, files: Mapping[str, bytes]) -> None:
    """Have the gateway's pod see these files, as if the Secret that is mounted had changed."""
    coded = {name: base64.b64encode(content).decode() for name, content in files.items()}
    await run(lab, "python3", "-c", WRITE, stdin=json.dumps([folder, coded]).encode())


@contextlib.asynccontextmanager
async def files_in_pod(lab: Lab, files: Mapping[str, bytes]) -> AsyncIterator[str]:
    """A folder with files while the context is open; one that no listener which still drains knows."""
    folder = f"/tmp/{lab.key()}"
    await write(lab, folder, files)
    try:
        yield folder
    finally:
        await lab.settled()
        await run(lab, "rm", "-r", folder)


def pair(issued: Issued, name: str = "tls") -> dict[str, bytes]:
    return {f"{name}.crt": issued.chain_pem, f"{name}.key": issued.key_pem}


def of_files(folder: str, name: str = "tls") -> dict[str, str]:
    return {"serverCertificate": f"{folder}/{name}.crt", "privateKey": f"{folder}/{name}.key"}


async def names(lab: Lab, client: Issued | None = None, **more: Any) -> tuple[str, ...]:
    own = (client.key_pem, client.chain_pem) if client else None
    answer = await lab.gateway(URL, tls=Tls(client=own, **more))
    return answer.server if answer.status == 200 else ()


@fields("Gateway", "servers.tls.serverCertificate", "servers.tls.privateKey")
async def test_a_certificate_of_files_is_read_again_when_they_change(lab: Lab) -> None:
    old, new = (lab.ca.issue(dns=("a.test", each)) for each in ("old.test", "new.test"))
    async with (
        files_in_pod(lab, pair(old)) as folder,
        lab.applied(gateway(https("a.test", **of_files(folder))), route()),
    ):
        assert await names(lab) == ("a.test", "old.test")
        await write(lab, folder, pair(new))

        async def missing() -> str:
            return "" if await names(lab) == ("a.test", "new.test") else "the new certificate is not shown"

        await until_nothing(missing)


@fields("Gateway", "servers.tls.caCertificates", "servers.tls.caCrl")
async def test_clients_are_believed_by_roots_and_revocations_of_files(lab: Lab) -> None:
    good, revoked = lab.ca.issue(dns=("good.test",)), lab.ca.issue(dns=("bad.test",))
    files = {
        "ca.crt": lab.ca.root_pem,
        "ca.crl": lab.ca.revoke(revoked),
        **pair(lab.ca.issue(dns=("a.test",))),
    }
    clients = (good, revoked, STRANGERS.issue(dns=("x.test",)), None)
    async with files_in_pod(lab, files) as folder:
        roots = {"caCertificates": f"{folder}/ca.crt", "caCrl": f"{folder}/ca.crl"}
        made = (gateway(https("a.test", mode="MUTUAL", **roots, **of_files(folder))), route())
        async with lab.applied(*made):
            found = [await names(lab, client) for client in clients]
    assert found == [("a.test",), (), (), ()]


@fields(
    "Gateway",
    "servers.tls.tlsCertificates.serverCertificate",
    "servers.tls.tlsCertificates.privateKey",
    "servers.tls.tlsCertificates.caCertificates",
)
async def test_several_certificates_of_files_serve_clients_of_several_kinds(lab: Lab) -> None:
    rsa = lab.ca.issue(dns=("a.test", "rsa.test"), is_rsa=True)
    ec = lab.ca.issue(dns=("a.test", "ec.test"))
    files = {"ca.crt": STRANGERS.root_pem, **pair(rsa, "rsa"), **pair(ec, "ec")}
    client = STRANGERS.issue(dns=("x.test",), is_rsa=True)
    async with files_in_pod(lab, files) as folder:
        listed = [{**of_files(folder, "rsa"), "caCertificates": f"{folder}/ca.crt"}, of_files(folder, "ec")]
        async with lab.applied(gateway(https("a.test", mode="MUTUAL", tlsCertificates=listed)), route()):
            found = [
                await names(lab, client, ciphers=f"ECDHE-{kind}-AES128-GCM-SHA256", most=TLS_1_2)
                for kind in ("RSA", "ECDSA")
            ]
            assert found == [("a.test", "rsa.test"), ("a.test", "ec.test")]
            assert await names(lab, lab.ca.issue(dns=("x.test",))) == ()


async def test_files_that_are_missing_cost_their_own_server_alone(lab: Lab) -> None:
    servers = (https("a.test", **of_files("/tmp/none")), server("HTTP"))
    number = lab.configuration.add((gateway(*servers), route()))
    try:
        with pytest.raises(AssertionError, match=r"SDS file-cert:.*(Invalid path|unable to add)"):
            await lab.settled()
        assert await names(lab) == ()
        assert (await lab.gateway("http://a.test/")).status == 200
    finally:
        lab.configuration.remove(number)
