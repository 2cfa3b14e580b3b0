"""Inbound clusters: from the sidecar to its own application.

They connect to the address the caller dialled, from 127.0.0.6: capture lets that source through, and would
send any other connection to the pod's own address back to Envoy. The bootstrap marks Envoy's sockets where it
shares a uid with the application; a cluster with bind settings of its own loses that mark and sets it again.
"""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.core.v3 import address_pb2 as address_v3
from envoy.config.core.v3 import socket_option_pb2 as socket_option_v3

from convoy.mesh.model import Protocol
from convoy.xds.build import names
from convoy.xds.build.addresses import socket_address
from convoy.xds.build.circuit_breakers import without_limits
from convoy.xds.build.http_protocols import http_protocol_options
from convoy.xds.build.packing import seconds

SOURCE = "127.0.0.6"

# Linux numbers, because Envoy runs there even where this code does not.
_SOL_SOCKET = 1
_SO_MARK = 36


def build_inbound_cluster(port: int, protocol: Protocol, *, mark: int | None) -> cluster_v3.Cluster:
    """The application's port, in the protocol its Service declares."""
    return _to_application(names.inbound(port), protocol, mark)


def build_inbound_passthrough_cluster(mark: int | None) -> cluster_v3.Cluster:
    """Ports of the application that no Service names."""
    return _to_application(names.INBOUND_PASSTHROUGH_CLUSTER, Protocol.AUTO, mark)


def _to_application(name: str, protocol: Protocol, mark: int | None) -> cluster_v3.Cluster:
    return cluster_v3.Cluster(
        name=name,
        type=cluster_v3.Cluster.ORIGINAL_DST,
        lb_policy=cluster_v3.Cluster.CLUSTER_PROVIDED,
        connect_timeout=seconds(10),
        circuit_breakers=without_limits(),
        typed_extension_protocol_options=http_protocol_options(protocol),
        upstream_bind_config=_bind_config(mark),
    )


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
