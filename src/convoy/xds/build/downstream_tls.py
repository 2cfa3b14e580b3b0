"""The server's side of TLS: what it proves itself with, and what it wants clients to prove.

In mutual TLS of the mesh a client without a certificate of a trusted domain gets no connection. A gateway's
server does what its Gateway says; its credentials are named, so that a renewed one changes no listener.
"""

from envoy.config.core.v3 import base_pb2 as core_v3
from envoy.extensions.transport_sockets.tls.v3 import common_pb2 as tls_common_v3
from envoy.extensions.transport_sockets.tls.v3 import tls_pb2 as tls_v3
from google.protobuf.wrappers_pb2 import BoolValue

from convoy.mesh.model import ClientProof, ServerTls
from convoy.xds.build import names, sources, tls
from convoy.xds.build.packing import packed

_HTTP_ALPN = ("h2", "http/1.1")


def build_downstream_tls(
    *, trust_domains: tuple[str, ...], is_http: bool, sds_folder: str, oldest: str = ""
) -> core_v3.TransportSocket:
    """Mutual TLS that accepts every identity of the trust domains.

    Bytes negotiate no ALPN: answering `istio-peer-exchange` would promise a preamble that stock Envoy cannot
    send.
    """
    common = tls.build_mesh_tls(
        alpn=_HTTP_ALPN if is_http else (),
        identities=(),
        identity_prefixes=_prefixes(trust_domains),
        sds_folder=sds_folder,
        params=tls.build_mesh_params(oldest),
    )
    return _socket(common, is_proof_required=True)


def build_server_tls(server: ServerTls, *, is_http: bool, sds_folder: str) -> core_v3.TransportSocket:
    """How a gateway's server ends TLS. Bytes negotiate no ALPN here either: what a client would choose, the
    application behind may not speak.
    """
    common = _own_tls(server) if server.key_pairs else _mesh_tls(server, sds_folder)
    common.alpn_protocols.extend(_HTTP_ALPN if is_http else ())
    return _socket(common, is_proof_required=server.client is ClientProof.REQUIRED)


def _own_tls(server: ServerTls) -> tls_v3.CommonTlsContext:
    common = tls_v3.CommonTlsContext(
        tls_params=_params(server),
        tls_certificate_sds_secret_configs=[
            sources.credential(names.key_pair(pair)) for pair in server.key_pairs
        ],
    )
    if server.client is ClientProof.NONE:
        return common
    conditions = _conditions(server)
    if server.trust is None:
        common.validation_context.CopyFrom(conditions)
        return common
    combined = common.combined_validation_context
    combined.default_validation_context.CopyFrom(conditions)
    combined.validation_context_sds_secret_config.CopyFrom(sources.credential(names.trust(server.trust)))
    return common


def _mesh_tls(server: ServerTls, sds_folder: str) -> tls_v3.CommonTlsContext:
    common = tls.build_mesh_tls(
        alpn=(),
        identities=(),
        identity_prefixes=_prefixes(server.trust_domains),
        sds_folder=sds_folder,
        params=_params(server),
    )
    validation = common.combined_validation_context.default_validation_context
    if server.subject_alt_names:
        validation.ClearField("match_typed_subject_alt_names")
    validation.MergeFrom(_conditions(server))
    return common


def _conditions(server: ServerTls) -> tls_common_v3.CertificateValidationContext:
    """What a client's certificate must be, beside being one of somebody trusted."""
    context = tls_common_v3.CertificateValidationContext(
        match_typed_subject_alt_names=map(tls.exact_name, server.subject_alt_names),
        verify_certificate_spki=server.public_key_pins,
        verify_certificate_hash=server.certificate_pins,
    )
    if server.accepts_untrusted:
        context.trust_chain_verification = tls_common_v3.CertificateValidationContext.ACCEPT_UNTRUSTED
    return context


def _params(server: ServerTls) -> tls_common_v3.TlsParameters:
    return tls.build_tls_params(
        oldest=server.min_version,
        newest=server.max_version,
        ciphers=server.cipher_suites,
        curves=server.curves,
    )


def _prefixes(trust_domains: tuple[str, ...]) -> list[str]:
    return [f"spiffe://{domain}/" for domain in trust_domains]


def _socket(common: tls_v3.CommonTlsContext, *, is_proof_required: bool) -> core_v3.TransportSocket:
    context = tls_v3.DownstreamTlsContext(common_tls_context=common)
    if is_proof_required:
        context.require_client_certificate.CopyFrom(BoolValue(value=True))
    return core_v3.TransportSocket(name=tls.TRANSPORT_SOCKET, typed_config=packed(context))
