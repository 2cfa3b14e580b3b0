"""The API server's own certificate authority and serving certificate, kept in the cluster's folder.

The authority is made once, so that a kubeconfig stays good over restarts. The serving certificate is made
anew when it lacks a name, when it nears its end, or when the authority did not make it.
"""

import ipaddress
import ssl
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from convoy.cluster.tokens import write_secret_file
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.tls import load_key_pair

_CA_LIFE = timedelta(days=3650)
_LIFE = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)
_BACKDATE = timedelta(minutes=5)  # clocks differ a little
ALWAYS_NAMED = (
    "localhost",
    "127.0.0.1",
    "::1",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)


class ServingCertificates:
    """One cluster's authority and serving certificate; `folder` holds four files, closed to others."""

    def __init__(self, folder: Path, *, cluster: str, clock: Clock = SYSTEM_CLOCK) -> None:
        self._folder = folder
        self._cluster = cluster
        self._clock = clock

    def context(self, addresses: Sequence[str] = ()) -> ssl.SSLContext:
        """The server's TLS context, good for the usual names and for these addresses or names."""
        wanted = [*ALWAYS_NAMED, *addresses]
        key_path, chain_path = self._folder / "apiserver.key", self._folder / "apiserver.pem"
        if not self._is_good(key_path, chain_path, wanted):
            self._make(key_path, chain_path, wanted)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        load_key_pair(context, key_path.read_bytes(), chain_path.read_bytes())
        return context

    def authority(self) -> bytes:
        """The authority's certificate in PEM, for clients; made if there is none."""
        self._load_authority()
        return (self._folder / "ca.pem").read_bytes()

    def _load_authority(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        key_path, path = self._folder / "ca.key", self._folder / "ca.pem"
        if not key_path.exists() or not path.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            write_secret_file(key_path, _key_pem(key))
            write_secret_file(path, self._self_signed(key).public_bytes(serialization.Encoding.PEM))
        loaded = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{key_path} does not hold an elliptic curve key")
        return loaded, x509.load_pem_x509_certificate(path.read_bytes())

    def _self_signed(self, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        name = _name(f"{self._cluster} API server CA")
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True,
            content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False,
        )  # fmt: skip
        return (
            self._builder(name, name, key.public_key(), _CA_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, life: timedelta
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return x509.CertificateBuilder(
            issuer, subject, key, x509.random_serial_number(), now - _BACKDATE, now + life
        )

    def _make(self, key_path: Path, chain_path: Path, wanted: Sequence[str]) -> None:
        ca_key, ca = self._load_authority()
        key = ec.generate_private_key(ec.SECP256R1())
        authority_key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        certificate = (
            self._builder(_name("kube-apiserver"), ca.subject, key.public_key(), _LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([_alternative(text) for text in wanted]), critical=False
            )
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(authority_key_id, critical=False)
            .sign(ca_key, hashes.SHA256())
        )
        write_secret_file(key_path, _key_pem(key))
        write_secret_file(chain_path, certificate.public_bytes(serialization.Encoding.PEM))

    def _is_good(self, key_path: Path, chain_path: Path, wanted: Sequence[str]) -> bool:
        if not key_path.exists() or not chain_path.exists():
            return False
        try:
            certificate = x509.load_pem_x509_certificate(chain_path.read_bytes())
            key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
            certificate.verify_directly_issued_by(self._load_authority()[1])
        except (ValueError, TypeError, InvalidSignature):
            return False
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        has_names = {_alternative(text) for text in wanted} <= set(names)
        is_fresh = certificate.not_valid_after_utc - self._clock.now() > _RENEW_BEFORE
        return has_names and is_fresh and key.public_key() == certificate.public_key()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _alternative(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
