"""Which ports an application must listen on before its pod counts as ready.

A container without a readiness probe is ready for Kubernetes as soon as its process runs, and for a while
nobody listens: callers would be refused at every restart. So the sidecar waits for the ports that such a
container declares, and keeps its pod unready; the agent bounds how long, because a declared port need not be
used.

A member of a WorkloadGroup is asked by its agent as the group says, and its pod is unready until it is well.
"""

from msgspec.structs import replace

from convoy.api.kube.core import Container, EnvVar, HttpGetAction, Pod, Probe
from convoy.inject.decision import PROXY
from convoy.inject.proxy_container import READINESS_PORT

AWAITED_PORTS = "AWAITED_PORTS"
SERVING_PATH = "/healthz/serving"
GROUP = "ISTIO_META_AUTO_REGISTER_GROUP"
_SERVING = Probe(
    http_get=HttpGetAction(port=READINESS_PORT, path=SERVING_PATH),
    period_seconds=2,
    timeout_seconds=3,
    failure_threshold=3,
)


def await_ports(proxy: Container, pod: Pod) -> Container:
    """The sidecar, told to wait for its pod's ports; the same where there is nothing to wait for, or it has a
    probe.
    """
    ports = awaited_ports(pod)
    is_member = any(each.name == GROUP and each.value for each in proxy.env)
    if not (ports or is_member) or proxy.readiness_probe is not None:
        return proxy
    told = [EnvVar(name=AWAITED_PORTS, value=",".join(map(str, ports)))] if ports else []
    # The agent has counted failures already, as the group says.
    probe = replace(_SERVING, period_seconds=1, failure_threshold=1) if is_member else _SERVING
    return replace(proxy, env=[*proxy.env, *told], readiness_probe=probe)


def awaited_ports(pod: Pod) -> list[int]:
    """TCP ports that containers without a readiness probe declare."""
    silent = [each for each in pod.spec.containers if each.name != PROXY and each.readiness_probe is None]
    declared = {port.container_port for each in silent for port in each.ports if port.protocol in ("", "TCP")}
    return sorted(declared)
