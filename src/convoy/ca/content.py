"""Prepare: decide what a certificate will say, without a private key in reach.

Every function here is pure: times, serial numbers and identities come in as values, and the to-be-signed
content goes out as a struct. `signing.py` turns that struct into a certificate and decides nothing.

Profiles: roots and intermediates per RFC 5280 (BasicConstraints critical, KeyUsage critical, SKI and AKI);
workloads per the SPIFFE X.509-SVID specification (exactly one URI SAN; the SAN is critical because the
subject is empty; digitalSignature; client and server authentication). notBefore lies two minutes in the past,
so that a peer whose clock is a little behind accepts a fresh certificate.
"""

from datetime import datetime, timedelta

import msgspec
from cryptography import x509

from convoy.ca.errors import IssuerError
from convoy.ca.identity import Identity

BACK_DATED = timedelta(minutes=2)
ROOT_LIFETIME = timedelta(days=3650)
INTERMEDIATE_LIFETIME = timedelta(days=730)
DEFAULT_WORKLOAD_TTL = timedelta(hours=24)
MAX_WORKLOAD_TTL = timedelta(hours=24)
MIN_WORKLOAD_TTL = timedelta(seconds=1)


class IssuerFacts(msgspec.Struct, frozen=True):
    """What the content of a certificate depends on, of the one that will sign it."""

    subject: x509.Name
    key_id: bytes
    """Its subject key identifier, which others may have chosen otherwise than we do."""
    not_before: datetime
    not_after: datetime


class CertificateContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a certificate will say, apart from its own key. Times are in UTC, whole seconds."""

    subject: x509.Name
    issuer: x509.Name
    issuer_key_id: bytes = b""
    """Empty for a root, which identifies its issuer by its own key."""
    serial: int
    not_before: datetime
    not_after: datetime
    uri: str = ""
    """The SPIFFE ID; exactly one, or none for a CA."""
    dns_names: tuple[str, ...] = ()
    path_length: int | None = None
    """For a CA how many CAs may follow it; None means that this is no CA."""


def prepare_root(*, serial: int, now: datetime) -> CertificateContent:
    """A self-issued root under which one level of intermediates may stand."""
    subject = _ca_name("Convoy root")
    return CertificateContent(
        subject=subject,
        issuer=subject,
        serial=serial,
        not_before=_back_dated(now),
        not_after=now.replace(microsecond=0) + ROOT_LIFETIME,
        path_length=1,
    )


def prepare_intermediate(
    issuer: IssuerFacts, cluster_id: str, *, serial: int, now: datetime
) -> CertificateContent:
    """One cluster's intermediate, which may sign workloads only."""
    return CertificateContent(
        subject=_ca_name(f"Convoy intermediate {cluster_id}"[:64]),
        issuer=issuer.subject,
        issuer_key_id=issuer.key_id,
        serial=serial,
        not_before=max(_back_dated(now), issuer.not_before),
        not_after=_bounded(now, INTERMEDIATE_LIFETIME, issuer),
        path_length=0,
    )


def prepare_workload(
    issuer: IssuerFacts,
    identity: Identity,
    *,
    serial: int,
    now: datetime,
    ttl: timedelta | None = None,
    dns_names: tuple[str, ...] = (),
) -> CertificateContent:
    """An X.509-SVID for a proven identity.

    The lifetime is `ttl` (24 h when None), at least 1 s, at most 24 h, and never longer than the issuer's.
    `dns_names` is for the control plane's own server certificate. IssuerError when the issuer has expired.
    """
    lifetime = min(max(DEFAULT_WORKLOAD_TTL if ttl is None else ttl, MIN_WORKLOAD_TTL), MAX_WORKLOAD_TTL)
    return CertificateContent(
        subject=x509.Name([]),
        issuer=issuer.subject,
        issuer_key_id=issuer.key_id,
        serial=serial,
        not_before=max(_back_dated(now), issuer.not_before),
        not_after=_bounded(now, lifetime, issuer),
        uri=identity.spiffe_id,
        dns_names=dns_names,
    )


def _back_dated(now: datetime) -> datetime:
    return now.replace(microsecond=0) - BACK_DATED


def _bounded(now: datetime, lifetime: timedelta, issuer: IssuerFacts) -> datetime:
    if issuer.not_after <= now:
        raise IssuerError(f"The CA certificate expired at {issuer.not_after:%Y-%m-%d %H:%M:%S} UTC.")
    # Certificates count whole seconds. Rounding up keeps a lifetime of a second from shrinking to nothing.
    ends = now + lifetime
    if ends.microsecond:
        ends = ends.replace(microsecond=0) + timedelta(seconds=1)
    return min(ends, issuer.not_after)


def _ca_name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Convoy"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
        ]
    )
