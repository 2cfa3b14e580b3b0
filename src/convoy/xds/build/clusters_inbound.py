"""Inbound clusters: from the sidecar to its own application.

They connect to the address the caller dialled, perhaps at another port, or to one that is local to the pod.
The former from 127.0.0.6: capture lets that source through, and would send any other connection to the pod's
own address back to Envoy. The bootstrap marks Envoy's sockets where it
shares a uid with the application; a cluster with bind settings of its own loses that mark and sets it again.
"""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import address_pb2 as address_v3
from envoy.config.core.v3 import socket_option_pb2 as socket_option_v3
from envoy.config.endpoint.v3 import endpoint_components_pb2 as endpoint_parts_v3

from convoy.api.meta import Hostname
from convoy.mesh.model import (
    AS_DIALLED,
    UNLIMITED,
    Application,
    LbPolicy,
    Pool,
    Protocol,
    Resolution,
    TlsMode,
    Upstream,
    UpstreamKey,
    UpstreamTls,
)
from convoy.xds.build import names
from convoy.xds.build.addresses import endpoint_address, socket_address
from convoy.xds.build.circuit_breakers import build_circuit_breakers, without_limits
from convoy.xds.build.clusters import apply_keepalive
from convoy.xds.build.http_protocols import http_protocol_options, upstream_options
from convoy.xds.build.packing import milliseconds, seconds

SOURCE = "127.0.0.6"

# Linux numbers, because Envoy runs there even where this code does not.
_SOL_SOCKET = 1
_SO_MARK = 36


def build_inbound_cluster(
    port: int,
    protocol: Protocol,
    *,
    mark: int | None,
    application: Application = AS_DIALLED,
    pool: Pool = UNLIMITED,
    connect_timeout_ms: int = 10_000,
) -> cluster_v3.Cluster:
    """The application's port, in the protocol its Service declares, within the limits of a pool."""
    upstream = _as_upstream(port, protocol, pool)
    cluster = cluster_v3.Cluster(
        name=names.inbound(port),
        connect_timeout=milliseconds(connect_timeout_ms),
        circuit_breakers=build_circuit_breakers(pool),
        typed_extension_protocol_options=upstream_options(upstream),
    )
    if application.address:
        _apply_local(cluster, application)
    else:
        _apply_dialled(cluster, mark, port=application.port)
    if pool.keepalive:
        apply_keepalive(cluster, pool.keepalive)
    return cluster


def build_inbound_passthrough_cluster(mark: int | None) -> cluster_v3.Cluster:
    """Ports of the application that no Service names."""
    cluster = cluster_v3.Cluster(
        name=names.INBOUND_PASSTHROUGH_CLUSTER,
        connect_timeout=seconds(10),
        circuit_breakers=without_limits(),
        typed_extension_protocol_options=http_protocol_options(Protocol.AUTO),
    )
    _apply_dialled(cluster, mark)
    return cluster


def _as_upstream(port: int, protocol: Protocol, pool: Pool) -> Upstream:
    """An application is sent to like any other upstream, but always as it is."""
    return Upstream(
        key=UpstreamKey(Hostname(""), port),
        protocol=protocol,
        resolution=Resolution.ORIGINAL_DST,
        tls=UpstreamTls(TlsMode.DISABLE),
        lb_policy=LbPolicy.LEAST_REQUEST,
        connect_timeout_ms=0,
        pool=pool,
    )


def _apply_dialled(cluster: cluster_v3.Cluster, mark: int | None, *, port: int = 0) -> None:
    cluster.type = cluster_v3.Cluster.ORIGINAL_DST
    cluster.lb_policy = cluster_v3.Cluster.CLUSTER_PROVIDED
    cluster.upstream_bind_config.CopyFrom(_bind_config(mark))
    if port:
        cluster.original_dst_lb_config.upstream_port_override.value = port


def _apply_local(cluster: cluster_v3.Cluster, application: Application) -> None:
    cluster.type = cluster_v3.Cluster.STATIC
    endpoint = endpoint_parts_v3.Endpoint(address=endpoint_address(application.address, application.port))
    cluster.load_assignment.cluster_name = cluster.name
    cluster.load_assignment.endpoints.add().lb_endpoints.add().endpoint.CopyFrom(endpoint)


def _bind_config(mark: int | None) -> address_v3.BindConfig:
    config = address_v3.BindConfig(source_address=socket_address(SOURCE, 0))
    if mark is not None:
        config.socket_options.append(
            socket_option_v3.SocketOption(
                description="interception mark",
                level=_SOL_SOCKET,
                name=_SO_MARK,
                int_value=mark,
                state=socket_option_v3.SocketOption.STATE_PREBIND,
            )
        )
    return config
