"""Envoy's bootstrap, as plain JSON values. Pure.

Envoy gets everything else over delta ADS from the control plane, whom it believes by the DNS name in its
certificate. Its own names are resolved without search list and never from the mesh's name table: in a
captured pod through the agent's forwarder on loopback (c-ares sockets cannot carry the mark), else straight
from the cluster's DNS. With the table a service entry with a virtual address would resolve to itself.
"""

from typing import Any

from convoy.agent.capture import INBOUND_PORT
from convoy.agent.settings import (
    ADMIN_PORT,
    FORWARDER_PORT,
    XDS_PORT,
    AgentSettings,
    absolute_host,
    is_address,
)

Json = dict[str, Any]

XDS_CLUSTER = "xds-grpc"
# What validation lets users write (`api.validation.finding` has the same number, which a test compares).
LARGEST_REGEX_PROGRAM = 32768
_SOL_SOCKET, _SO_MARK = 1, 36
_MAX_GATEWAY_CONNECTIONS = 50_000
_TYPE = "type.googleapis.com/envoy"
# Few and of bounded number: nothing per service or peer, and per route only what a user asks for.
_STATS_PREFIXES = (
    "cluster_manager.",
    "listener_manager.",
    "server.",
    "control_plane.",
    f"cluster.{XDS_CLUSTER}.",
)
# What `draining` and `withdrawing` look at: a sidecar's own inbound side, a gateway's ports. It does not grow
# with the mesh.
_WORK_STATISTICS = {
    "sidecar": (
        r"http\.inbound_.*\.downstream_(cx_active|rq_active|rq_total)",
        rf"listener\..*_{INBOUND_PORT}\.downstream_cx_(active|total)",
    ),
    "router": (
        r"http\.gateway_.*\.downstream_(cx|rq)_active",
        # Without those of single workers.
        r"listener\.[0-9a-f:._\[\]]+_[0-9]+\.downstream_cx_active",
    ),
}
# A rule's own, where a VirtualService asks for them by a statPrefix.
_RULE_STATISTICS = r"vhost\..*\.route\..*"
_BY_DNS: Json = {
    "name": "envoy.clusters.dns",
    "typed_config": {
        "@type": f"{_TYPE}.extensions.clusters.dns.v3.DnsCluster",
        "dns_lookup_family": "V4_PREFERRED",
        "respect_dns_ttl": True,
        # Answers say how long they hold, except that for a Service without addresses of its own and without
        # pods: who asks at the wrong moment shall not wait for long.
        "dns_refresh_rate": "2s",
        "dns_failure_refresh_rate": {"base_interval": "0.2s", "max_interval": "5s"},
    },
}


def build_bootstrap(settings: AgentSettings) -> Json:
    """The bootstrap of one proxy."""
    bootstrap: Json = {
        "node": build_node(settings),
        "admin": _build_admin(settings),
        "dynamic_resources": _build_dynamic_resources(),
        "layered_runtime": _build_runtime(),
        "static_resources": {"clusters": [_build_xds_cluster(settings)]},
        "typed_dns_resolver_config": _build_resolver(settings),
        "stats_config": {"stats_matcher": {"inclusion_list": {"patterns": _build_patterns(settings)}}},
    }
    if settings.mark is not None:
        bootstrap["cluster_manager"] = {"upstream_bind_config": _build_marked_sockets(settings.mark)}
    if settings.proxy_type == "router":
        bootstrap["overload_manager"] = _build_connection_limit()
    return bootstrap


def build_node(settings: AgentSettings) -> Json:
    """Who the proxy says it is: `sidecar~ip~pod.ns~ns.svc.cluster.local`, as Istio's proxies do."""
    namespace = settings.namespace
    domain = f"{namespace}.svc.cluster.local"
    workload = settings.metadata.get("APP") or settings.pod_name
    return {
        "id": "~".join(
            [settings.proxy_type, settings.instance_ip, f"{settings.pod_name}.{namespace}", domain]
        ),
        "cluster": f"{workload}.{namespace}",
        "metadata": {
            **settings.metadata,
            "NAME": settings.pod_name,
            "NAMESPACE": namespace,
            "SERVICE_ACCOUNT": settings.service_account,
            "INSTANCE_IPS": settings.instance_ip,
        },
    }


def _build_admin(settings: AgentSettings) -> Json:
    admin: Json = {"address": _address("127.0.0.1", ADMIN_PORT)}
    if settings.proxy_type == "router":
        admin["ignore_global_conn_limit"] = True
    return admin


def _build_runtime() -> Json:
    # Without a layer for the admin interface: nobody in the pod may change how Envoy works.
    values = {"re2.max_program_size.error_level": LARGEST_REGEX_PROGRAM}
    return {"layers": [{"name": "convoy", "static_layer": values}]}


def _build_patterns(settings: AgentSettings) -> list[Json]:
    """Which statistics Envoy keeps."""
    by_prefix: list[Json] = [{"prefix": prefix} for prefix in _STATS_PREFIXES]
    regexes = (*_WORK_STATISTICS[settings.proxy_type], _RULE_STATISTICS)
    return by_prefix + [{"safe_regex": {"regex": regex}} for regex in regexes]


def _build_dynamic_resources() -> Json:
    # Without a limit: a proxy that starts before its control plane waits instead of going live empty.
    over_ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    retries = {"retry_back_off": {"base_interval": "0.2s", "max_interval": "5s"}}
    return {
        "ads_config": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "set_node_on_first_message_only": True,
            "grpc_services": [{"envoy_grpc": {"cluster_name": XDS_CLUSTER, "retry_policy": retries}}],
        },
        "cds_config": over_ads,
        "lds_config": over_ads,
    }


def _build_xds_cluster(settings: AgentSettings) -> Json:
    host = absolute_host(settings.discovery_host)
    return {
        "name": XDS_CLUSTER,
        **({"type": "STATIC"} if is_address(host) else {"cluster_type": _BY_DNS}),
        "connect_timeout": "5s",
        "load_assignment": {
            "cluster_name": XDS_CLUSTER,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(host, XDS_PORT)}}]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{_TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {
                    "http2_protocol_options": {"connection_keepalive": {"interval": "20s", "timeout": "10s"}}
                },
            }
        },
        "upstream_connection_options": {"tcp_keepalive": {"keepalive_time": 30}},
        "transport_socket": {
            "name": "envoy.transport_sockets.tls",
            "typed_config": _build_xds_tls(settings),
        },
    }


def _build_xds_tls(settings: AgentSettings) -> Json:
    name = settings.discovery_name
    return {
        "@type": f"{_TYPE}.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "sni": name,
        "common_tls_context": {
            "alpn_protocols": ["h2"],
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "tls_certificate_sds_secret_configs": [_build_file_secret(settings, "default")],
            "combined_validation_context": {
                "default_validation_context": {
                    "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": name}}]
                },
                "validation_context_sds_secret_config": _build_file_secret(settings, "ROOTCA"),
            },
        },
    }


def _build_file_secret(settings: AgentSettings, name: str) -> Json:
    folder = str(settings.files.sds_folder)
    return {
        "name": name,
        "sds_config": {
            "resource_api_version": "V3",
            "path_config_source": {
                "path": f"{folder}/{name}.yaml",
                "watched_directory": {"path": folder},
            },
        },
    }


def _build_resolver(settings: AgentSettings) -> Json:
    resolvers = [_address(server, 53) for server in settings.nameservers]
    if settings.captures:
        resolvers = [_address("127.0.0.1", FORWARDER_PORT)]
    return {
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": f"{_TYPE}.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            "resolvers": resolvers,
            "dns_resolver_options": {"no_default_search_domain": True},
        },
    }


def _build_marked_sockets(mark: int) -> Json:
    option = {"level": _SOL_SOCKET, "name": _SO_MARK, "int_value": mark, "state": "STATE_PREBIND"}
    return {"socket_options": [option]}


def _build_connection_limit() -> Json:
    monitor = "envoy.resource_monitors.global_downstream_max_connections"
    return {
        "resource_monitors": [
            {
                "name": monitor,
                "typed_config": {
                    "@type": f"{_TYPE}.extensions.resource_monitors.downstream_connections.v3"
                    ".DownstreamConnectionsConfig",
                    "max_active_downstream_connections": _MAX_GATEWAY_CONNECTIONS,
                },
            }
        ]
    }


def _address(host: str, port: int) -> Json:
    return {"socket_address": {"address": host, "port_value": port}}
