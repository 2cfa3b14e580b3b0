"""Facts about the filter that passes bytes on."""

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2 as tcp_proxy_v3
from tests.kit.parts import key

from convoy.mesh.model import ConnectionPolicy, Tunnel, WeightedUpstream
from convoy.xds.build.tcp_proxy import build_tcp_proxy, build_tcp_proxy_of_proven, build_tcp_split


def filter_config(built):
    config = tcp_proxy_v3.TcpProxy()
    assert built.typed_config.Unpack(config)
    return config


def test_applications_are_connected_to_once_the_client_has_proved_who_it_is():
    config = filter_config(build_tcp_proxy_of_proven("inbound|9000||"))
    assert config.upstream_connect_mode == tcp_proxy_v3.UpstreamConnectMode.ON_DOWNSTREAM_TLS_HANDSHAKE
    # Envoy refuses the mode without it.
    assert config.max_early_data_bytes.value > 0


def test_others_are_connected_to_at_once_for_the_server_may_speak_first():
    config = filter_config(build_tcp_proxy("PassthroughCluster"))
    assert config.upstream_connect_mode == tcp_proxy_v3.UpstreamConnectMode.IMMEDIATE


def test_connections_have_the_policy_of_the_first_destination():
    policy = ConnectionPolicy(1000, 2000, hashes_source=True, tunnel=Tunnel("far.test:443", uses_post=True))
    destinations = (
        WeightedUpstream(key("db", 5432), 70, connections=policy),
        WeightedUpstream(key("other", 5432), 30),
    )
    config = filter_config(build_tcp_split(destinations))
    assert [(one.name, one.weight) for one in config.weighted_clusters.clusters] == [
        ("outbound|5432||db.default.svc.cluster.local", 70),
        ("outbound|5432||other.default.svc.cluster.local", 30),
    ]
    assert (config.idle_timeout.seconds, config.max_downstream_connection_duration.seconds) == (1, 2)
    assert config.hash_policy[0].HasField("source_ip")
    assert (config.tunneling_config.hostname, config.tunneling_config.use_post) == ("far.test:443", True)


def test_connections_without_a_policy_are_left_to_envoy():
    config = filter_config(build_tcp_split([WeightedUpstream(key("db", 5432), 1)]))
    assert config.cluster == "outbound|5432||db.default.svc.cluster.local"
    assert not config.HasField("idle_timeout")
    assert not config.HasField("tunneling_config")
