"""Facts about CAs kept in folders."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from convoy.ca.errors import IssuerError
from convoy.ca.files import (
    IntermediateFolder,
    intermediate_to_files,
    load_intermediate,
    load_or_create_root,
    write_intermediate,
)
from convoy.ca.identity import Identity
from convoy.ca.issuers import issue_intermediate, issue_workload, new_root
from convoy.ca.keys import build_csr, new_key


def test_root_is_made_once_and_found_again(tmp_path):
    made = load_or_create_root(tmp_path / "ca")
    assert load_or_create_root(tmp_path / "ca").certificate == made.certificate


def test_root_key_is_for_its_owner_only(tmp_path):
    load_or_create_root(tmp_path / "ca")
    assert (tmp_path / "ca" / "root-key.pem").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ca").stat().st_mode & 0o777 == 0o700


def test_keys_are_never_printed(tmp_path):
    root = load_or_create_root(tmp_path / "ca")
    assert "<secret>" in repr(root)
    assert "<secret>" in repr(issue_intermediate(root, "c"))


def test_root_with_a_foreign_key_is_refused(tmp_path):
    for name in ("one", "two"):
        load_or_create_root(tmp_path / name)
    (tmp_path / "one" / "root-key.pem").write_bytes((tmp_path / "two" / "root-key.pem").read_bytes())
    with pytest.raises(IssuerError, match="do not belong together"):
        load_or_create_root(tmp_path / "one")


def test_intermediate_files_are_those_of_istios_secret():
    files = intermediate_to_files(issue_intermediate(new_root(), "cluster1"))
    assert set(files) == {"ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"}


def test_intermediate_folder_holds_no_root_key(tmp_path):
    root = load_or_create_root(tmp_path / "ca")
    write_intermediate(tmp_path / "cluster1", issue_intermediate(root, "cluster1"))
    secret = (tmp_path / "ca" / "root-key.pem").read_bytes()
    assert all(secret not in file.read_bytes() for file in (tmp_path / "cluster1").iterdir())
    assert (tmp_path / "cluster1" / "ca-key.pem").stat().st_mode & 0o777 == 0o600


def test_intermediate_survives_its_files(tmp_path):
    made = issue_intermediate(new_root(), "cluster1")
    write_intermediate(tmp_path, made)
    loaded = load_intermediate(tmp_path)
    assert (loaded.certificate, loaded.chain, loaded.roots) == (made.certificate, made.chain, made.roots)


def test_intermediate_of_a_foreign_root_is_refused(tmp_path):
    write_intermediate(tmp_path, issue_intermediate(new_root(), "cluster1"))
    foreign = intermediate_to_files(issue_intermediate(new_root(), "cluster1"))
    (tmp_path / "root-cert.pem").write_bytes(foreign["root-cert.pem"])
    with pytest.raises(IssuerError, match="does not lead to a root"):
        load_intermediate(tmp_path)


@pytest.mark.parametrize("name", ["ca-cert.pem", "ca-key.pem", "root-cert.pem"])
@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_damaged_files_are_named(tmp_path, name, damage):
    write_intermediate(tmp_path, issue_intermediate(new_root(), "cluster1"))
    (tmp_path / name).unlink()
    if damage == "garbage":
        (tmp_path / name).write_text("garbage")
    with pytest.raises(IssuerError, match=name):
        load_intermediate(tmp_path)


def test_changed_files_are_used_without_a_restart(tmp_path):
    root = new_root()
    write_intermediate(tmp_path, issue_intermediate(root, "cluster1"))
    folder = IntermediateFolder(tmp_path)
    second = issue_intermediate(root, "cluster1")
    write_intermediate(tmp_path, second)
    assert folder.current().certificate == second.certificate


def test_half_changed_files_leave_the_old_ones_in_use(tmp_path):
    root = new_root()
    first, second = issue_intermediate(root, "cluster1"), issue_intermediate(root, "cluster1")
    write_intermediate(tmp_path, first)
    folder = IntermediateFolder(tmp_path)
    (tmp_path / "ca-cert.pem").write_bytes(intermediate_to_files(second)["ca-cert.pem"])
    assert folder.current().certificate == first.certificate
    assert "do not belong together" in folder.problem
    write_intermediate(tmp_path, second)
    assert folder.current().certificate == second.certificate
    assert folder.problem == ""


def made_elsewhere(folder, *, key_id):
    """A `cacerts` folder with RSA keys, a deeper chain and key identifiers of another's choice."""
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"CA {i}")]) for i in range(3)]
    start = datetime.now(UTC) - timedelta(days=1)
    certificates = []
    for i, key in enumerate(keys):
        above = max(i - 1, 0)
        builder = (
            x509.CertificateBuilder().subject_name(names[i]).issuer_name(names[above]).serial_number(i + 1)
        )
        builder = builder.public_key(key.public_key()).not_valid_before(start)
        builder = builder.not_valid_after(start + timedelta(days=9))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier(key_id + bytes([i])), critical=False)
        certificates.append(builder.sign(keys[above], hashes.SHA256()))
    pem = serialization.Encoding.PEM
    root, middle, issuer = [each.public_bytes(pem) for each in certificates]
    private = keys[2].private_bytes(
        pem, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    files = {
        "root-cert.pem": root,
        "ca-cert.pem": issuer,
        "cert-chain.pem": issuer + middle,
        "ca-key.pem": private,
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return certificates


def test_intermediate_made_elsewhere_issues_certificates(tmp_path):
    root, middle, issuer = made_elsewhere(tmp_path, key_id=b"anything")
    loaded = load_intermediate(tmp_path)
    issued = issue_workload(loaded, build_csr(new_key()), identity=Identity("td", "ns", "sa"))
    chain = [x509.load_pem_x509_certificate(pem) for pem in issued.chain_pem]
    assert chain[1:] == [issuer, middle]
    assert loaded.roots == (root,)
    authority = issued.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    assert authority.value.key_identifier == b"anything\x02"
    issued.certificate.verify_directly_issued_by(issuer)
