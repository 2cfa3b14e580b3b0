"""DestinationRule (networking.istio.io): subsets of a host and the policy for traffic to it."""

import enum
from typing import ClassVar

from msgspec import field

from convoy.api.base import ApiObject, ApiStruct
from convoy.api.istio.common import NETWORKING, IstioStatus, PortSelector, WorkloadSelector


class SimpleLb(enum.StrEnum):
    UNSPECIFIED = "UNSPECIFIED"
    LEAST_CONN = "LEAST_CONN"
    RANDOM = "RANDOM"
    PASSTHROUGH = "PASSTHROUGH"
    ROUND_ROBIN = "ROUND_ROBIN"
    LEAST_REQUEST = "LEAST_REQUEST"


class CookieAttribute(ApiStruct, frozen=True):
    name: str
    value: str = ""


class HttpCookie(ApiStruct, frozen=True):
    name: str
    path: str = ""
    ttl: str | None = None
    attributes: list[CookieAttribute] = []


class RingHash(ApiStruct, frozen=True):
    minimum_ring_size: int | None = None


class Maglev(ApiStruct, frozen=True):
    table_size: int | None = None


class ConsistentHash(ApiStruct, frozen=True):
    http_header_name: str | None = None
    http_cookie: HttpCookie | None = None
    use_source_ip: bool | None = None
    http_query_parameter_name: str | None = None
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    minimum_ring_size: int | None = None


class LocalityDistribute(ApiStruct, frozen=True):
    from_: str = field(name="from", default="")
    to: dict[str, int] = {}


class LocalityFailover(ApiStruct, frozen=True):
    from_: str = field(name="from", default="")
    to: str = ""


class LocalityLbSetting(ApiStruct, frozen=True):
    distribute: list[LocalityDistribute] = []
    failover: list[LocalityFailover] = []
    failover_priority: list[str] = []
    enabled: bool | None = None


class ZoneAwareLbSetting(ApiStruct, frozen=True):
    enabled: bool | None = None
    min_cluster_size: int | None = None
    failover: list[LocalityFailover] = []
    failover_priority: list[str] = []


class Warmup(ApiStruct, frozen=True):
    duration: str | None = None
    minimum_percent: float | None = None
    aggression: float | None = None


class BackendUtilization(ApiStruct, frozen=True):
    weight_stabilization_period: str | None = None
    weight_expiration_period: str | None = None
    weight_update_period: str | None = None
    error_utilization_penalty_percent: int | None = None
    metric_names_for_computing_utilization: list[str] = []


class LoadBalancer(ApiStruct, frozen=True):
    simple: SimpleLb | None = None
    consistent_hash: ConsistentHash | None = None
    backend_utilization: BackendUtilization | None = None
    locality_lb_setting: LocalityLbSetting | None = None
    zone_aware_lb_setting: ZoneAwareLbSetting | None = None
    warmup: Warmup | None = None
    warmup_duration_secs: str | None = None


class TcpKeepalive(ApiStruct, frozen=True):
    probes: int | None = None
    time: str | None = None
    interval: str | None = None


class TcpPool(ApiStruct, frozen=True):
    max_connections: int | None = None
    connect_timeout: str | None = None
    tcp_keepalive: TcpKeepalive | None = None
    max_connection_duration: str | None = None
    idle_timeout: str | None = None


class H2UpgradePolicy(enum.StrEnum):
    DEFAULT = "DEFAULT"
    DO_NOT_UPGRADE = "DO_NOT_UPGRADE"
    UPGRADE = "UPGRADE"


class Http2KeepAlive(ApiStruct, frozen=True):
    interval: str | None = None
    timeout: str | None = None


class HttpPool(ApiStruct, frozen=True):
    http1_max_pending_requests: int | None = None
    http2_max_requests: int | None = None
    max_requests_per_connection: int | None = None
    max_retries: int | None = None
    idle_timeout: str | None = None
    h2_upgrade_policy: H2UpgradePolicy | None = None
    use_client_protocol: bool | None = None
    max_concurrent_streams: int | None = None
    http2_keep_alive: Http2KeepAlive | None = None


class ConnectionPool(ApiStruct, frozen=True):
    tcp: TcpPool | None = None
    http: HttpPool | None = None


class OutlierDetection(ApiStruct, frozen=True):
    consecutive_errors: int | None = None
    split_external_local_origin_errors: bool | None = None
    consecutive_local_origin_failures: int | None = None
    consecutive_gateway_errors: int | None = None
    consecutive_5xx_errors: int | None = field(name="consecutive5xxErrors", default=None)
    interval: str | None = None
    base_ejection_time: str | None = None
    max_ejection_percent: int | None = None
    min_health_percent: int | None = None
    outlier_detection_http_error_codes: list[int] = []


class ClientTlsMode(enum.StrEnum):
    DISABLE = "DISABLE"
    SIMPLE = "SIMPLE"
    MUTUAL = "MUTUAL"
    ISTIO_MUTUAL = "ISTIO_MUTUAL"


class ClientTlsSettings(ApiStruct, frozen=True):
    mode: ClientTlsMode = ClientTlsMode.DISABLE
    client_certificate: str = ""
    private_key: str = ""
    ca_certificates: str = ""
    ca_crl: str = ""
    credential_name: str = ""
    subject_alt_names: list[str] = []
    sni: str = ""
    insecure_skip_verify: bool | None = None


class Tunnel(ApiStruct, frozen=True):
    protocol: str = ""
    target_host: str = ""
    target_port: int = 0


class ProxyProtocol(ApiStruct, frozen=True):
    version: str = "V1"


class RetryBudget(ApiStruct, frozen=True):
    percent: float | None = None
    min_retry_concurrency: int | None = None
    budget_interval: str | None = None


class PortTrafficPolicy(ApiStruct, frozen=True):
    """Replaces, for one port, the fields it may set: a port's policy does not inherit them."""

    port: PortSelector | None = None
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTlsSettings | None = None


class TrafficPolicy(ApiStruct, frozen=True):
    load_balancer: LoadBalancer | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTlsSettings | None = None
    port_level_settings: list[PortTrafficPolicy] = []
    tunnel: Tunnel | None = None
    proxy_protocol: ProxyProtocol | None = None
    retry_budget: RetryBudget | None = None


class Subset(ApiStruct, frozen=True):
    name: str
    labels: dict[str, str] = {}
    traffic_policy: TrafficPolicy | None = None


class DestinationRuleSpec(ApiStruct, frozen=True):
    host: str
    traffic_policy: TrafficPolicy | None = None
    subsets: list[Subset] = []
    export_to: list[str] = []
    workload_selector: WorkloadSelector | None = None


class DestinationRule(ApiObject, frozen=True):
    KIND: ClassVar[str] = "DestinationRule"
    API_VERSIONS: ClassVar[tuple[str, ...]] = NETWORKING

    spec: DestinationRuleSpec
    status: IstioStatus = IstioStatus()
