"""Facts about renewal and the secret files, with a clock that tests move and the real CA behind."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.kit.clocks import FakeClock

from convoy.agent.certificates import keep_certificates, parse_leaf
from convoy.agent.errors import ControlPlaneError, RefusedError
from convoy.agent.sds import SecretFiles, build_key_pair_secret, replace_file
from convoy.ca.identity import Identity
from convoy.ca.issuers import issue_intermediate, issue_workload, new_root
from convoy.ca.wire import CertificateAnswer
from convoy.kit.secrets import SecretBytes

REVIEWS = Identity("cluster.local", "default", "bookinfo-reviews")
START = datetime(2030, 1, 1, tzinfo=UTC)
ENOUGH = "enough was seen"


class Plane:
    """Answers from the real CA, after some failures; ends the test after `answers`."""

    def __init__(self, clock, *, failures=(), answers=1):
        self.clock, self.failures, self.left = clock, list(failures), answers
        self.issuer = issue_intermediate(new_root(clock), "cluster1", clock=clock)
        self.asked = []

    async def request_certificate(self, csr_pem):
        self.asked.append(self.clock.at - START)
        if self.failures:
            raise self.failures.pop(0)
        if self.left == 0:
            raise AssertionError(ENOUGH)
        self.left -= 1
        issued = issue_workload(
            self.issuer, csr_pem, identity=REVIEWS, ttl=timedelta(hours=10), clock=self.clock
        )
        return CertificateAnswer(
            tuple(pem.decode() for pem in issued.chain_pem),
            tuple(pem.decode() for pem in self.issuer.roots_pem),
        )


@pytest.fixture
def clock():
    return FakeClock(START)


async def keep(plane, folder, clock, roots=Path("/nothing/there")):
    obtained = []
    with pytest.raises(AssertionError, match=ENOUGH):
        await keep_certificates(
            plane, SecretFiles(folder), roots=roots, clock=clock, obtained=lambda: obtained.append(clock.at)
        )
    return obtained


def secret(folder, name):
    (resource,) = json.loads((folder / f"{name}.yaml").read_text())["resources"]
    return resource


async def test_certificates_are_renewed_at_about_half_of_their_life(tmp_path, clock):
    plane = Plane(clock, answers=2)
    await keep(plane, tmp_path, clock)
    gaps = [later - earlier for earlier, later in zip(plane.asked, plane.asked[1:], strict=False)]
    assert all(timedelta(hours=4.4) < gap < timedelta(hours=5.6) for gap in gaps)


async def test_new_roots_in_the_pod_renew_within_one_short_step(tmp_path, clock):
    roots = tmp_path / "roots.pem"
    roots.write_text("those of the start")
    plane = Plane(clock, answers=2)
    changes = {timedelta(hours=1): "others", timedelta(hours=2): ""}  # nothing, while they are replaced

    async def sleep(seconds):
        await FakeClock.sleep(clock, seconds)
        for due in [due for due in changes if clock.at - START > due]:
            roots.write_text(changes.pop(due))

    clock.sleep = sleep
    await keep(plane, tmp_path, clock, roots)
    assert timedelta(hours=1) < plane.asked[1] < timedelta(hours=1, seconds=12)
    assert plane.asked[2] > timedelta(hours=5)


async def test_after_a_suspend_renewal_comes_within_one_short_step(tmp_path, clock):
    plane = Plane(clock, answers=1)
    clock.jumps = [timedelta(days=3)]
    await keep(plane, tmp_path, clock)
    assert plane.asked[1] - timedelta(days=3) < timedelta(seconds=6)


async def test_failures_are_tried_again_with_growing_pauses(tmp_path, clock, capsys):
    refusal = RefusedError("istiod refused (401): no")
    plane = Plane(clock, failures=[refusal, refusal, refusal, ControlPlaneError("gone")], answers=1)
    await keep(plane, tmp_path, clock)
    first, second, third = clock.slept[:3]
    assert first < second < third
    assert capsys.readouterr().err.count("istiod refused (401): no") == 1


async def test_key_and_chain_belong_together_and_roots_stand_beside(tmp_path, clock):
    plane = Plane(clock, answers=1)
    await keep(plane, tmp_path, clock)
    pair = secret(tmp_path, "default")["tls_certificate"]
    leaf = x509.load_pem_x509_certificate(pair["certificate_chain"]["inline_string"].encode())
    key = load_pem_private_key(pair["private_key"]["inline_string"].encode(), None)
    assert leaf.public_key() == key.public_key()
    roots = secret(tmp_path, "ROOTCA")["validation_context"]["trusted_ca"]["inline_string"]
    assert roots.encode() == plane.issuer.roots_pem[0]


@pytest.mark.parametrize("chain", [(), ("nonsense",)])
def test_answer_without_certificates_is_refused(chain):
    with pytest.raises(ControlPlaneError):
        parse_leaf(CertificateAnswer(chain, ("nonsense",)))


def test_secret_files_are_renamed_into_place_and_private(tmp_path):
    path = tmp_path / "default.yaml"
    replace_file(path, b"one")
    inode = path.stat().st_ino
    replace_file(path, b"two")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o600)
    assert path.stat().st_ino != inode
    assert [each.name for each in tmp_path.iterdir()] == ["default.yaml"]


def test_key_is_not_printed():
    assert "KEY" not in repr(build_key_pair_secret(SecretBytes(b"KEY"), ["chain"]))
