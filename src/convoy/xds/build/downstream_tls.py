"""The server's side of mutual TLS: a client without a certificate of a trusted domain gets no connection."""

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.xds.build import tls
from convoy.xds.build.packing import packed


def build_downstream_tls(
    *, trust_domains: tuple[str, ...], is_http: bool, sds_folder: str
) -> core_v3.TransportSocket:
    """Mutual TLS that accepts every identity of the trust domains.

    Bytes negotiate no ALPN: answering `istio-peer-exchange` would promise a preamble that stock Envoy cannot
    send.
    """
    context = tls_v3.DownstreamTlsContext(
        require_client_certificate=BoolValue(value=True),
        common_tls_context=tls.build_mesh_tls(
            alpn=("h2", "http/1.1") if is_http else (),
            identities=(),
            identity_prefixes=[f"spiffe://{domain}/" for domain in trust_domains],
            sds_folder=sds_folder,
        ),
    )
    return core_v3.TransportSocket(name=tls.TRANSPORT_SOCKET, typed_config=packed(context))
