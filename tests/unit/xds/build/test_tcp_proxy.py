"""Facts about the filter that passes bytes on."""

from envoy.extensions.filters.network.tcp_proxy.v3 import tcp_proxy_pb2 as tcp_proxy_v3

from convoy.xds.build.tcp_proxy import build_tcp_proxy, build_tcp_proxy_of_proven


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
