"""Private keys, signing requests and PEM text.

Used by both ends: the agent makes a key and a request, the CA checks the request. What a request says about
names is never read: only its public key, and the proof that the sender has the private half.
"""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from convoy.ca.errors import CsrError
from convoy.kit.secrets import SecretBytes

MAX_CSR_BYTES = 16 * 1024
_PEM_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
CaPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh ECDSA P-256 key: what every Envoy accepts for servers."""
    return ec.generate_private_key(ec.SECP256R1())


def key_to_pem(key: CaPrivateKey) -> SecretBytes:
    """PKCS #8, not encrypted."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SecretBytes(pem)


def build_csr(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A PEM signing request that names nobody: the identity comes from the token beside it."""
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def parse_csr_key(csr_pem: bytes) -> PublicKey:
    """The public key of a PEM signing request, once the request's signature and the key are found acceptable.

    CsrError otherwise. EC keys on P-256 and P-384 and RSA keys of 2048 to 4096 bits are accepted.
    """
    if len(csr_pem) > MAX_CSR_BYTES:
        raise CsrError(f"The signing request has {len(csr_pem)} bytes; at most {MAX_CSR_BYTES} are read.")
    try:
        request = x509.load_pem_x509_csr(csr_pem)
        signed = request.is_signature_valid
        key = request.public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CsrError("The signing request is not a PEM PKCS #10 request.") from error
    if not signed:
        raise CsrError("The signature of the signing request does not match its key.")
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, (ec.SECP256R1, ec.SECP384R1)):
        return key
    if isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 4096:
        return key
    raise CsrError("The key of the signing request must be EC P-256 or P-384, or RSA of 2048 to 4096 bits.")


def split_pem(bundle: bytes) -> tuple[bytes, ...]:
    """The certificates of a PEM bundle, each as PEM text that ends in a newline, in order."""
    return tuple(block.rstrip(b"\n") + b"\n" for block in _PEM_CERTIFICATE.findall(bundle))


def certificate_to_pem(certificate: x509.Certificate) -> bytes:
    """One certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)
