"""Sign: turn prepared content into a certificate.

The one place that uses a CA's private key. It adds the key identifiers and the signature and decides nothing.
"""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from convoy.ca.content import CertificateContent
from convoy.ca.keys import CaPrivateKey, PublicKey


def sign(content: CertificateContent, public_key: PublicKey, signer: CaPrivateKey) -> x509.Certificate:
    """The certificate that says `content` about `public_key`, signed by `signer` (SHA-256)."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(content.subject)
        .issuer_name(content.issuer)
        .public_key(public_key)
        .serial_number(content.serial)
        .not_valid_before(content.not_before)
        .not_valid_after(content.not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(_authority(content, signer), critical=False)
        .add_extension(
            x509.BasicConstraints(ca=content.path_length is not None, path_length=content.path_length),
            critical=True,
        )
        .add_extension(_key_usage(is_ca=content.path_length is not None), critical=True)
    )
    for extension, critical in _leaf_extensions(content):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer, hashes.SHA256())


def _authority(content: CertificateContent, signer: CaPrivateKey) -> x509.AuthorityKeyIdentifier:
    if content.issuer_key_id:
        return x509.AuthorityKeyIdentifier(content.issuer_key_id, None, None)
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())


def _leaf_extensions(content: CertificateContent) -> list[tuple[x509.ExtensionType, bool]]:
    if not content.uri:
        return []
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(content.uri)]
    names += [x509.DNSName(name) for name in content.dns_names]
    return [
        (x509.ExtendedKeyUsage(usages), False),
        # RFC 5280, 4.2.1.6: a SAN that stands in for an empty subject is critical.
        (x509.SubjectAlternativeName(names), not list(content.subject)),
    ]


def _key_usage(*, is_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
