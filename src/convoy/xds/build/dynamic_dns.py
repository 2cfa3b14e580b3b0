"""Names that Envoy resolves when somebody asks for them: wildcard hosts with resolution DYNAMIC_DNS.

A request says the name as its host, a TLS connection as its SNI, which is passed on unopened. Whoever asks
chooses the name within the wildcard; a TLS client may also say another SNI than it dialled for. Clusters and
filters share one cache, as Envoy asks of them: its configuration must be the same in all.
"""

from envoy.config.cluster.v3 import cluster_pb2 as cluster_v3
from envoy.config.listener.v3 import listener_components_pb2 as listener_parts_v3
from envoy.extensions.clusters.dynamic_forward_proxy.v3 import cluster_pb2 as dynamic_cluster_v3
from envoy.extensions.common.dynamic_forward_proxy.v3 import dns_cache_pb2 as dns_cache_v3
from envoy.extensions.filters.http.dynamic_forward_proxy.v3 import (
    dynamic_forward_proxy_pb2 as http_dynamic_v3,
)
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_v3
from envoy.extensions.filters.network.sni_dynamic_forward_proxy.v3 import (
    sni_dynamic_forward_proxy_pb2 as sni_dynamic_v3,
)

from convoy.xds.build.packing import packed

_CACHE = "dynamic_dns"


def dynamic_cluster_type() -> cluster_v3.Cluster.CustomClusterType:
    """A cluster whose endpoint is the name that a filter below has resolved."""
    config = dynamic_cluster_v3.ClusterConfig(
        dns_cache_config=_dns_cache(),
        # Else Envoy asks for checks of certificates also where no TLS is spoken.
        allow_insecure_cluster_options=True,
    )
    return cluster_v3.Cluster.CustomClusterType(
        name="envoy.clusters.dynamic_forward_proxy", typed_config=packed(config)
    )


def build_host_resolving_filter() -> hcm_v3.HttpFilter:
    """Resolves the host of each request that is routed to such a cluster; others pass."""
    config = http_dynamic_v3.FilterConfig(dns_cache_config=_dns_cache())
    return hcm_v3.HttpFilter(name="envoy.filters.http.dynamic_forward_proxy", typed_config=packed(config))


def build_sni_resolving_filter(port: int) -> listener_parts_v3.Filter:
    """Resolves the SNI of each connection, which then goes to this port of the name."""
    config = sni_dynamic_v3.FilterConfig(dns_cache_config=_dns_cache(), port_value=port)
    return listener_parts_v3.Filter(
        name="envoy.filters.network.sni_dynamic_forward_proxy", typed_config=packed(config)
    )


def _dns_cache() -> dns_cache_v3.DnsCacheConfig:
    return dns_cache_v3.DnsCacheConfig(name=_CACHE, dns_lookup_family=cluster_v3.Cluster.V4_PREFERRED)
