"""The PROXY header before the first byte of a connection: it tells a server whom the proxy speaks for."""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.config.core.v3 import proxy_protocol_pb2 as proxy_protocol_v3
from envoy.extensions.transport_sockets.proxy_protocol.v3 import upstream_proxy_protocol_pb2 as header_v3

from convoy.mesh.model import ProxyHeader
from convoy.xds.build.packing import packed
from convoy.xds.build.upstream_tls import plain_socket

_VERSIONS = {
    ProxyHeader.V1: proxy_protocol_v3.ProxyProtocolConfig.V1,
    ProxyHeader.V2: proxy_protocol_v3.ProxyProtocolConfig.V2,
}


def apply_proxy_header(cluster: cluster_v3.Cluster, header: ProxyHeader) -> None:
    """Wrap the transport sockets that a cluster has by now; the header goes before any TLS."""
    if header is ProxyHeader.NONE:
        return
    if cluster.transport_socket_matches:
        for match in cluster.transport_socket_matches:
            match.transport_socket.CopyFrom(_wrapped(match.transport_socket, header))
        return
    inner = cluster.transport_socket if cluster.HasField("transport_socket") else plain_socket()
    cluster.transport_socket.CopyFrom(_wrapped(inner, header))


def _wrapped(inner: core_v3.TransportSocket, header: ProxyHeader) -> core_v3.TransportSocket:
    config = header_v3.ProxyProtocolUpstreamTransport(
        config=proxy_protocol_v3.ProxyProtocolConfig(version=_VERSIONS[header]), transport_socket=inner
    )
    return core_v3.TransportSocket(
        name="envoy.transport_sockets.upstream_proxy_protocol", typed_config=packed(config)
    )
