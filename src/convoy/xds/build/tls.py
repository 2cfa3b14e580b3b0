"""What both ends of mutual TLS between workloads have in common: their certificates and whom they believe."""

from collections.abc import Iterable
from ipaddress import ip_address

from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls_common_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from envoy.type.matcher.v3 import string_pb2 as string_v3

from convoy.xds.build import sources

TRANSPORT_SOCKET = "envoy.transport_sockets.tls"

# What Istio's proxies offer to say "this is mesh traffic", and which kind, before a byte of it is read.
ALPN_TCP = "istio"
ALPN_TCP_EXCHANGE = "istio-peer-exchange"
ALPN_HTTP1 = ("istio-http/1.0", "istio-http/1.1")
ALPN_HTTP2 = "istio-h2"
MESH_HTTP_ALPN = (*ALPN_HTTP1, ALPN_HTTP2)
MESH_TCP_ALPN = (ALPN_TCP, ALPN_TCP_EXCHANGE)
MESH_ALPN = (*MESH_TCP_ALPN, *MESH_HTTP_ALPN)

_VERSIONS = {
    "TLSV1_0": tls_common_v3.TlsParameters.TLSv1_0,
    "TLSV1_1": tls_common_v3.TlsParameters.TLSv1_1,
    "TLSV1_2": tls_common_v3.TlsParameters.TLSv1_2,
    "TLSV1_3": tls_common_v3.TlsParameters.TLSv1_3,
}


def build_mesh_tls(
    *,
    alpn: Iterable[str],
    identities: Iterable[str],
    identity_prefixes: Iterable[str],
    sds_folder: str,
    params: tls_common_v3.TlsParameters | None = None,
) -> tls_v3.CommonTlsContext:
    """Prove the own identity, and accept a peer with one of the URI SANs or SAN prefixes.

    Raises ValueError when no SAN is given, as Envoy would then accept every certificate of the mesh.
    """
    sans = [*map(_exact, identities), *map(_prefix, identity_prefixes)]
    if not sans:
        raise ValueError("mutual TLS needs at least one accepted identity")
    combined = tls_v3.CommonTlsContext.CombinedCertificateValidationContext(
        default_validation_context=tls_common_v3.CertificateValidationContext(
            match_typed_subject_alt_names=sans
        ),
        validation_context_sds_secret_config=sources.secret(sources.ROOTS, sds_folder),
    )
    return tls_v3.CommonTlsContext(
        tls_params=params or build_tls_params(),
        alpn_protocols=alpn,
        tls_certificate_sds_secret_configs=[sources.secret(sources.KEY_PAIR, sds_folder)],
        combined_validation_context=combined,
    )


def build_tls_params(
    *, oldest: str = "TLSV1_2", newest: str = "", ciphers: Iterable[str] = (), curves: Iterable[str] = ()
) -> tls_common_v3.TlsParameters:
    """Which TLS is spoken, versions as the API writes them; what is left out is Envoy's choice."""
    params = tls_common_v3.TlsParameters(
        tls_minimum_protocol_version=_VERSIONS[oldest], cipher_suites=ciphers, ecdh_curves=curves
    )
    if newest:
        params.tls_maximum_protocol_version = _VERSIONS[newest]
    return params


def build_mesh_params(oldest: str) -> tls_common_v3.TlsParameters:
    """Which TLS workloads speak with each other; 1.2 and what is newer, unless `oldest` says otherwise. A
    client of Envoy's stays below 1.3 unless it is told.
    """
    return build_tls_params(oldest=oldest, newest=oldest) if oldest else build_tls_params()


def exact_name(name: str) -> tls_common_v3.SubjectAltNameMatcher:
    """A name that a peer's certificate must have, be it a host, an address, a URI or a mail address."""
    return tls_common_v3.SubjectAltNameMatcher(
        san_type=_san_type(name), matcher=string_v3.StringMatcher(exact=name)
    )


def _san_type(name: str) -> "tls_common_v3.SubjectAltNameMatcher.SanType.ValueType":
    """Which of a certificate's names a text can only be: Envoy wants to be told."""
    if "://" in name or name.startswith("urn:"):
        return tls_common_v3.SubjectAltNameMatcher.URI
    if "@" in name:
        return tls_common_v3.SubjectAltNameMatcher.EMAIL
    try:
        ip_address(name)
    except ValueError:
        return tls_common_v3.SubjectAltNameMatcher.DNS
    return tls_common_v3.SubjectAltNameMatcher.IP_ADDRESS


def _exact(identity: str) -> tls_common_v3.SubjectAltNameMatcher:
    return _uri(string_v3.StringMatcher(exact=identity))


def _prefix(prefix: str) -> tls_common_v3.SubjectAltNameMatcher:
    return _uri(string_v3.StringMatcher(prefix=prefix))


def _uri(matcher: string_v3.StringMatcher) -> tls_common_v3.SubjectAltNameMatcher:
    return tls_common_v3.SubjectAltNameMatcher(
        san_type=tls_common_v3.SubjectAltNameMatcher.URI, matcher=matcher
    )
