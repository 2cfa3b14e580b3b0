"""TLS at a listener, of Gateways and of Sidecars' ingress listeners."""

from convoy.api import codes
from convoy.api.istio.common import TlsProtocol
from convoy.api.istio.gateway import ServerTlsMode, ServerTlsSettings
from convoy.api.paths import item_path, quote
from convoy.api.validation.finding import Findings

# What BoringSSL knows without pre-shared keys.
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
)
CURVES = ("X25519MLKEM768", "X25519", "P-256", "P-384", "P-521")
TERMINATING = (ServerTlsMode.SIMPLE, ServerTlsMode.MUTUAL, ServerTlsMode.OPTIONAL_MUTUAL)
_PASSING = (ServerTlsMode.PASSTHROUGH, ServerTlsMode.AUTO_PASSTHROUGH)
_OLD = (TlsProtocol.TLSV1_0, TlsProtocol.TLSV1_1)
_MOST_CERTIFICATES = 2  # one RSA, one ECDSA


def check_server_tls(path: str, tls: ServerTlsSettings, found: Findings) -> None:
    """Certificates, from where, and what goes with which mode."""
    _check_ciphers(path, tls, found)
    _check_curves(path, tls, found)
    if tls.min_protocol_version in _OLD and not tls.cipher_suites:
        message = (
            f"{tls.min_protocol_version} needs old ciphers, which are off unless cipherSuites lists them."
        )
        found.add(codes.NO_EFFECT, f"{path}.minProtocolVersion", message, "Use TLSV1_2, or list ciphers.")
    given = [name for name, value in _material(tls).items() if value]
    if tls.mode is ServerTlsMode.ISTIO_MUTUAL:
        for name in given:
            message = "has no place with ISTIO_MUTUAL, which uses the mesh's own certificates."
            found.add(codes.CONFLICT, f"{path}.{name}", message, "Remove it, or use MUTUAL.")
        return
    if tls.mode in _PASSING and (given or tls.ca_crl):
        message = f"{tls.mode} does not look into connections, so certificates are not used."
        found.add(codes.NO_EFFECT, path, message, "Remove them, or use another mode.")
    _check_sources(path, tls, found)
    if tls.mode in TERMINATING and not (tls.credential_name or tls.credential_names):
        _check_files(path, tls, found)
    if tls.ca_crl:
        _check_revocation(f"{path}.caCrl", tls, found)


def _material(tls: ServerTlsSettings) -> dict[str, object]:
    return {
        "serverCertificate": tls.server_certificate,
        "privateKey": tls.private_key,
        "caCertificates": tls.ca_certificates,
        "tlsCertificates": tls.tls_certificates,
        "credentialName": tls.credential_name,
        "credentialNames": tls.credential_names,
    }


def _check_ciphers(path: str, tls: ServerTlsSettings, found: Findings) -> None:
    for i, cipher in enumerate(tls.cipher_suites):
        here = item_path(f"{path}.cipherSuites", i)
        # Words with signs in front are expressions of BoringSSL.
        if cipher and cipher != "ALL" and cipher[0].isalnum() and cipher not in CIPHERS:
            message = f"{quote(cipher)} is not known, so it is ignored."
            found.add(codes.NO_EFFECT, here, message, f"Known: {', '.join(CIPHERS)}.")
        elif cipher in tls.cipher_suites[:i]:
            found.add(codes.NO_EFFECT, here, f"{quote(cipher)} is listed before.", "Remove one of them.")


def _check_curves(path: str, tls: ServerTlsSettings, found: Findings) -> None:
    for i, curve in enumerate(tls.ecdh_curves):
        if curve not in CURVES:
            here = item_path(f"{path}.ecdhCurves", i)
            message = f"{quote(curve)} is not known, so it is ignored."
            found.add(codes.NO_EFFECT, here, message, f"Known: {', '.join(CURVES)}.")


def _check_sources(path: str, tls: ServerTlsSettings, found: Findings) -> None:
    sources = {
        "serverCertificate": tls.server_certificate and tls.private_key,
        "credentialName": tls.credential_name,
        "credentialNames": tls.credential_names,
        "tlsCertificates": tls.tls_certificates,
    }
    given = [name for name, value in sources.items() if value]
    if len(given) > 1:
        found.add(codes.CONFLICT, path, f"{' and '.join(given)} exclude each other.", "Keep one of them.")
    for name, entries in (
        ("credentialNames", tls.credential_names),
        ("tlsCertificates", tls.tls_certificates),
    ):
        if len(entries) > _MOST_CERTIFICATES:
            message = f"has {len(entries)} certificates, but a server can have {_MOST_CERTIFICATES}."
            found.add(codes.BAD_NUMBER, f"{path}.{name}", message, "Use one with RSA and one with ECDSA.")


def _check_files(path: str, tls: ServerTlsSettings, found: Findings) -> None:
    has_roots = tls.ca_certificates or any(each.ca_certificates for each in tls.tls_certificates)
    if tls.mode is not ServerTlsMode.SIMPLE and not has_roots and not tls.ca_cert_credential_name:
        message = f"is required for {tls.mode} without credentialName, but missing."
        found.add(codes.MISSING_FIELD, f"{path}.caCertificates", message, "Say who signs the clients' ones.")
    pairs = [(path, tls.server_certificate, tls.private_key)]
    if tls.tls_certificates:
        pairs = [
            (item_path(f"{path}.tlsCertificates", i), each.server_certificate, each.private_key)
            for i, each in enumerate(tls.tls_certificates)
        ]
    for here, certificate, key in pairs:
        for name, value in (("serverCertificate", certificate), ("privateKey", key)):
            if not value:
                message = f"is required for {tls.mode} without credentialName, but missing."
                found.add(codes.MISSING_FIELD, f"{here}.{name}", message, "Add it, or credentialName.")


def _check_revocation(path: str, tls: ServerTlsSettings, found: Findings) -> None:
    if tls.credential_name:
        message = "does not go with credentialName."
        found.add(codes.CONFLICT, path, message, 'Put the list into the Secret, as "ca.crl".')
    if tls.mode is ServerTlsMode.SIMPLE:
        message = "does not go with SIMPLE, which asks clients for no certificate."
        found.add(codes.CONFLICT, path, message, "Use MUTUAL, or remove it.")
