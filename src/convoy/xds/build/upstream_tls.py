"""Which transport socket a cluster uses towards its endpoints.

Stock Envoy lacks Istio's filter that chooses the ALPN per request, so a cluster has one list. A server whose
port is declared needs none; a server that sniffs tells HTTP from bytes inside mutual TLS by it alone. A port
of protocol AUTO offers the HTTP list, because HTTP routes may reach it from anywhere; the chains that carry
bytes override it (`alpn_override`). `istio-peer-exchange` is never offered: it promises a preamble that only
Istio's own proxy sends.
"""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2 as raw_buffer_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from google.protobuf.struct_pb2 import Struct

from convoy.mesh.model import Protocol, TlsMode, UpstreamTls
from convoy.xds.build import names, tls
from convoy.xds.build.packing import packed


def apply_upstream_tls(
    cluster: cluster_v3.Cluster, settings: UpstreamTls, *, protocol: Protocol, sds_folder: str
) -> None:
    """Set the transport socket of a new cluster, or the sockets among which its endpoints choose."""
    if settings.mode is TlsMode.DISABLE:
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


def _chosen_by_endpoint(mutual: core_v3.TransportSocket) -> list[cluster_v3.Cluster.TransportSocketMatch]:
    accepts = Struct()
    accepts[names.TLS_MODE_LABEL] = names.TLS_MODE_ISTIO
    plain = core_v3.TransportSocket(
        name="envoy.transport_sockets.raw_buffer", typed_config=packed(raw_buffer_v3.RawBuffer())
    )
    return [
        cluster_v3.Cluster.TransportSocketMatch(name="tlsMode-istio", match=accepts, transport_socket=mutual),
        # An empty match takes every endpoint that is left.
        cluster_v3.Cluster.TransportSocketMatch(
            name="tlsMode-disabled", match=Struct(), transport_socket=plain
        ),
    ]
