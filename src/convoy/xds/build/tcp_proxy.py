"""The filter that passes a connection's bytes to one cluster, or to several by weight."""

from collections.abc import Sequence

from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2 as tcp_proxy_v3

from convoy.mesh.model import PLAIN_CONNECTIONS, ConnectionPolicy, WeightedUpstream
from convoy.xds.build import names
from convoy.xds.build.hash_policies import hash_by_source
from convoy.xds.build.packing import milliseconds, packed

_EARLY_BYTES = 64 * 1024


def build_tcp_proxy(cluster: str, policy: ConnectionPolicy = PLAIN_CONNECTIONS) -> listener_parts_v3.Filter:
    """Every connection to one cluster."""
    config = tcp_proxy_v3.TcpProxy(stat_prefix=cluster, cluster=cluster)
    _apply_policy(config, policy)
    return _filter(config)


def build_tcp_proxy_of_proven(
    cluster: str, policy: ConnectionPolicy = PLAIN_CONNECTIONS
) -> listener_parts_v3.Filter:
    """Every connection to one cluster, for a chain of mutual TLS.

    Otherwise Envoy opens the upstream as soon as it has chosen the chain, and a client that proves nothing
    could still make the application accept (empty) connections.
    """
    config = tcp_proxy_v3.TcpProxy(stat_prefix=cluster, cluster=cluster)
    _apply_policy(config, policy)
    _wait_for_proof(config)
    return _filter(config)


def build_tcp_split(
    destinations: Sequence[WeightedUpstream], *, is_proven: bool = False
) -> listener_parts_v3.Filter:
    """Connections shared by weight; closed when there is no destination.

    Envoy has one policy for all of them: of several destinations the first one's counts. `is_proven`: see
    `build_tcp_proxy_of_proven`.
    """
    if not destinations:
        return build_tcp_proxy(names.BLACKHOLE_CLUSTER)
    first = destinations[0]
    config = tcp_proxy_v3.TcpProxy(stat_prefix=names.upstream(first.key))
    if len(destinations) == 1:
        config.cluster = names.upstream(first.key)
    else:
        config.weighted_clusters.clusters.extend(
            tcp_proxy_v3.TcpProxy.WeightedCluster.ClusterWeight(
                name=names.upstream(destination.key), weight=destination.weight
            )
            for destination in destinations
        )
    _apply_policy(config, first.connections)
    if is_proven:
        _wait_for_proof(config)
    return _filter(config)


def _apply_policy(config: tcp_proxy_v3.TcpProxy, policy: ConnectionPolicy) -> None:
    if policy.idle_ms is not None:
        config.idle_timeout.CopyFrom(milliseconds(policy.idle_ms))
    if policy.max_duration_ms is not None:
        config.max_downstream_connection_duration.CopyFrom(milliseconds(policy.max_duration_ms))
    if policy.hashes_source:
        config.hash_policy.append(hash_by_source())
    if policy.tunnel:
        config.tunneling_config.hostname = policy.tunnel.target
        config.tunneling_config.use_post = policy.tunnel.uses_post


def _wait_for_proof(config: tcp_proxy_v3.TcpProxy) -> None:
    config.upstream_connect_mode = tcp_proxy_v3.UpstreamConnectMode.ON_DOWNSTREAM_TLS_HANDSHAKE
    # Envoy asks for it. Nothing can be read before the handshake, so it never matters how much.
    config.max_early_data_bytes.value = _EARLY_BYTES


def _filter(config: tcp_proxy_v3.TcpProxy) -> listener_parts_v3.Filter:
    return listener_parts_v3.Filter(name="envoy.filters.network.tcp_proxy", typed_config=packed(config))
