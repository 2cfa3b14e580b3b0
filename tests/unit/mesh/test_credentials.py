"""Secrets and ConfigMaps: what is read from them, and what is wrong with those that cannot be used."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from tests.kit.certificates import Authority, Issued

from convoy.api import codes
from convoy.api.kube.core import ConfigMap, Secret
from convoy.api.meta import ObjectMeta
from convoy.mesh.credentials import CredentialFault, Credentials
from convoy.mesh.model import CredentialKey, KeyPair, TrustBundle

ROOT = Authority()
OTHER = Authority("other")
GOOD = ROOT.issue(dns=("a.test",))
KEY = CredentialKey("ns", "a")


def secret(name: str = "a", **data: bytes) -> Secret:
    """Keys are written with `_` for `.`."""
    coded = {key.replace("_", "."): base64.b64encode(value).decode() for key, value in data.items()}
    metadata = ObjectMeta(name=name, namespace="ns")
    return Secret(api_version="v1", kind="Secret", metadata=metadata, data=coded)


def config_map(**data: bytes) -> ConfigMap:
    metadata = ObjectMeta(name="a", namespace="ns")
    plain = {key.replace("_", "."): value.decode() for key, value in data.items()}
    return ConfigMap(api_version="v1", kind="ConfigMap", metadata=metadata, data=plain)


def pair_of(*secrets: Secret, now: datetime | None = None) -> KeyPair | CredentialFault:
    return Credentials(secrets, now=now).find_key_pair(KEY)


def fault_of(*secrets: Secret, now: datetime | None = None) -> CredentialFault:
    found = pair_of(*secrets, now=now)
    assert isinstance(found, CredentialFault)
    return found


def trust_of(*secrets: Secret, maps: tuple[ConfigMap, ...] = ()) -> TrustBundle | CredentialFault:
    credentials = Credentials(secrets, maps)
    return credentials.find_trust(credentials.trust_key("ns", "a"))


@pytest.mark.parametrize(("chain", "key"), [("tls_crt", "tls_key"), ("cert", "key")])
def test_a_key_pair_is_read_in_both_spellings(chain: str, key: str) -> None:
    found = pair_of(secret(**{chain: GOOD.chain_pem, key: GOOD.key_pem}))
    assert isinstance(found, KeyPair)
    assert (found.key, found.chain, found.private_key.reveal()) == (KEY, GOOD.chain_pem, GOOD.key_pem)


def test_a_key_shows_nowhere_that_a_pair_is_printed() -> None:
    found = pair_of(secret(tls_crt=GOOD.chain_pem, tls_key=GOOD.key_pem))
    assert "PRIVATE" not in f"{found!r} {found}"
    assert "<secret>" in repr(found)


def pem_of(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def encrypted() -> bytes:
    return pem_of(rsa.generate_private_key(65537, 2048), b"word")


@pytest.mark.parametrize(
    ("made", "code", "said"),
    [
        ((), codes.CREDENTIAL_NOT_FOUND, "Secret ns/a was not found."),
        (
            (secret(ca_crt=b"x"),),
            codes.CREDENTIAL_UNUSABLE,
            "Secret ns/a has no tls.crt and tls.key, or cert and key; it has ca.crt.",
        ),
        (
            (secret(password=b"x"),),
            codes.CREDENTIAL_UNUSABLE,
            # What else is in it is nobody's business who only named it.
            "Secret ns/a has no tls.crt and tls.key, or cert and key; it has nothing of the kind.",
        ),
        (
            (secret(tls_crt=b"junk", tls_key=GOOD.key_pem),),
            codes.CREDENTIAL_UNUSABLE,
            "tls.crt of Secret ns/a is no certificate in PEM form.",
        ),
        (
            (secret(cert=GOOD.chain_pem, key=b"junk"),),
            codes.CREDENTIAL_UNUSABLE,
            "key of Secret ns/a is no private key in PEM form.",
        ),
        (
            (secret(tls_crt=GOOD.chain_pem, tls_key=encrypted()),),
            codes.CREDENTIAL_UNUSABLE,
            "tls.key of Secret ns/a is encrypted.",
        ),
        (
            (secret(tls_crt=GOOD.chain_pem, tls_key=OTHER.issue(dns=("a.test",)).key_pem),),
            codes.CREDENTIAL_MISMATCH,
            "tls.key of Secret ns/a does not belong to the certificate in tls.crt of Secret ns/a.",
        ),
    ],
)
def test_what_cannot_be_used_is_told_without_its_value(
    made: tuple[Secret, ...], code: codes.ProblemCode, said: str
) -> None:
    found = fault_of(*made)
    assert (found.code, found.message) == (code, said)


def test_a_certificate_expires() -> None:
    made = secret(tls_crt=GOOD.chain_pem, tls_key=GOOD.key_pem)
    now = datetime.now(UTC)
    credentials = Credentials((made,), now=now)
    assert isinstance(credentials.find_key_pair(KEY), KeyPair)
    expiry = credentials.first_expiry
    assert expiry is not None
    assert now < expiry < now + timedelta(hours=2)
    assert fault_of(made, now=expiry).code is codes.CREDENTIAL_EXPIRED
    assert isinstance(pair_of(made, now=None), KeyPair)


def test_only_certificates_that_somebody_asked_for_make_time_matter() -> None:
    made = secret(tls_crt=GOOD.chain_pem, tls_key=GOOD.key_pem)
    assert Credentials((made,), now=datetime.now(UTC)).first_expiry is None


@pytest.mark.parametrize("name", ["ca_crt", "cacert"])
def test_roots_stand_beside_a_key_pair_or_in_a_secret_of_their_own(name: str) -> None:
    beside, apart = secret(**{name: ROOT.root_pem}), secret("a-cacert", **{name: OTHER.root_pem})
    assert trust_of(beside) == TrustBundle(KEY, ROOT.root_pem)
    assert trust_of(beside, apart) == TrustBundle(KEY, OTHER.root_pem)


def test_roots_may_stand_in_a_config_map_where_there_is_no_secret() -> None:
    listed = ROOT.revoke(GOOD)
    maps = (config_map(ca_crt=ROOT.root_pem, ca_crl=listed),)
    key = CredentialKey("ns", "a", is_config_map=True)
    assert trust_of(maps=maps) == TrustBundle(key, ROOT.root_pem, listed)
    assert trust_of(secret(ca_crt=OTHER.root_pem), maps=maps) == TrustBundle(KEY, OTHER.root_pem)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (secret(ca_crt=b"junk"), "The roots of Secret ns/a are no certificates in PEM form."),
        (
            secret(ca_crt=ROOT.root_pem, crl=b"junk"),
            "The revocation list of Secret ns/a is none in PEM form.",
        ),
        (secret(tls_crt=GOOD.chain_pem), "Secret ns/a has no ca.crt or cacert; it has tls.crt."),
    ],
)
def test_roots_that_cannot_be_used_are_told(made: Secret, said: str) -> None:
    found = trust_of(made)
    assert isinstance(found, CredentialFault)
    assert found.message == said


@pytest.fixture(scope="module")
def odd_keys() -> dict[str, Issued]:
    return {
        "fewer than 2048 bits": ROOT.certify(rsa.generate_private_key(65537, 1024), dns=("a.test",)),
        "a kind that Envoy does not take": ROOT.certify(
            ed25519.Ed25519PrivateKey.generate(), dns=("a.test",)
        ),
    }


@pytest.mark.parametrize("said", ["fewer than 2048 bits", "a kind that Envoy does not take"])
def test_keys_that_envoy_refuses_are_told(odd_keys: dict[str, Issued], said: str) -> None:
    issued = odd_keys[said]
    assert said in fault_of(secret(tls_crt=issued.chain_pem, tls_key=issued.key_pem)).message
