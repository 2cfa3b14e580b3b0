"""Throw-away authorities and certificates for tests of mutual TLS."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from convoy.kit.secrets import SecretBytes
from convoy.xds.server.security import CertificateBundle

OwnKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


class Issued(NamedTuple):
    """A key and its chain, PEM."""

    key_pem: bytes
    chain_pem: bytes


class Authority:
    """A self-signed root that issues certificates for SPIFFE IDs and DNS names."""

    def __init__(self, name: str = "root") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(self._name, self._name, self._key).add_extension(constraints, critical=True)
        self._root = builder.sign(self._key, hashes.SHA256())
        self.root_pem = self._root.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        *,
        spiffe: tuple[str, ...] = (),
        dns: tuple[str, ...] = (),
        is_rsa: bool = False,
        age: timedelta = timedelta(),
    ) -> Issued:
        """A certificate for an hour, of which `age` has passed already."""
        key = rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP256R1())
        return self.certify(key, spiffe=spiffe, dns=dns, age=age)

    def certify(
        self,
        key: OwnKey,
        *,
        spiffe: tuple[str, ...] = (),
        dns: tuple[str, ...] = (),
        age: timedelta = timedelta(),
    ) -> Issued:
        """The same for a key of the caller's."""
        names = [x509.UniformResourceIdentifier(uri) for uri in spiffe] + [x509.DNSName(n) for n in dns]
        builder = _builder(x509.Name([]), self._name, key, age=age)
        certificate = builder.add_extension(x509.SubjectAlternativeName(names), critical=True).sign(
            self._key, hashes.SHA256()
        )
        return Issued(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
            certificate.public_bytes(serialization.Encoding.PEM),
        )

    def revoke(self, *issued: Issued) -> bytes:
        """A revocation list with these certificates, PEM."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        builder = builder.last_update(now - timedelta(minutes=5)).next_update(now + timedelta(hours=1))
        for each in issued:
            serial = x509.load_pem_x509_certificate(each.chain_pem).serial_number
            revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def server_bundle(self) -> CertificateBundle:
        """What an ADS server on `localhost` proves itself with."""
        issued = self.issue(dns=("localhost",))
        return CertificateBundle(SecretBytes(issued.key_pem), issued.chain_pem, self.root_pem)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: OwnKey,
    *,
    age: timedelta = timedelta(),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
    )
