"""Who this proxy is and where its files are, as told by the pod's environment."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from convoy.agent.app_probes import VARIABLE as PROBES_VARIABLE
from convoy.agent.app_probes import AppProbe, parse_probes
from convoy.agent.errors import SettingsError
from convoy.dns.upstream import parse_nameservers

ProxyType = Literal["sidecar", "router"]

DEFAULT_DISCOVERY_HOST = "istiod.istio-system.svc"
CLUSTER_DOMAIN = "cluster.local"
XDS_PORT = 15012
AGENT_API_PORT = 15016
ADMIN_PORT = 15000
READINESS_PORT = 15021
PROBE_PORT = 15020
DNS_PORT = 15053
# Asked by Envoy alone, and never answered from the name table.
FORWARDER_PORT = 15054

# A gateway lets connections that it carries as bytes live on until their callers renew them by themselves.
DRAIN_SECONDS = {"router": 12, "sidecar": 2}
AWAITED_PORTS = "AWAITED_PORTS"
# The node metadata that names the WorkloadGroup of the workload.
GROUP = "AUTO_REGISTER_GROUP"
_METADATA_PREFIX = "ISTIO_META_"


class AgentFiles(msgspec.Struct, frozen=True):
    """Where the pod's files are; the defaults are a contract with the injector and the control plane."""

    token: Path = Path("/var/run/secrets/tokens/istio-token")
    roots: Path = Path("/var/run/secrets/istio/root-cert.pem")
    sds_folder: Path = Path("/var/run/convoy/sds")
    bootstrap: Path = Path("/var/run/convoy/envoy.json")
    drain: Path = Path("/var/run/convoy/drain")


class AgentSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent needs to know."""

    pod_name: str
    namespace: str
    service_account: str
    instance_ip: str
    proxy_type: ProxyType
    trust_domain: str = "cluster.local"
    discovery_host: str = DEFAULT_DISCOVERY_HOST
    mark: int | None = None
    """The mark on sockets that capture leaves alone; None where nothing is captured."""
    concurrency: int = 1
    envoy_drain_seconds: int | None = None
    """How long connections of a removed filter chain live on; None: as the proxy's type has it."""
    drain_seconds: float = DRAIN_SECONDS["router"]
    """How long open connections may go on after SIGTERM."""
    metadata: Mapping[str, str] = {}
    """Node metadata from `ISTIO_META_*`, without the prefix."""
    nameservers: tuple[str, ...] = ()
    probes: Mapping[str, AppProbe] = {}
    """The applications' probes that the kubelet makes here, by path."""
    awaited_ports: tuple[int, ...] = ()
    """Ports that an application without a readiness probe declares."""
    files: AgentFiles = AgentFiles()

    @property
    def captures(self) -> bool:
        """Whether the pod's connections are redirected to this proxy."""
        return self.proxy_type == "sidecar"

    @property
    def discovery_name(self) -> str:
        """The DNS name that the control plane's certificate must have."""
        return DEFAULT_DISCOVERY_HOST if is_address(self.discovery_host) else self.discovery_host


def parse_settings(
    env: Mapping[str, str], *, resolv_conf: str = "", files: AgentFiles | None = None
) -> AgentSettings:
    """Settings from a pod's environment and resolv.conf; SettingsError names every variable that is wrong."""
    missing = [name for name in _REQUIRED if not env.get(name)]
    if missing:
        raise SettingsError(f"The environment lacks {', '.join(missing)}; the injector sets them.")
    proxy_type = env["PROXY_TYPE"]
    if proxy_type not in ("sidecar", "router"):
        raise SettingsError(f'PROXY_TYPE is "{proxy_type}"; it must be sidecar or router.')
    if not is_address(env["INSTANCE_IP"]):
        raise SettingsError(f'INSTANCE_IP is "{env["INSTANCE_IP"]}"; it must be the address of the pod.')
    return AgentSettings(
        pod_name=env["POD_NAME"],
        namespace=env["POD_NAMESPACE"],
        service_account=env["SERVICE_ACCOUNT"],
        instance_ip=env["INSTANCE_IP"],
        proxy_type="sidecar" if proxy_type == "sidecar" else "router",
        trust_domain=env.get("TRUST_DOMAIN") or "cluster.local",
        discovery_host=env.get("DISCOVERY_HOST") or DEFAULT_DISCOVERY_HOST,
        mark=_parse_mark(env, proxy_type),
        concurrency=_parse_number(env, "PROXY_CONCURRENCY", default=1),
        envoy_drain_seconds=_parse_number(env, "PROXY_DRAIN_SECONDS", default=0) or None,
        drain_seconds=_parse_number(env, "DRAIN_SECONDS", default=DRAIN_SECONDS[proxy_type]),
        metadata={
            name.removeprefix(_METADATA_PREFIX): value
            for name, value in sorted(env.items())
            if name.startswith(_METADATA_PREFIX) and value
        },
        nameservers=parse_nameservers(resolv_conf),
        probes=parse_probes(env.get(PROBES_VARIABLE, "")),
        awaited_ports=_parse_ports(env),
        files=files or AgentFiles(),
    )


def is_address(host: str) -> bool:
    """Whether a host is given as an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def absolute_host(host: str) -> str:
    """A host name that resolves without a search list: `x.y.svc` is completed with the cluster's domain."""
    return f"{host}.{CLUSTER_DOMAIN}" if host.endswith(".svc") else host


def _parse_mark(env: Mapping[str, str], proxy_type: str) -> int | None:
    if env.get("INTERCEPTION_MARK"):
        return _parse_number(env, "INTERCEPTION_MARK", default=0)
    if proxy_type == "sidecar":
        raise SettingsError("INTERCEPTION_MARK is empty; a sidecar cannot tell its own connections apart.")
    return None


def _parse_ports(env: Mapping[str, str]) -> tuple[int, ...]:
    texts = [text for text in env.get(AWAITED_PORTS, "").split(",") if text]
    wrong = [text for text in texts if not text.isascii() or not text.isdigit() or int(text) >= 2**16]
    if wrong:
        raise SettingsError(f'{AWAITED_PORTS} has "{wrong[0]}"; it must be port numbers with commas between.')
    return tuple(map(int, texts))


def _parse_number(env: Mapping[str, str], name: str, *, default: int) -> int:
    text = env.get(name) or str(default)
    if not text.isascii() or not text.isdigit() or int(text) >= 2**31:
        raise SettingsError(f'{name} is "{text}"; it must be a whole number, not negative.')
    return int(text)


_REQUIRED = ("POD_NAME", "POD_NAMESPACE", "SERVICE_ACCOUNT", "INSTANCE_IP", "PROXY_TYPE")
