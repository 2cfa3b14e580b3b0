"""The Envoy resources of the agent's tests: just enough to see which way a connection went."""

from convoy.agent.capture import ENVOY_SOURCE, INBOUND_PORT, OUTBOUND_PORT

_CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
_FILTERS = "type.googleapis.com/envoy.extensions.filters"
_MARK = {"level": 1, "name": 36, "int_value": 1337, "state": "STATE_PREBIND"}
_SDS = "/var/run/convoy/sds"


def original_dst_cluster(name, **changed):
    return {
        "name": name,
        "type": "ORIGINAL_DST",
        "lb_policy": "CLUSTER_PROVIDED",
        "connect_timeout": "1s",
    } | changed


def captured_listener(name, port, cluster):
    proxy = {
        "@type": f"{_FILTERS}.network.tcp_proxy.v3.TcpProxy",
        "stat_prefix": name,
        "cluster": cluster,
    }
    original_dst = {"@type": f"{_FILTERS}.listener.original_dst.v3.OriginalDst"}
    return {
        "name": name,
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
        "listener_filters": [{"name": "original_dst", "typed_config": original_dst}],
        "filter_chains": [{"filters": [{"name": "tcp_proxy", "typed_config": proxy}]}],
    }


def file_secret(name):
    source = {"path": f"{_SDS}/{name}.yaml", "watched_directory": {"path": _SDS}}
    return {"name": name, "sds_config": {"resource_api_version": "V3", "path_config_source": source}}


def tls_echo_listener(port):
    tls = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {"tls_certificate_sds_secret_configs": [file_secret("default")]},
    }
    echo = {"@type": f"{_FILTERS}.network.echo.v3.Echo"}
    chain = {
        "filters": [{"name": "echo", "typed_config": echo}],
        "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": tls},
    }
    return {
        "name": "tls-echo",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": port}},
        "filter_chains": [chain],
    }


SIDECAR_RESOURCES = {
    _CLUSTER: [
        original_dst_cluster("PassthroughCluster"),
        original_dst_cluster(
            "InboundPassthroughCluster",
            upstream_bind_config={
                "source_address": {"address": ENVOY_SOURCE, "port_value": 0},
                "socket_options": [_MARK],
            },
        ),
        {
            "name": "loop",
            "type": "STRICT_DNS",
            "load_assignment": {
                "cluster_name": "loop",
                "endpoints": [
                    {
                        "lb_endpoints": [
                            {
                                "endpoint": {
                                    "address": {
                                        "socket_address": {"address": "loop.example", "port_value": 7000}
                                    }
                                }
                            }
                        ]
                    }
                ],
            },
        },
    ],
    _LISTENER: [
        captured_listener("outbound", OUTBOUND_PORT, "PassthroughCluster"),
        captured_listener("inbound", INBOUND_PORT, "InboundPassthroughCluster"),
    ],
}
ROUTER_RESOURCES = {_CLUSTER: [], _LISTENER: [tls_echo_listener(8443)]}
