"""Whether and how TLS is spoken to an upstream: the mesh's own, that of any server, or none.

Without a word of a rule it is the mesh's, to endpoints that accept it.
"""

from typing import NamedTuple

from convoy.api.istio.common import TlsProtocol
from convoy.api.istio.destination_rule import ClientTlsMode, ClientTlsSettings
from convoy.mesh.identities import accepted_identities
from convoy.mesh.model import (
    Endpoint,
    MeshSettings,
    Resolution,
    Service,
    TlsMode,
    UpstreamKey,
    UpstreamTls,
)
from convoy.mesh.origination import resolve_origination


class Answering(NamedTuple):
    """Who answers for a service port or subset: its endpoints, and the identities they may have."""

    service: Service
    resolution: Resolution
    endpoints: tuple[Endpoint, ...]
    accounts: tuple[str, ...]


def resolve_upstream_tls(
    settings: ClientTlsSettings | None,
    answering: Answering,
    key: UpstreamKey,
    *,
    secrets_of: str,
    mesh: MeshSettings,
) -> UpstreamTls:
    """The TLS of an upstream, by the `tls` block of its policy.

    `secrets_of`: the namespace whose credentials the caller may be given; empty: none.
    """
    if settings and settings.mode in (ClientTlsMode.SIMPLE, ClientTlsMode.MUTUAL):
        stated = answering.service.subject_alt_names
        return resolve_origination(settings, stated=stated, namespace=secrets_of)
    mode = _mode(settings, answering, mesh)
    if mode is TlsMode.DISABLE:
        return UpstreamTls(mode)
    accepted = accepted_identities(
        answering.service,
        stated=tuple(sorted(set(settings.subject_alt_names))) if settings else (),
        accounts=answering.accounts,
        trust_domain=mesh.trust_domain,
    )
    stated_sni = settings.sni if settings else ""
    sni = stated_sni or sni_of(key.hostname, port=key.port, subset=key.subset)
    return UpstreamTls(mode, sni, accepted.identities, accepted.prefixes, oldest=oldest_tls(mesh))


def speaks_mesh_tls(tls: UpstreamTls) -> bool:
    """Whether some endpoint is spoken to with the mesh's identities."""
    return tls.mode in (TlsMode.AUTO, TlsMode.MUTUAL)


def oldest_tls(settings: MeshSettings) -> str:
    """The oldest TLS that workloads of the mesh speak with each other; empty: 1.2."""
    oldest = settings.min_tls_version
    return oldest if oldest is TlsProtocol.TLSV1_3 else ""


def sni_of(host: str, *, port: int, subset: str) -> str:
    """The SNI by which a gateway knows an upstream: `outbound_.9080_.v2_.reviews.default.global`."""
    return f"outbound_.{port}_.{subset}_.{host}"


def _mode(settings: ClientTlsSettings | None, answering: Answering, mesh: MeshSettings) -> TlsMode:
    service, resolution, endpoints, _ = answering
    if settings:
        return TlsMode.DISABLE if settings.mode is ClientTlsMode.DISABLE else TlsMode.MUTUAL
    if service.is_external or not mesh.enable_auto_mtls:
        return TlsMode.DISABLE
    if resolution is Resolution.ORIGINAL_DST:
        # Envoy learns nothing about the endpoint but its address, so one answer must do for all of them.
        if not endpoints and (service.vips or not service.is_kubernetes):
            return TlsMode.DISABLE  # nobody that the mesh knows answers there
        return TlsMode.MUTUAL if all(endpoint.accepts_mtls for endpoint in endpoints) else TlsMode.DISABLE
    return TlsMode.AUTO
