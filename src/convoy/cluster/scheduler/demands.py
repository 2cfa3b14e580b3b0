"""What a pod takes from its node: resources and host ports. Pure.

Init containers run one after the other, so only the largest counts; sidecars among them stay, so they are
added to all that start after them
(https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import Any

from convoy.cluster.controllers.objects import Json, metadata_of, spec_of, status_of
from convoy.cluster.schema.quantities import parse_quantity

PODS = "pods"  # every pod takes one of these
_ANY_IP = "0.0.0.0"


@lru_cache(maxsize=4096)
def thousandths(text: str) -> int:
    """An amount (`500m`, `1.5Gi`) in whole thousandths, rounded up; 0 for what is no amount."""
    try:
        return ceil(parse_quantity(text) * 1000)
    except ValueError:
        return 0


@dataclass(frozen=True, slots=True)
class HostPort:
    """A port of the node itself that a container wants."""

    protocol: str
    ip: str
    port: int

    def collides(self, other: "HostPort") -> bool:
        """Whether both cannot be had at once: all addresses collide with each."""
        if (self.protocol, self.port) != (other.protocol, other.port):
            return False
        return self.ip == other.ip or _ANY_IP in (self.ip, other.ip)


@dataclass(frozen=True, slots=True)
class Demand:
    """Requests in thousandths by resource, and host ports."""

    requests: Mapping[str, int]
    ports: tuple[HostPort, ...]


def demand_of(pod: Json) -> Demand:
    """What a pod takes."""
    spec = spec_of(pod)
    running = _total(spec.get("containers") or ())
    sidecars: Counter[str] = Counter()
    largest: Counter[str] = Counter()
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            sidecars += _requests(container)
            largest |= sidecars
        else:
            largest |= _requests(container) + sidecars
    total = (running + sidecars) | largest
    total += Counter({name: thousandths(str(value)) for name, value in (spec.get("overhead") or {}).items()})
    return Demand({**total, PODS: 1000}, tuple(_ports(spec)))


def _requests(container: Json) -> Counter[str]:
    requests = (container.get("resources") or {}).get("requests") or {}
    return Counter({name: thousandths(str(value)) for name, value in requests.items()})


def _total(containers: Any) -> Counter[str]:
    total: Counter[str] = Counter()
    for container in containers:
        total += _requests(container)
    return total


def _ports(spec: Json) -> list[HostPort]:
    containers = [
        *(spec.get("containers") or ()),
        *(each for each in spec.get("initContainers") or () if each.get("restartPolicy") == "Always"),
    ]
    return [
        HostPort(port.get("protocol") or "TCP", port.get("hostIP") or _ANY_IP, int(port["hostPort"]))
        for container in containers
        for port in container.get("ports") or ()
        if port.get("hostPort")
    ]


def allocatable_of(node: Json) -> dict[str, int]:
    """What a node has to give, in thousandths."""
    told = status_of(node).get("allocatable") or status_of(node).get("capacity") or {}
    return {name: thousandths(str(value)) for name, value in told.items()}


class DemandCache:
    """Demands by pod, worked out once for each state of it."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Demand]] = {}

    def of(self, pod: Json) -> Demand:
        """The demand of a pod."""
        metadata = metadata_of(pod)
        uid, version = metadata.get("uid") or "", metadata.get("resourceVersion") or ""
        known = self._known.get(uid)
        if known is None or known[0] != version or not version:
            known = self._known[uid] = (version, demand_of(pod))
        return known[1]

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        self._known.pop(uid, None)
