"""Keys and certificates that a proxy is given to prove itself with, or to believe its peers by.

A part that uses one names it by a reference; the content stands apart, so a renewed certificate changes
nothing but itself. Private keys are wrapped: they show nowhere that a part is printed.
"""

from convoy.kit.secrets import SecretBytes
from convoy.mesh.model.base import Part


class CredentialKey(Part, frozen=True, cache_hash=True, tag=True):
    """Names a Secret or (`is_config_map`) a ConfigMap of the proxy's own namespace."""

    namespace: str
    name: str
    is_config_map: bool = False


class KeyFiles(Part, frozen=True, cache_hash=True, tag=True):
    """A certificate chain and its key as files in the proxy's pod."""

    certificate: str
    key: str


class TrustFiles(Part, frozen=True, cache_hash=True, tag=True):
    """Root certificates, and perhaps a revocation list, as files in the proxy's pod."""

    roots: str
    revoked: str = ""


class KeyPair(Part, frozen=True, cache_hash=True, tag=True):
    """A certificate chain and its key, PEM, that have been seen to belong together."""

    key: CredentialKey
    chain: bytes
    private_key: SecretBytes


class TrustBundle(Part, frozen=True, cache_hash=True, tag=True):
    """Root certificates, and perhaps a revocation list, PEM."""

    key: CredentialKey
    roots: bytes
    revoked: bytes = b""


KeyPairRef = CredentialKey | KeyFiles
TrustRef = CredentialKey | TrustFiles

Credential = KeyPair | TrustBundle | KeyFiles | TrustFiles
"""What a proxy is given; files are named, for the proxy reads them itself."""
