"""Probes led through the agent, as Istio does: a kubelet has no certificate for a port of mutual TLS.

Each HTTP, TCP or gRPC probe becomes `GET /app-health/<container>/<probe>` at the agent's own port, which is
never captured. What it stood for is told to the agent by the variable `ISTIO_KUBE_APP_PROBERS`; it asks the
application from inside the pod. A command stays: the kubelet runs it in the container. So does a probe of
another host, and one whose port's name is not declared, which no kubelet can make.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from convoy.api.kube.core import Container, HttpGetAction, Pod, Probe
from convoy.inject.decision import PROXY

Definitions = dict[str, dict[str, Any]]

PROBERS = "ISTIO_KUBE_APP_PROBERS"
PROBE_PORT = 15020
REWRITE = "sidecar.istio.io/rewriteAppHTTPProbers"
_ENDINGS = {"liveness_probe": "livez", "readiness_probe": "readyz", "startup_probe": "startupz"}


def rewrite_probes(pod: Pod) -> tuple[Pod, Definitions]:
    """The pod with its applications' probes led through the agent, and what each stood for, by path.

    Probes that were rewritten before, and pods that say they want none, stay as they are.
    """
    if pod.metadata.annotations.get(REWRITE, "").lower() == "false":
        return pod, {}
    definitions: Definitions = {}
    spec = replace(
        pod.spec,
        containers=[_rewrite_container(each, definitions) for each in pod.spec.containers],
        init_containers=[_rewrite_container(each, definitions) for each in pod.spec.init_containers],
    )
    return (replace(pod, spec=spec), definitions) if definitions else (pod, {})


def find_unresolved(pod: Pod) -> Iterator[tuple[str, str]]:
    """Container and port of the probes whose port's name the container does not declare."""
    for container in (*pod.spec.init_containers, *pod.spec.containers):
        for field in _ENDINGS:
            probe: Probe | None = getattr(container, field)
            port = _port_of(probe) if probe is not None else None
            if port is not None and _number(port, container) is None:
                yield container.name, str(port)


def encode_definitions(definitions: Definitions) -> str:
    """The value of `ISTIO_KUBE_APP_PROBERS`."""
    return msgspec.json.encode(definitions).decode()


def decode_definitions(text: str) -> Definitions:
    """The definitions of an injected pod; none when there are none or they cannot be read."""
    try:
        return msgspec.json.decode(text, type=dict[str, dict[str, Any]])
    except msgspec.DecodeError:
        return {}


def _rewrite_container(container: Container, definitions: Definitions) -> Container:
    if container.name == PROXY:
        return container
    rewritten: dict[str, Probe] = {}
    for field, ending in _ENDINGS.items():
        probe: Probe | None = getattr(container, field)
        definition = _define(probe, container) if probe is not None else None
        if probe is None or definition is None:
            continue
        path = f"/app-health/{container.name}/{ending}"
        definitions[path] = {**definition, "timeoutSeconds": probe.timeout_seconds}
        asked = HttpGetAction(port=PROBE_PORT, path=path)
        rewritten[field] = replace(probe, http_get=asked, tcp_socket=None, grpc=None)
    return replace(container, **rewritten) if rewritten else container


def _define(probe: Probe, container: Container) -> dict[str, Any] | None:
    """What a probe asks of its pod; None when it does not, or was rewritten."""
    port = _port_of(probe)
    number = _number(port, container) if port is not None else None
    if number is None or number == PROBE_PORT:
        return None
    if probe.http_get is not None:
        asked = replace(probe.http_get, port=number, path=probe.http_get.path or "/")
        return {"httpGet": {"path": asked.path, **_plain(asked)}}
    if probe.tcp_socket is not None:
        return {"tcpSocket": {"port": number}}
    return {"grpc": {**(probe.grpc or {}), "port": number}}


def _port_of(probe: Probe) -> int | str | None:
    """The port that a probe asks the pod itself for."""
    for action in (probe.http_get, probe.tcp_socket):
        if action is not None:
            return None if action.host else action.port
    return probe.grpc.get("port") if probe.grpc is not None else None


def _number(port: int | str, container: Container) -> int | None:
    if isinstance(port, int) or port.isdigit():
        return int(port)
    return next((each.container_port for each in container.ports if each.name == port), None)


def _plain(action: HttpGetAction) -> Mapping[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(action)
    return plain
