"""Which transport socket a cluster uses towards its endpoints.

Stock Envoy lacks Istio's filter that chooses the ALPN per request, so a cluster has one list. A server whose
port is declared needs none; a server that sniffs tells HTTP from bytes inside mutual TLS by it alone. A port
of protocol AUTO offers the HTTP list, because HTTP routes may reach it from anywhere; the chains that carry
bytes override it (`alpn_override`). `istio-peer-exchange` is never offered: it promises a preamble that only
Istio's own proxy sends.

Towards servers outside the mesh no ALPN is set: Envoy then offers what it is about to speak.
"""

from ipaddress import ip_address

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2 as raw_buffer_v3
from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls_common_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from envoy.type.matcher.v3 import string_pb2 as string_v3
from google.protobuf.struct_pb2 import Struct

from convoy.mesh.model import Origination, Protocol, TlsMode, UpstreamTls
from convoy.xds.build import names, sources, tls
from convoy.xds.build.packing import packed


def apply_upstream_tls(
    cluster: cluster_v3.Cluster, settings: UpstreamTls, *, protocol: Protocol, sds_folder: str
) -> None:
    """Set the transport socket of a new cluster, or the sockets among which its endpoints choose."""
    if settings.mode is TlsMode.DISABLE:
        return
    if settings.origination:
        cluster.transport_socket.CopyFrom(_originating(settings.origination, settings.sni))
        return
    mutual = build_upstream_tls(settings, protocol=protocol, sds_folder=sds_folder)
    if settings.mode is TlsMode.MUTUAL:
        cluster.transport_socket.CopyFrom(mutual)
    else:
        cluster.transport_socket_matches.extend(_chosen_by_endpoint(mutual))


def build_upstream_tls(
    settings: UpstreamTls, *, protocol: Protocol, sds_folder: str
) -> core_v3.TransportSocket:
    """Mutual TLS with the mesh's identities."""
    context = tls_v3.UpstreamTlsContext(
        sni=settings.sni,
        common_tls_context=tls.build_mesh_tls(
            alpn=offered_alpn(protocol),
            identities=settings.identities,
            identity_prefixes=settings.identity_prefixes,
            sds_folder=sds_folder,
            params=tls.build_mesh_params(settings.oldest),
        ),
    )
    return core_v3.TransportSocket(name=tls.TRANSPORT_SOCKET, typed_config=packed(context))


def offered_alpn(protocol: Protocol) -> tuple[str, ...]:
    """The ALPN list of a cluster whose port speaks this protocol."""
    if protocol.is_http2:
        return (tls.ALPN_HTTP2, tls.ALPN_TCP)
    if protocol in (Protocol.HTTP, Protocol.AUTO):
        return ("istio-http/1.1", tls.ALPN_TCP)
    return (tls.ALPN_TCP,)


def plain_socket() -> core_v3.TransportSocket:
    """No TLS."""
    return core_v3.TransportSocket(
        name="envoy.transport_sockets.raw_buffer", typed_config=packed(raw_buffer_v3.RawBuffer())
    )


def _originating(origination: Origination, sni: str) -> core_v3.TransportSocket:
    common = tls_v3.CommonTlsContext(
        tls_params=tls_common_v3.TlsParameters(
            tls_minimum_protocol_version=tls_common_v3.TlsParameters.TLSv1_2
        )
    )
    if origination.key_pair is not None:
        secret = sources.credential(names.key_pair(origination.key_pair))
        common.tls_certificate_sds_secret_configs.append(secret)
    if origination.trust is not None:
        combined = common.combined_validation_context
        combined.validation_context_sds_secret_config.CopyFrom(
            sources.credential(names.trust(origination.trust))
        )
        combined.default_validation_context.match_typed_subject_alt_names.extend(
            map(_exact_name, origination.names)
        )
    context = tls_v3.UpstreamTlsContext(sni=sni, common_tls_context=common)
    return core_v3.TransportSocket(name=tls.TRANSPORT_SOCKET, typed_config=packed(context))


def _exact_name(name: str) -> tls_common_v3.SubjectAltNameMatcher:
    return tls_common_v3.SubjectAltNameMatcher(
        san_type=_san_type(name), matcher=string_v3.StringMatcher(exact=name)
    )


def _san_type(name: str) -> "tls_common_v3.SubjectAltNameMatcher.SanType.ValueType":
    """Which of a certificate's names a text can only be: Envoy wants to be told."""
    if "://" in name:
        return tls_common_v3.SubjectAltNameMatcher.URI
    if "@" in name:
        return tls_common_v3.SubjectAltNameMatcher.EMAIL
    try:
        ip_address(name)
    except ValueError:
        return tls_common_v3.SubjectAltNameMatcher.DNS
    return tls_common_v3.SubjectAltNameMatcher.IP_ADDRESS


def _chosen_by_endpoint(mutual: core_v3.TransportSocket) -> list[cluster_v3.Cluster.TransportSocketMatch]:
    accepts = Struct()
    accepts[names.TLS_MODE_LABEL] = names.TLS_MODE_ISTIO
    return [
        cluster_v3.Cluster.TransportSocketMatch(name="tlsMode-istio", match=accepts, transport_socket=mutual),
        # An empty match takes every endpoint that is left.
        cluster_v3.Cluster.TransportSocketMatch(
            name="tlsMode-disabled", match=Struct(), transport_socket=plain_socket()
        ),
    ]
