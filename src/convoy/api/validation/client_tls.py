"""TLS towards a destination."""

from convoy.api import codes
from convoy.api.istio.destination_rule import ClientTlsMode, ClientTlsSettings
from convoy.api.paths import item_path
from convoy.api.validation.finding import Findings

_LONGEST_SNI = 255  # Envoy's limit
_FROM_FILES = ("clientCertificate", "privateKey", "caCertificates", "caCrl")


def check_client_tls(path: str, tls: ClientTlsSettings, found: Findings) -> None:
    """Certificates from files or from a Secret, and what goes with skipping their check."""
    files = (tls.client_certificate, tls.private_key, tls.ca_certificates, tls.ca_crl)
    given = [name for name, value in zip(_FROM_FILES, files, strict=True) if value]
    originates = tls.mode in (ClientTlsMode.SIMPLE, ClientTlsMode.MUTUAL)
    if originates and tls.credential_name:
        for name in given:
            message = "comes from a file, but credentialName is set."
            found.add(codes.CONFLICT, f"{path}.{name}", message, "Keep one of them.")
    elif tls.mode is ClientTlsMode.MUTUAL:
        for name in ("clientCertificate", "privateKey"):
            if name not in given:
                message = "is required for MUTUAL without credentialName, but missing."
                found.add(codes.MISSING_FIELD, f"{path}.{name}", message, "Add it, or credentialName.")
    if originates and tls.insecure_skip_verify:
        _check_unverified(path, tls, found)
    for i, name in enumerate(tls.subject_alt_names):
        here = item_path(f"{path}.subjectAltNames", i)
        found.check_not_empty(here, name, "Remove it, or say the name.")
    if len(tls.sni) > _LONGEST_SNI:
        message = f"is longer than {_LONGEST_SNI} characters."
        found.add(codes.BAD_HOST, f"{path}.sni", message, "Shorten it.")


def _check_unverified(path: str, tls: ClientTlsSettings, found: Findings) -> None:
    checks = {"caCertificates": bool(tls.ca_certificates), "subjectAltNames": bool(tls.subject_alt_names)}
    if tls.mode is ClientTlsMode.SIMPLE:
        checks["credentialName"] = bool(tls.credential_name)
    for name, is_set in checks.items():
        if is_set:
            message = "says what to check, but insecureSkipVerify leaves the check out."
            found.add(codes.CONFLICT, f"{path}.{name}", message, "Remove one of them.")
