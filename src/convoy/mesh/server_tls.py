"""How a gateway's server ends TLS: its certificates, whom it believes, and which TLS it speaks.

Credentials are those of the namespace in which the gateway's pods run, wherever the Gateway was written. A
server whose credentials cannot be used is not opened: half of what its Gateway asks for would be less than
nothing.
"""

import re
from collections.abc import Iterator

import msgspec

from convoy.api import codes
from convoy.api.istio.common import TlsProtocol
from convoy.api.istio.gateway import ServerTlsMode, ServerTlsSettings
from convoy.api.paths import quote
from convoy.api.validation.server_tls import CIPHERS, CURVES
from convoy.mesh.credentials import CredentialFault, Credentials
from convoy.mesh.model import (
    ClientProof,
    Credential,
    CredentialKey,
    KeyFiles,
    KeyPairRef,
    ServerTls,
    TrustFiles,
    TrustRef,
)

# What expressions of BoringSSL may name beside single suites. A name that it does not know would make Envoy
# refuse the listener, so lists are cut down to what it does.
_GROUPS = frozenset(
    (
        "ALL",
        "ECDHE",
        "RSA",
        "ECDSA",
        "AES",
        "AES128",
        "AES256",
        "AESGCM",
        "CHACHA20",
        "SHA",
        "SHA1",
        "3DES",
        "HIGH",
    )
)
_SIGNS = "!-+"
_PUBLIC_KEY_PIN = re.compile(r"[A-Za-z0-9+/]{43}=")
_CERTIFICATE_PIN = re.compile(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}")

_VERSIONS = (TlsProtocol.TLSV1_0, TlsProtocol.TLSV1_1, TlsProtocol.TLSV1_2, TlsProtocol.TLSV1_3)
_OLDEST = TlsProtocol.TLSV1_2
_CLIENTS = {
    ServerTlsMode.MUTUAL: ClientProof.REQUIRED,
    ServerTlsMode.ISTIO_MUTUAL: ClientProof.REQUIRED,
    ServerTlsMode.OPTIONAL_MUTUAL: ClientProof.OPTIONAL,
}


class OpenedTls(msgspec.Struct, frozen=True):
    """What a server does, and the credentials that its proxies need for it."""

    tls: ServerTls
    credentials: tuple[Credential, ...]


class HeldBackTls(msgspec.Struct, frozen=True):
    """Why a server is not opened; `field` is the one within `tls` that leads there."""

    field: str
    fault: CredentialFault


def open_tls(
    written: ServerTlsSettings, credentials: Credentials, *, namespace: str, trust_domains: tuple[str, ...]
) -> OpenedTls | HeldBackTls:
    """How gateways of a namespace open the TLS of a server whose mode says that they do."""
    plain = _without_credentials(written)
    bad_pin = next(_bad_pins(written), None)
    if bad_pin:
        return bad_pin
    if written.mode is ServerTlsMode.ISTIO_MUTUAL:
        return OpenedTls(msgspec.structs.replace(plain, trust_domains=trust_domains), ())
    pairs = tuple(_key_pairs(written, namespace))
    if not pairs:
        return HeldBackTls("", _no_certificate())
    found: list[Credential] = []
    for field, pair in pairs:
        credential = credentials.find_pair(pair)
        if isinstance(credential, CredentialFault):
            return HeldBackTls(field, credential)
        found.append(credential)
    opened = msgspec.structs.replace(plain, key_pairs=tuple(pair for _, pair in pairs))
    if opened.client is ClientProof.NONE:
        return OpenedTls(opened, tuple(found))
    return _with_trust(written, opened, found, credentials=credentials, namespace=namespace)


def _with_trust(
    written: ServerTlsSettings,
    opened: ServerTls,
    found: list[Credential],
    *,
    credentials: Credentials,
    namespace: str,
) -> OpenedTls | HeldBackTls:
    field, trust = _trust(written, credentials, namespace)
    credential = credentials.find_roots(trust) if trust else _no_roots()
    if not isinstance(credential, CredentialFault):
        return OpenedTls(msgspec.structs.replace(opened, trust=trust), (*found, credential))
    # Who takes any client's certificate need not know whose it is.
    return OpenedTls(opened, tuple(found)) if opened.accepts_untrusted else HeldBackTls(field, credential)


def _without_credentials(written: ServerTlsSettings) -> ServerTls:
    oldest, newest = _versions(written)
    return ServerTls(
        client=_CLIENTS.get(written.mode, ClientProof.NONE),
        subject_alt_names=tuple(dict.fromkeys(written.subject_alt_names)),
        public_key_pins=tuple(dict.fromkeys(written.verify_certificate_spki)),
        certificate_pins=tuple(dict.fromkeys(written.verify_certificate_hash)),
        accepts_untrusted=bool(written.insecure_skip_verify),
        min_version=oldest,
        max_version=newest,
        cipher_suites=_cipher_suites(written.cipher_suites),
        curves=tuple(name for name in dict.fromkeys(written.ecdh_curves) if name in CURVES),
    )


def _bad_pins(written: ServerTlsSettings) -> Iterator[HeldBackTls]:
    """Pins that no certificate can have; Envoy would refuse the listener with all its servers."""
    for index, pin in enumerate(written.verify_certificate_spki):
        if not _PUBLIC_KEY_PIN.fullmatch(pin):
            yield _bad_pin(f"verifyCertificateSpki[{index}]", pin, "a SHA-256 in base64")
    for index, pin in enumerate(written.verify_certificate_hash):
        if not _CERTIFICATE_PIN.fullmatch(pin):
            yield _bad_pin(f"verifyCertificateHash[{index}]", pin, "a SHA-256 in hexadecimal")


def _bad_pin(field: str, pin: str, wanted: str) -> HeldBackTls:
    message = f"{quote(pin)} is not {wanted}, so no client could have it."
    return HeldBackTls(field, CredentialFault(codes.CREDENTIAL_UNUSABLE, message, "Correct it."))


def _versions(written: ServerTlsSettings) -> tuple[str, str]:
    newest = written.max_protocol_version
    top = newest if newest in _VERSIONS else None
    oldest = written.min_protocol_version
    if oldest not in _VERSIONS:
        # Who only says that nothing newer is wanted wants something.
        oldest = top if top and _VERSIONS.index(top) < _VERSIONS.index(_OLDEST) else _OLDEST
    return str(oldest), str(top or "")


def _cipher_suites(written: list[str]) -> tuple[str, ...]:
    known = tuple(filter(_is_known, dict.fromkeys(written)))
    # What only takes away would leave nothing.
    return known if any(suite[0] not in _SIGNS for suite in known) else ()


def _is_known(suite: str) -> bool:
    """Whether BoringSSL knows a cipher suite, or all of an expression such as `[A|B]` or `-SHA`."""
    names = re.split(r"[|+]", suite.lstrip(_SIGNS).removeprefix("[").removesuffix("]"))
    return all(name in CIPHERS or name in _GROUPS for name in names)


def _key_pairs(written: ServerTlsSettings, namespace: str) -> Iterator[tuple[str, KeyPairRef]]:
    if written.credential_names:
        for index, name in enumerate(written.credential_names):
            yield f"credentialNames[{index}]", CredentialKey(namespace, name)
    elif written.credential_name:
        yield "credentialName", CredentialKey(namespace, written.credential_name)
    elif written.tls_certificates:
        for index, pair in enumerate(written.tls_certificates):
            yield f"tlsCertificates[{index}]", KeyFiles(pair.server_certificate, pair.private_key)
    elif written.server_certificate and written.private_key:
        yield "serverCertificate", KeyFiles(written.server_certificate, written.private_key)


def _trust(
    written: ServerTlsSettings, credentials: Credentials, namespace: str
) -> tuple[str, TrustRef | None]:
    if written.ca_cert_credential_name:
        return "caCertCredentialName", credentials.trust_key(namespace, written.ca_cert_credential_name)
    if written.ca_certificates:
        return "caCertificates", TrustFiles(written.ca_certificates, written.ca_crl)
    names = written.credential_names or [written.credential_name]
    if names[0]:
        keys = [CredentialKey(namespace, name) for name in names]
        holds = (key for key in keys if not isinstance(credentials.find_trust(key), CredentialFault))
        field = "credentialNames[0]" if written.credential_names else "credentialName"
        return field, next(holds, keys[0])
    roots = next((pair.ca_certificates for pair in written.tls_certificates if pair.ca_certificates), "")
    return "caCertificates", TrustFiles(roots, written.ca_crl) if roots else None


def _no_certificate() -> CredentialFault:
    return CredentialFault(
        codes.CREDENTIAL_NOT_FOUND,
        "The server names no certificate.",
        "Set credentialName, or serverCertificate and privateKey.",
    )


def _no_roots() -> CredentialFault:
    return CredentialFault(
        codes.CREDENTIAL_NOT_FOUND,
        "The server names nothing to believe its clients by.",
        "Set caCertCredentialName or caCertificates.",
    )
