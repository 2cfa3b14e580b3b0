"""Whether PEM is what it should be: a chain and its key, roots, a revocation list.

As strict as the Envoy that will read it, so that what it would refuse is told in words and kept from it. No
message says anything of a key but what is wrong with its form.
"""

from datetime import datetime
from functools import lru_cache

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from convoy.kit.secrets import SecretBytes

# What BoringSSL in Envoy takes for a server's own certificate.
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_SMALLEST_RSA_KEY = 2048
_REMEMBERED = 256


class PairReading(msgspec.Struct, frozen=True):
    """`fault` says what is wrong, with `{chain}` and `{key}` for the names of the two; empty: nothing is."""

    fault: str = ""
    is_mismatch: bool = False
    expires: datetime | None = None


@lru_cache(maxsize=_REMEMBERED)
def read_pair(chain: bytes, key: SecretBytes) -> PairReading:
    """Look at a certificate chain, leaf first, and a private key."""
    try:
        leaf, *_ = x509.load_pem_x509_certificates(chain)
        public = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return PairReading("{chain} is no certificate in PEM form.")
    try:
        private = serialization.load_pem_private_key(key.reveal(), None)
    except TypeError:
        return PairReading("{key} is encrypted.")
    except (ValueError, UnsupportedAlgorithm):
        return PairReading("{key} is no private key in PEM form.")
    fault = _weakness(public)
    if fault:
        return PairReading(fault)
    if private.public_key() != public:
        return PairReading("{key} does not belong to the certificate in {chain}.", is_mismatch=True)
    return PairReading(expires=leaf.not_valid_after_utc)


@lru_cache(maxsize=_REMEMBERED)
def is_bundle(pem: bytes) -> bool:
    """Whether this is one certificate or several."""
    try:
        return bool(x509.load_pem_x509_certificates(pem))
    except ValueError:
        return False


@lru_cache(maxsize=_REMEMBERED)
def is_revocation_list(pem: bytes) -> bool:
    """Whether this is a certificate revocation list."""
    try:
        x509.load_pem_x509_crl(pem)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _weakness(public: object) -> str:
    if isinstance(public, rsa.RSAPublicKey):
        is_large = public.key_size >= _SMALLEST_RSA_KEY
        return "" if is_large else f"The RSA key of {{chain}} has fewer than {_SMALLEST_RSA_KEY} bits."
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, _CURVES):
        return ""
    return (
        "{chain} has a key of a kind that Envoy does not take: use RSA, or ECDSA over P-256, P-384 or P-521."
    )
