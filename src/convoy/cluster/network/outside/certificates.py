"""The certificate authority of the outside network, and the certificate of its server.

They have nothing to do with any cluster's or mesh's. The authority is kept in the state folder, so that who
was told to trust it need not be told again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from convoy.cluster.tokens import write_secret_file
from convoy.kit.clock import SYSTEM_CLOCK, Clock

_LIFE = timedelta(days=3650)
_BACKDATED = timedelta(hours=1)  # for machines whose clock is a little behind
_RENEWED = timedelta(days=30)
CA_FILE = "ca.pem"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key and its certificate, in PEM."""

    key: bytes
    certificate: bytes


class OutsideAuthority:
    """Issues the certificates of the outside network."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate, clock: Clock) -> None:
        self._key = key
        self._certificate = certificate
        self._clock = clock

    @property
    def certificate(self) -> bytes:
        """The root, in PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue_server(self, names: Iterable[str]) -> KeyPair:
        """A certificate for a server of these names, of which some may begin with `*.`."""
        builder = self._start("outside.test").add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in sorted(names)]), critical=False
        )
        return self._issue(builder, ExtendedKeyUsageOID.SERVER_AUTH)

    def issue_client(self, name: str) -> KeyPair:
        """A certificate that the server's mutual port accepts."""
        return self._issue(self._start(name), ExtendedKeyUsageOID.CLIENT_AUTH)

    def _start(self, name: str) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(self._certificate.subject)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(self._certificate.not_valid_after_utc)
        )

    def _issue(self, builder: x509.CertificateBuilder, usage: x509.ObjectIdentifier) -> KeyPair:
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            builder.public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        return KeyPair(_private_pem(key), made.public_bytes(serialization.Encoding.PEM))


def load_authority(folder: Path, clock: Clock = SYSTEM_CLOCK) -> OutsideAuthority:
    """The authority kept in `folder`; a new one when there is none, or when it is about to expire."""
    key_file, certificate_file = folder / "ca.key", folder / CA_FILE
    if key_file.exists() and certificate_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        lasts = certificate.not_valid_after_utc - clock.now() > _RENEWED
        if isinstance(key, ec.EllipticCurvePrivateKey) and lasts:
            return OutsideAuthority(key, certificate, clock)
    return _make_authority(folder, clock)


def _make_authority(folder: Path, clock: Clock) -> OutsideAuthority:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = _name("Convoy outside root"), clock.now()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFE)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signs_certificates(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    authority = OutsideAuthority(key, certificate, clock)
    write_secret_file(folder / "ca.key", _private_pem(key))
    write_secret_file(folder / CA_FILE, authority.certificate)
    return authority


def _signs_certificates() -> x509.KeyUsage:
    uses = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**uses, key_cert_sign=True, crl_sign=True)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
