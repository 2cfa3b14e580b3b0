"""MeshConfig (ConfigMap `istio`, key `mesh`): what holds for a whole mesh.

Fields of type `Any` are known to Istio and have no effect in Convoy; they may stand there all the same.
"""

import enum
from typing import Any

from msgspec import field

from convoy.api.base import ApiStruct
from convoy.api.istio.common import TlsProtocol
from convoy.api.istio.destination_rule import H2UpgradePolicy, LocalityLbSetting, TrafficPolicy
from convoy.api.istio.virtual_service import HttpRetry


class MeshOutboundMode(enum.StrEnum):
    REGISTRY_ONLY = "REGISTRY_ONLY"
    ALLOW_ANY = "ALLOW_ANY"
    ALLOW_ANY_DYNAMIC_DNS = "ALLOW_ANY_DYNAMIC_DNS"


class MeshOutboundTrafficPolicy(ApiStruct, frozen=True):
    """Without a mode it is the API's zero value, as an object that says nothing means it."""

    mode: MeshOutboundMode = MeshOutboundMode.REGISTRY_ONLY


class InboundMode(enum.StrEnum):
    PASSTHROUGH = "PASSTHROUGH"
    LOCALHOST = "LOCALHOST"


class MeshInboundTrafficPolicy(ApiStruct, frozen=True):
    mode: InboundMode = InboundMode.PASSTHROUGH


class ServiceSettingsOptions(ApiStruct, frozen=True):
    cluster_local: bool = False


class ServiceSettings(ApiStruct, frozen=True):
    """What holds for the services of some hosts, which may begin with a wildcard."""

    settings: ServiceSettingsOptions = ServiceSettingsOptions()
    hosts: list[str] = []


class LabelSelectorRequirement(ApiStruct, frozen=True):
    """`operator` is In, NotIn, Exists or DoesNotExist."""

    key: str
    operator: str
    values: list[str] = []


class LabelSelector(ApiStruct, frozen=True):
    match_labels: dict[str, str] = {}
    match_expressions: list[LabelSelectorRequirement] = []


class PathNormalization(enum.StrEnum):
    DEFAULT = "DEFAULT"
    NONE = "NONE"
    BASE = "BASE"
    MERGE_SLASHES = "MERGE_SLASHES"
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"


class ProxyPathNormalization(ApiStruct, frozen=True):
    normalization: PathNormalization = PathNormalization.DEFAULT


class MeshTls(ApiStruct, frozen=True):
    min_protocol_version: TlsProtocol = TlsProtocol.TLS_AUTO
    ecdh_curves: Any = None
    cipher_suites: Any = None


class ForwardClientCertDetails(enum.StrEnum):
    UNDEFINED = "UNDEFINED"
    SANITIZE = "SANITIZE"
    FORWARD_ONLY = "FORWARD_ONLY"
    APPEND_FORWARD = "APPEND_FORWARD"
    SANITIZE_SET = "SANITIZE_SET"
    ALWAYS_FORWARD_ONLY = "ALWAYS_FORWARD_ONLY"


class GatewayTopology(ApiStruct, frozen=True):
    """What stands before the gateways."""

    num_trusted_proxies: int = 0
    forward_client_cert_details: ForwardClientCertDetails = ForwardClientCertDetails.UNDEFINED
    proxy_protocol: dict[str, Any] | None = None


class DefaultProxyConfig(ApiStruct, frozen=True):
    """With what proxies are started, unless a ProxyConfig or their pod says otherwise."""

    concurrency: int | None = None
    drain_duration: str | None = None
    hold_application_until_proxy_starts: bool = False
    gateway_topology: GatewayTopology | None = None
    proxy_metadata: dict[str, str] = {}
    image: Any = None
    access_log_service: Any = field(name="envoyAccessLogService", default=None)
    availability_zone: Any = None
    binary_path: Any = None
    ca_certificates_pem: Any = None
    config_path: Any = None
    connection_settings: Any = None
    control_plane_auth_policy: Any = None
    custom_config_file: Any = None
    discovery_address: Any = None
    extra_stat_tags: Any = None
    file_flush_interval: Any = None
    file_flush_min_size_kb: Any = None
    interception_mode: Any = None
    mesh_id: Any = None
    metrics_service: Any = field(name="envoyMetricsService", default=None)
    private_key_provider: Any = None
    proxy_admin_port: Any = None
    proxy_bootstrap_template_path: Any = None
    proxy_headers: Any = None
    proxy_stats_matcher: Any = None
    readiness_probe: Any = None
    runtime_values: Any = None
    sds: Any = None
    service_cluster: Any = None
    stat_name_length: Any = None
    statsd_udp_address: Any = None
    status_port: Any = None
    termination_drain_duration: Any = None
    tracing: Any = None
    zipkin_address: Any = None


class MeshConfig(ApiStruct, frozen=True):
    trust_domain: str = ""
    trust_domain_aliases: list[str] = []
    root_namespace: str = ""
    enable_auto_mtls: bool = True
    outbound_traffic_policy: MeshOutboundTrafficPolicy | None = None
    inbound_traffic_policy: MeshInboundTrafficPolicy | None = None
    protocol_detection_timeout: str | None = None
    connect_timeout: str | None = None
    dns_refresh_rate: str | None = None
    locality_lb_setting: LocalityLbSetting | None = None
    default_http_retry_policy: HttpRetry | None = None
    default_inbound_http_retry_policy: HttpRetry | None = None
    default_traffic_policy: TrafficPolicy | None = None
    default_service_export_to: list[str] = []
    default_virtual_service_export_to: list[str] = []
    default_destination_rule_export_to: list[str] = []
    service_settings: list[ServiceSettings] = []
    discovery_selectors: list[LabelSelector] = []
    path_normalization: ProxyPathNormalization | None = None
    mesh_mtls: MeshTls | None = field(name="meshMTLS", default=None)
    proxy_http_port: int = 0
    h2_upgrade_policy: H2UpgradePolicy = H2UpgradePolicy.DEFAULT
    default_config: DefaultProxyConfig | None = None
    access_log_encoding: Any = None
    access_log_file: Any = None
    access_log_format: Any = None
    ca: Any = None
    ca_certificates: Any = None
    certificates: Any = None
    config_sources: Any = None
    default_providers: Any = None
    disable_envoy_listener_log: Any = None
    enable_envoy_access_log_service: Any = None
    enable_prometheus_merge: Any = None
    enable_tracing: Any = None
    extension_providers: Any = None
    inbound_cluster_stat_name: Any = None
    ingress_class: Any = None
    ingress_controller_mode: Any = None
    ingress_selector: Any = None
    ingress_service: Any = None
    outbound_cluster_stat_name: Any = None
    proxy_inbound_listen_port: Any = None
    proxy_listen_port: Any = None
    tcp_keepalive: Any = None
    thrift_config: Any = None
    tls_defaults: Any = None
    verify_certificate_at_client: Any = None
