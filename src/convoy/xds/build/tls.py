"""What both ends of mutual TLS between workloads have in common: their certificates and whom they believe."""

from collections.abc import Iterable

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


def build_mesh_tls(
    *,
    alpn: Iterable[str],
    identities: Iterable[str],
    identity_prefixes: Iterable[str],
    sds_folder: str,
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
        tls_params=tls_common_v3.TlsParameters(
            tls_minimum_protocol_version=tls_common_v3.TlsParameters.TLSv1_2
        ),
        alpn_protocols=alpn,
        tls_certificate_sds_secret_configs=[sources.secret(sources.KEY_PAIR, sds_folder)],
        combined_validation_context=combined,
    )


def _exact(identity: str) -> tls_common_v3.SubjectAltNameMatcher:
    return _uri(string_v3.StringMatcher(exact=identity))


def _prefix(prefix: str) -> tls_common_v3.SubjectAltNameMatcher:
    return _uri(string_v3.StringMatcher(prefix=prefix))


def _uri(matcher: string_v3.StringMatcher) -> tls_common_v3.SubjectAltNameMatcher:
    return tls_common_v3.SubjectAltNameMatcher(
        san_type=tls_common_v3.SubjectAltNameMatcher.URI, matcher=matcher
    )
