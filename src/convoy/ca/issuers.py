"""The CAs themselves: a certificate, its key, what stands above it, and what it can issue.

A `Root` issues intermediates, an `Intermediate` issues workloads. Both are immutable; files are the
business of `files.py`.
"""

from datetime import timedelta

import msgspec
from cryptography import x509

from convoy.ca import content
from convoy.ca.identity import Identity
from convoy.ca.keys import CaPrivateKey, certificate_to_pem, key_to_pem, new_key, parse_csr_key
from convoy.ca.signing import sign
from convoy.kit.clock import SYSTEM_CLOCK, Clock
from convoy.kit.secrets import SecretBytes

ISTIOD_IDENTITY_NAMESPACE = "istio-system"
ISTIOD_ACCOUNT = "istiod"
ISTIOD_DNS_NAMES = ("istiod.istio-system.svc", "istiod.istio-system.svc.cluster.local")


class IssuerKey:
    """A CA's private key, which is never printed."""

    __slots__ = ("_key",)

    def __init__(self, key: CaPrivateKey) -> None:
        self._key = key

    def reveal(self) -> CaPrivateKey:
        """The key, for signing and for writing its own file."""
        return self._key

    def __repr__(self) -> str:
        return "<secret>"


class Root(msgspec.Struct, frozen=True):
    """A root CA."""

    certificate: x509.Certificate
    key: IssuerKey


class Intermediate(msgspec.Struct, frozen=True):
    """One cluster's CA."""

    certificate: x509.Certificate
    key: IssuerKey
    chain: tuple[x509.Certificate, ...]
    """From this CA upwards to below the root; the first is `certificate`."""
    roots: tuple[x509.Certificate, ...]
    """What the mesh trusts: one root, or several while roots change."""

    @property
    def roots_pem(self) -> tuple[bytes, ...]:
        """The roots, each as PEM."""
        return tuple(certificate_to_pem(root) for root in self.roots)


class WorkloadCertificate(msgspec.Struct, frozen=True):
    """An issued certificate with what a server has to present above it."""

    certificate: x509.Certificate
    chain_pem: tuple[bytes, ...]
    """The certificate, then its intermediates, each as PEM; roots are not part of it."""


class ServerCredentials(msgspec.Struct, frozen=True):
    """Key and chain of the control plane's own server, and the roots to check its clients against."""

    key_pem: SecretBytes
    certificate: WorkloadCertificate
    roots_pem: tuple[bytes, ...]


def new_root(clock: Clock = SYSTEM_CLOCK) -> Root:
    """A fresh self-signed root."""
    key = new_key()
    prepared = content.prepare_root(serial=x509.random_serial_number(), now=clock.now())
    return Root(sign(prepared, key.public_key(), key), IssuerKey(key))


def issue_intermediate(root: Root, cluster_id: str, *, clock: Clock = SYSTEM_CLOCK) -> Intermediate:
    """A fresh intermediate for one cluster, under `root`."""
    key = new_key()
    prepared = content.prepare_intermediate(
        _facts(root.certificate), cluster_id, serial=x509.random_serial_number(), now=clock.now()
    )
    certificate = sign(prepared, key.public_key(), root.key.reveal())
    return Intermediate(certificate, IssuerKey(key), (certificate,), (root.certificate,))


def issue_workload(
    issuer: Intermediate,
    csr_pem: bytes,
    *,
    identity: Identity,
    ttl: timedelta | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> WorkloadCertificate:
    """A certificate for the key of a signing request and a proven identity; the request's names are ignored.

    CsrError when the request is unacceptable, IssuerError when the issuer has expired.
    """
    public_key = parse_csr_key(csr_pem)
    prepared = content.prepare_workload(
        _facts(issuer.certificate), identity, serial=x509.random_serial_number(), now=clock.now(), ttl=ttl
    )
    return _with_chain(issuer, sign(prepared, public_key, issuer.key.reveal()))


def issue_server(
    issuer: Intermediate, trust_domain: str, *, ttl: timedelta | None = None, clock: Clock = SYSTEM_CLOCK
) -> ServerCredentials:
    """Key and certificate for the control plane's own TLS servers: its SPIFFE ID and its DNS names.

    Renewed like a workload's (`rotation.plan_renewal`). IssuerError when the issuer has expired.
    """
    key = new_key()
    prepared = content.prepare_workload(
        _facts(issuer.certificate),
        Identity(trust_domain, ISTIOD_IDENTITY_NAMESPACE, ISTIOD_ACCOUNT),
        serial=x509.random_serial_number(),
        now=clock.now(),
        ttl=ttl,
        dns_names=ISTIOD_DNS_NAMES,
    )
    signed = _with_chain(issuer, sign(prepared, key.public_key(), issuer.key.reveal()))
    return ServerCredentials(key_to_pem(key), signed, issuer.roots_pem)


def _with_chain(issuer: Intermediate, certificate: x509.Certificate) -> WorkloadCertificate:
    return WorkloadCertificate(
        certificate, tuple(certificate_to_pem(each) for each in (certificate, *issuer.chain))
    )


def _facts(certificate: x509.Certificate) -> content.IssuerFacts:
    try:
        key_id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        key_id = b""
    return content.IssuerFacts(
        certificate.subject, key_id, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    )
