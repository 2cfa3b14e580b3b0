"""How a server ends TLS that is not the mesh's own: a gateway's, or a sidecar's ingress listener."""

import enum

from convoy.mesh.model.base import Part
from convoy.mesh.model.credentials import KeyPairRef, TrustRef


class ClientProof(enum.StrEnum):
    """Whether clients have to prove who they are."""

    NONE = "NONE"
    OPTIONAL = "OPTIONAL"
    """Who shows a certificate must show a good one."""
    REQUIRED = "REQUIRED"


class ServerTls(Part, frozen=True, cache_hash=True):
    """How a proxy ends TLS. Without key pairs it proves the proxy's own identity in the mesh."""

    key_pairs: tuple[KeyPairRef, ...] = ()
    client: ClientProof = ClientProof.NONE
    trust: TrustRef | None = None
    """By what clients are believed; None with `client` other than NONE: see `trust_domains`."""
    trust_domains: tuple[str, ...] = ()
    """Clients prove an identity of one of these, by the mesh's roots."""
    subject_alt_names: tuple[str, ...] = ()
    public_key_pins: tuple[str, ...] = ()
    """SHA-256 of the client's public key, base64."""
    certificate_pins: tuple[str, ...] = ()
    """SHA-256 of the client's certificate, hexadecimal."""
    accepts_untrusted: bool = False
    min_version: str = "TLSV1_2"
    max_version: str = ""
    """As in the API; empty: what Envoy takes."""
    cipher_suites: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
