"""The outside network's own authority."""

import stat
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from tests.kit.clocks import FakeClock

from convoy.cluster.network.outside.certificates import KeyPair, load_authority


def _parsed(pair: KeyPair) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pair.certificate)


def test_a_server_certificate_names_the_server_and_its_issuer(tmp_path: Path) -> None:
    authority = load_authority(tmp_path)
    made = _parsed(authority.issue_server(["*.wild.test", "a.test"]))
    made.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["*.wild.test", "a.test"]


def test_the_authority_is_kept(tmp_path: Path) -> None:
    assert load_authority(tmp_path).certificate == load_authority(tmp_path).certificate
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"ca.key": 0o600, "ca.pem": 0o600}


def test_an_authority_near_its_end_is_made_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    first = load_authority(tmp_path, clock).certificate
    clock.at += timedelta(days=3650 - 29)
    assert load_authority(tmp_path, clock).certificate != first
