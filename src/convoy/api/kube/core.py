"""Kubernetes core/v1: the kinds Convoy reads and, on the embedded cluster, runs.

Shapes follow the Kubernetes API reference (v1); JSON names that are not plain lowerCamelCase, such as
`podIP`, are spelled out.
"""

from typing import Any, ClassVar

from msgspec import field

from convoy.api.base import ApiObject, ApiStruct


class NamespaceSpec(ApiStruct, frozen=True):
    finalizers: list[str] = []


class Namespace(ApiObject, frozen=True):
    KIND: ClassVar[str] = "Namespace"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("v1",)

    spec: NamespaceSpec = NamespaceSpec()
    status: dict[str, Any] = {}


class Node(ApiObject, frozen=True):
    """Where pods run; only its labels are of use here."""

    KIND: ClassVar[str] = "Node"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("v1",)

    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


class ServicePort(ApiStruct, frozen=True):
    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    node_port: int | None = None
    app_protocol: str = ""


class ServiceSpec(ApiStruct, frozen=True):
    ports: list[ServicePort] = []
    selector: dict[str, str] = {}
    type: str = "ClusterIP"
    cluster_ip: str = field(name="clusterIP", default="")
    cluster_ips: list[str] = field(name="clusterIPs", default_factory=list)
    external_name: str = ""
    external_ips: list[str] = field(name="externalIPs", default_factory=list)
    load_balancer_ip: str = field(name="loadBalancerIP", default="")
    load_balancer_source_ranges: list[str] = []
    load_balancer_class: str = ""
    publish_not_ready_addresses: bool = False
    session_affinity: str = ""
    session_affinity_config: dict[str, Any] = {}
    external_traffic_policy: str = ""
    internal_traffic_policy: str = ""
    traffic_distribution: str = ""
    health_check_node_port: int | None = None
    allocate_load_balancer_node_ports: bool | None = None
    ip_families: list[str] = []
    ip_family_policy: str = ""


class LoadBalancerIngress(ApiStruct, frozen=True):
    ip: str = ""
    hostname: str = ""
    ip_mode: str = ""
    ports: list[dict[str, Any]] = []


class LoadBalancerStatus(ApiStruct, frozen=True):
    ingress: list[LoadBalancerIngress] = []


class ServiceStatus(ApiStruct, frozen=True):
    load_balancer: LoadBalancerStatus = LoadBalancerStatus()
    conditions: list[dict[str, Any]] = []


class Service(ApiObject, frozen=True):
    KIND: ClassVar[str] = "Service"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("v1",)

    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


class ContainerPort(ApiStruct, frozen=True):
    container_port: int
    name: str = ""
    protocol: str = "TCP"
    host_ip: str = field(name="hostIP", default="")
    host_port: int | None = None


class EnvVar(ApiStruct, frozen=True):
    name: str
    value: str = ""
    value_from: dict[str, Any] | None = None


class Capabilities(ApiStruct, frozen=True):
    add: list[str] = []
    drop: list[str] = []


class SecurityContext(ApiStruct, frozen=True):
    capabilities: Capabilities = Capabilities()
    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    privileged: bool | None = None
    allow_privilege_escalation: bool | None = None
    read_only_root_filesystem: bool | None = None
    seccomp_profile: dict[str, Any] = {}
    app_armor_profile: dict[str, Any] = {}
    proc_mount: str = ""
    se_linux_options: dict[str, Any] = {}
    windows_options: dict[str, Any] = {}


class HttpGetAction(ApiStruct, frozen=True):
    port: int | str
    path: str = "/"
    host: str = ""
    scheme: str = "HTTP"
    http_headers: list[dict[str, str]] = []


class TcpSocketAction(ApiStruct, frozen=True):
    port: int | str
    host: str = ""


class Probe(ApiStruct, frozen=True):
    http_get: HttpGetAction | None = None
    tcp_socket: TcpSocketAction | None = None
    exec: dict[str, list[str]] | None = None
    grpc: dict[str, Any] | None = None
    initial_delay_seconds: int = 0
    timeout_seconds: int = 1
    period_seconds: int = 10
    success_threshold: int = 1
    failure_threshold: int = 3
    termination_grace_period_seconds: int | None = None


class VolumeMount(ApiStruct, frozen=True):
    name: str
    mount_path: str
    sub_path: str = ""
    sub_path_expr: str = ""
    read_only: bool = False
    recursive_read_only: str = ""
    mount_propagation: str = ""


class Container(ApiStruct, frozen=True):
    name: str
    image: str = ""
    command: list[str] = []
    args: list[str] = []
    working_dir: str = ""
    ports: list[ContainerPort] = []
    env: list[EnvVar] = []
    env_from: list[dict[str, Any]] = []
    resources: dict[str, Any] = {}
    volume_mounts: list[VolumeMount] = []
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    startup_probe: Probe | None = None
    lifecycle: dict[str, Any] = {}
    image_pull_policy: str = ""
    security_context: SecurityContext = SecurityContext()
    restart_policy: str = ""
    stdin: bool = False
    stdin_once: bool = False
    tty: bool = False
    termination_message_path: str = ""
    termination_message_policy: str = ""
    volume_devices: list[dict[str, Any]] = []
    resize_policy: list[dict[str, Any]] = []


class EphemeralContainer(Container, frozen=True):
    """A container added to a running pod, to look into it."""

    target_container_name: str = ""


class Volume(ApiStruct, frozen=True):
    """One volume; the embedded cluster mounts the first sources, the others it only knows by name."""

    name: str
    secret: dict[str, Any] | None = None
    config_map: dict[str, Any] | None = None
    empty_dir: dict[str, Any] | None = None
    host_path: dict[str, Any] | None = None
    projected: dict[str, Any] | None = None
    downward_api: dict[str, Any] | None = field(name="downwardAPI", default=None)
    persistent_volume_claim: dict[str, Any] | None = None
    aws_elastic_block_store: dict[str, Any] | None = None
    azure_disk: dict[str, Any] | None = None
    azure_file: dict[str, Any] | None = None
    cephfs: dict[str, Any] | None = None
    cinder: dict[str, Any] | None = None
    csi: dict[str, Any] | None = None
    ephemeral: dict[str, Any] | None = None
    fc: dict[str, Any] | None = None
    flex_volume: dict[str, Any] | None = None
    flocker: dict[str, Any] | None = None
    gce_persistent_disk: dict[str, Any] | None = None
    git_repo: dict[str, Any] | None = None
    glusterfs: dict[str, Any] | None = None
    image: dict[str, Any] | None = None
    iscsi: dict[str, Any] | None = None
    nfs: dict[str, Any] | None = None
    photon_persistent_disk: dict[str, Any] | None = None
    portworx_volume: dict[str, Any] | None = None
    quobyte: dict[str, Any] | None = None
    rbd: dict[str, Any] | None = None
    scale_io: dict[str, Any] | None = field(name="scaleIO", default=None)
    storageos: dict[str, Any] | None = None
    vsphere_volume: dict[str, Any] | None = None


class PodSpec(ApiStruct, frozen=True):
    containers: list[Container] = []
    init_containers: list[Container] = []
    ephemeral_containers: list[EphemeralContainer] = []
    volumes: list[Volume] = []
    service_account_name: str = ""
    service_account: str = ""
    automount_service_account_token: bool | None = None
    node_name: str = ""
    node_selector: dict[str, str] = {}
    hostname: str = ""
    subdomain: str = ""
    dns_policy: str = "ClusterFirst"
    dns_config: dict[str, Any] = {}
    restart_policy: str = "Always"
    termination_grace_period_seconds: int | None = None
    active_deadline_seconds: int | None = None
    host_network: bool = False
    security_context: dict[str, Any] = {}
    image_pull_secrets: list[dict[str, Any]] = []
    affinity: dict[str, Any] = {}
    tolerations: list[dict[str, Any]] = []
    topology_spread_constraints: list[dict[str, Any]] = []
    host_aliases: list[dict[str, Any]] = []
    readiness_gates: list[dict[str, Any]] = []
    priority: int | None = None
    priority_class_name: str = ""
    preemption_policy: str = ""
    scheduler_name: str = ""
    enable_service_links: bool | None = None
    share_process_namespace: bool | None = None
    set_hostname_as_fqdn: bool | None = field(name="setHostnameAsFQDN", default=None)
    host_pid: bool = field(name="hostPID", default=False)
    host_ipc: bool = field(name="hostIPC", default=False)
    host_users: bool | None = None
    os: dict[str, Any] = {}
    overhead: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    resource_claims: list[dict[str, Any]] = []
    runtime_class_name: str = ""
    scheduling_gates: list[dict[str, Any]] = []


class PodIP(ApiStruct, frozen=True):
    ip: str


class PodCondition(ApiStruct, frozen=True):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_probe_time: str | None = None
    last_transition_time: str | None = None
    observed_generation: int | None = None


class PodStatus(ApiStruct, frozen=True):
    """Of a pod in a folder of files, `podIP` is the address it will run at: such pods are static."""

    phase: str = ""
    pod_ip: str = field(name="podIP", default="")
    pod_ips: list[PodIP] = field(name="podIPs", default_factory=list)
    host_ip: str = field(name="hostIP", default="")
    host_ips: list[dict[str, Any]] = field(name="hostIPs", default_factory=list)
    conditions: list[PodCondition] = []
    container_statuses: list[dict[str, Any]] = []
    init_container_statuses: list[dict[str, Any]] = []
    ephemeral_container_statuses: list[dict[str, Any]] = []
    resize: str = ""
    resource_claim_statuses: list[dict[str, Any]] = []
    message: str = ""
    reason: str = ""
    qos_class: str = ""
    start_time: str = ""
    nominated_node_name: str = ""
    observed_generation: int | None = None


class Pod(ApiObject, frozen=True):
    KIND: ClassVar[str] = "Pod"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("v1",)

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class Secret(ApiObject, frozen=True):
    """`data` holds base64 text; `string_data` plain text, which wins. Neither is ever printed."""

    KIND: ClassVar[str] = "Secret"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("v1",)

    type: str = "Opaque"
    data: dict[str, str] = {}
    string_data: dict[str, str] = {}
    immutable: bool | None = None

    def __repr__(self) -> str:
        keys = sorted({*self.data, *self.string_data})
        return f"Secret({self.metadata.namespace}/{self.metadata.name}, keys={keys})"


class ConfigMap(ApiObject, frozen=True):
    KIND: ClassVar[str] = "ConfigMap"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("v1",)

    data: dict[str, str] = {}
    binary_data: dict[str, str] = {}
    immutable: bool | None = None


class ServiceAccount(ApiObject, frozen=True):
    KIND: ClassVar[str] = "ServiceAccount"
    API_VERSIONS: ClassVar[tuple[str, ...]] = ("v1",)

    secrets: list[dict[str, Any]] = []
    image_pull_secrets: list[dict[str, Any]] = []
    automount_service_account_token: bool | None = None
