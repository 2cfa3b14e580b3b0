"""tls of modes SIMPLE and MUTUAL: what a proxy shows to a server outside the mesh, and whom it believes.

A `credentialName` is a Secret of the proxy's own namespace. It counts at gateways, and at sidecars only where
the rule selects workloads, so that nobody's sidecar gets a key because of where it runs alone. Elsewhere the
block means what it says without the name. Without any roots the system's are trusted.
"""

from convoy.api.istio.destination_rule import ClientTlsMode, ClientTlsSettings
from convoy.mesh.model import (
    CredentialKey,
    KeyFiles,
    Origination,
    TlsMode,
    TrustFiles,
    UpstreamTls,
)

SYSTEM_ROOTS = "/etc/ssl/certs/ca-certificates.crt"
"""Where the proxy's image has the roots that public servers are believed by."""


def resolve_origination(
    settings: ClientTlsSettings, *, stated: tuple[str, ...], namespace: str
) -> UpstreamTls:
    """TLS to servers that do not know the mesh.

    `stated` are the SANs that a ServiceEntry states, for a block without any. `namespace` is where
    credentials are looked up; empty where they do not count.
    """
    credential = credential_key(settings.credential_name, namespace)
    names = tuple(sorted(set(settings.subject_alt_names))) or stated
    is_mutual = settings.mode is ClientTlsMode.MUTUAL
    origination = Origination(
        key_pair=(credential or _key_files(settings)) if is_mutual else None,
        trust=None if settings.insecure_skip_verify else credential or _trust_files(settings),
        names=() if settings.insecure_skip_verify else names,
    )
    return UpstreamTls(TlsMode.ORIGINATE, settings.sni, origination=origination)


def credential_key(name: str, namespace: str) -> CredentialKey | None:
    """What a `credentialName` means to proxies of a namespace; None where it does not count."""
    if not name or not namespace:
        return None
    for scheme, is_config_map in (("kubernetes://", False), ("configmap://", True)):
        if name.startswith(scheme):
            return CredentialKey(namespace, name.removeprefix(scheme), is_config_map)
    return CredentialKey(namespace, name)


def _key_files(settings: ClientTlsSettings) -> KeyFiles | None:
    if settings.client_certificate and settings.private_key:
        return KeyFiles(settings.client_certificate, settings.private_key)
    return None


def _trust_files(settings: ClientTlsSettings) -> TrustFiles:
    return TrustFiles(settings.ca_certificates or SYSTEM_ROOTS, settings.ca_crl)
