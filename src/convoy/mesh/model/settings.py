"""What holds for a whole mesh."""

import msgspec

from convoy.api.istio.common import TlsProtocol
from convoy.api.istio.destination_rule import LocalityLbSetting, TrafficPolicy
from convoy.api.istio.mesh_config import (
    DefaultProxyConfig,
    GatewayTopology,
    LabelSelector,
    PathNormalization,
)
from convoy.api.istio.virtual_service import HttpRetry
from convoy.api.meta import ClusterID, Namespace


class MeshSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for the whole mesh of one cluster.

    The first ones are those that a control plane is started with; the others are what its ConfigMap `istio`
    says, put over these defaults for every snapshot.
    """

    cluster_id: ClusterID
    network: str = ""
    """Empty: the cluster's own name."""
    cluster_domain: str = "cluster.local"
    trust_domain: str = "cluster.local"
    root_namespace: Namespace = Namespace("istio-system")
    interception_mark: int | None = 1337
    gateway_domain: str = "convoy.test"
    """Every cluster's DNS has a gateway's Service as `<service>.<cluster>.<gateway_domain>`; empty: none."""

    trust_domain_aliases: tuple[str, ...] = ()
    """Whose identities are accepted of clients, too."""
    allows_any: bool = True
    resolves_any: bool = False
    """Requests for unknown hosts are resolved by name instead of sent where the application dialled."""
    inbound_to_localhost: bool = False
    """Sidecars connect to their application at 127.0.0.1 instead of the address that was dialled."""
    enable_auto_mtls: bool = True
    protocol_detection_timeout_ms: int = 5_000
    """How long a connection on which nothing is said may be anything; 0: for ever."""
    connect_timeout_ms: int = 10_000
    dns_refresh_rate_ms: int = 60_000
    locality_lb: LocalityLbSetting = LocalityLbSetting()
    """What holds where a DestinationRule has no such block."""
    default_http_retry: HttpRetry | None = None
    """For routes without `retries`; None: two, where that is safe."""
    default_inbound_http_retry: HttpRetry | None = None
    default_traffic_policy: TrafficPolicy | None = None
    """Below what DestinationRules say."""
    default_service_export_to: tuple[str, ...] = ()
    default_virtual_service_export_to: tuple[str, ...] = ()
    default_destination_rule_export_to: tuple[str, ...] = ()
    cluster_local_hosts: tuple[tuple[str, bool], ...] = ()
    """Hosts or wildcard hosts, and whether other clusters may not call them; the most specific one counts."""
    discovery_selectors: tuple[LabelSelector, ...] = ()
    """The namespaces that the mesh knows; none: all."""
    path_normalization: PathNormalization = PathNormalization.DEFAULT
    min_tls_version: TlsProtocol = TlsProtocol.TLS_AUTO
    """Of mutual TLS between workloads."""
    proxy_http_port: int = 0
    """Where sidecars are an HTTP proxy for their application, on 127.0.0.1; 0: nowhere."""
    h2_upgrade: bool = False
    """HTTP/1.1 requests are sent on as HTTP/2 where a DestinationRule does not say otherwise."""
    gateway_topology: GatewayTopology = GatewayTopology()
    proxy_defaults: DefaultProxyConfig = DefaultProxyConfig()
