"""The pods of a Service as addresses, with the ports that each of them really has. Pure.

A pod that ends is not ready from that moment on, whatever its probes say, so that no new connections are
sent to it while it still answers the old ones
(https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from convoy.cluster.controllers.objects import (
    Json,
    is_deleting,
    labels_of,
    metadata_of,
    name_of,
    namespace_of,
    spec_of,
    status_of,
    uid_of,
    without_empty,
)
from convoy.cluster.controllers.pods import is_finished, is_ready
from convoy.cluster.store.selectors import label_selector_of

ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A port of a pod under the name that the Service gives it."""

    name: str
    protocol: str
    port: int
    app_protocol: str = ""

    def to_json(self) -> Json:
        """As in an EndpointSlice or in Endpoints."""
        ports = {"name": self.name, "port": self.port, "protocol": self.protocol}
        return {**ports, **without_empty({"appProtocol": self.app_protocol})}


@dataclass(frozen=True, slots=True)
class Address:
    """One pod behind a Service."""

    ip: str
    namespace: str
    pod: str
    uid: str
    ports: tuple[Port, ...]
    ready: bool  # may be sent new connections
    serving: bool  # its readiness alone
    terminating: bool
    node: str = ""
    zone: str = ""
    hostname: str = ""

    @property
    def target(self) -> Json:
        """The reference to the pod."""
        return {"kind": "Pod", "name": self.pod, "namespace": self.namespace, "uid": self.uid}


def selects(service: Json, labels: Mapping[str, str]) -> bool:
    """Whether a Service selects by labels, and these."""
    selector = selector_of(service)
    return bool(selector) and label_selector_of({"matchLabels": selector}).matches(labels)


def selector_of(service: Json) -> Mapping[str, str]:
    """The labels of a Service's pods; empty for one whose endpoints others manage, or that has none."""
    if spec_of(service).get("type") == "ExternalName":
        return {}
    return spec_of(service).get("selector") or {}


def is_headless(service: Json) -> bool:
    """Whether it has no address of its own."""
    return bool(spec_of(service).get("clusterIP") == "None")


def publishes_not_ready(service: Json) -> bool:
    """Whether it shows pods before they are ready, and while they end."""
    return bool(spec_of(service).get("publishNotReadyAddresses"))


def pod_facts(pod: Json) -> tuple[Any, ...]:
    """What of a pod can change an endpoint: equal facts, equal endpoints."""
    spec, status = spec_of(pod), status_of(pod)
    placed = (spec.get("nodeName"), spec.get("hostname"), spec.get("subdomain"))
    is_there = (is_ready(pod), is_finished(pod), is_deleting(pod), status.get("podIP"))
    return (labels_of(pod), *placed, *is_there, uid_of(pod))


def addresses_of(service: Json, pods: Iterable[Json], zones: Mapping[str, str]) -> list[Address]:
    """The Service's pods that have an address, by name; `zones` tells the zone of each node."""
    publishes = publishes_not_ready(service)
    found = []
    for pod in pods:
        ip = str(status_of(pod).get("podIP") or "")
        if not ip or is_finished(pod) or not selects(service, labels_of(pod)):
            continue
        serving, terminating = is_ready(pod), is_deleting(pod)
        node = str(spec_of(pod).get("nodeName") or "")
        found.append(
            Address(
                ip=ip,
                namespace=namespace_of(pod),
                pod=name_of(pod),
                uid=uid_of(pod),
                ports=resolve_ports(service, pod),
                ready=publishes or (serving and not terminating),
                serving=serving,
                terminating=terminating,
                node=node,
                zone=zones.get(node, ""),
                hostname=_hostname(service, pod),
            )
        )
    return sorted(found, key=lambda each: each.pod)


def _hostname(service: Json, pod: Json) -> str:
    spec = spec_of(pod)
    is_named = spec.get("hostname") and spec.get("subdomain") == name_of(service)
    return str(spec["hostname"]) if is_named and namespace_of(pod) == namespace_of(service) else ""


def resolve_ports(service: Json, pod: Json) -> tuple[Port, ...]:
    """The Service's ports at a pod; those that name a port the pod does not have are left out."""
    ports = []
    for port in spec_of(service).get("ports") or ():
        protocol = port.get("protocol") or "TCP"
        number = _target(port, protocol, pod)
        if number is not None:
            ports.append(Port(port.get("name") or "", protocol, number, port.get("appProtocol") or ""))
    return tuple(sorted(ports))


def _target(port: Json, protocol: str, pod: Json) -> int | None:
    target = port.get("targetPort") or port["port"]
    if isinstance(target, int):
        return target
    sidecars = (
        each for each in spec_of(pod).get("initContainers") or () if each.get("restartPolicy") == "Always"
    )
    for container in (*(spec_of(pod).get("containers") or ()), *sidecars):
        for declared in container.get("ports") or ():
            if declared.get("name") == target and (declared.get("protocol") or "TCP") == protocol:
                return int(declared["containerPort"])
    return None


def zones_of(nodes: Iterable[Json]) -> dict[str, str]:
    """The zone of each node that has one."""
    return {
        name_of(node): labels_of(node)[ZONE]
        for node in nodes
        if ZONE in (metadata_of(node).get("labels") or {})
    }
