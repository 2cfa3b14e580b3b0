"""The API server's certificates: verified by a real handshake, kept over restarts, renewed in time."""

import asyncio
import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest

from convoy.cluster.apiserver.auth.serving_certificates import ServingCertificates


class At:
    def __init__(self, moment):
        self.moment = moment

    def now(self):
        return self.moment


NOW = datetime.now(UTC)


def certificates(folder, days=0):
    return ServingCertificates(folder, cluster="east", clock=At(NOW + timedelta(days=days)))


async def shake_hands(context, authority, name):
    async def serve(reader, writer):
        writer.close()

    client = ssl.create_default_context(cadata=authority.decode())
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client, server_hostname=name)
        writer.close()


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "kubernetes.default.svc", "198.18.250.1", "east.example.test"]
)
async def test_clients_that_know_the_authority_believe_every_name(tmp_path, name):
    made = certificates(tmp_path)
    context = made.context(["198.18.250.1", "east.example.test"])
    await shake_hands(context, made.authority(), name)


async def test_other_name_is_not_believed(tmp_path):
    made = certificates(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError):
        await shake_hands(made.context(), made.authority(), "198.18.250.1")


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_restart_changes_nothing(tmp_path):
    certificates(tmp_path).context()
    before = files(tmp_path)
    certificates(tmp_path, days=300).context()
    assert files(tmp_path) == before
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(("days", "addresses"), [(340, []), (0, ["198.18.250.1"])])
def test_certificate_near_its_end_or_without_a_name_is_renewed(tmp_path, days, addresses):
    certificates(tmp_path).context()
    before = files(tmp_path)
    certificates(tmp_path, days=days).context(addresses)
    after = files(tmp_path)
    assert after["apiserver.pem"] != before["apiserver.pem"]
    assert (after["ca.pem"], after["ca.key"]) == (before["ca.pem"], before["ca.key"])


@pytest.mark.parametrize("name", ["apiserver.pem", "apiserver.key"])
def test_spoiled_file_is_made_anew(tmp_path, name):
    certificates(tmp_path).context()
    (tmp_path / name).write_bytes(b"spoiled")
    certificates(tmp_path).context()
    assert (tmp_path / name).read_bytes() != b"spoiled"
