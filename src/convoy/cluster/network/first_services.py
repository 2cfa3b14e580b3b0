"""The Services that every cluster has: `kubernetes`, which is its API server, and `kube-dns`.

What is behind them is no pod, so their EndpointSlices are written here, and again whenever they are not as
they should be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import WriteOptions, system_user
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.network.index import ServiceIndex
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key
from convoy.kit.logs import get_logger

Json = dict[str, Any]

_COMPONENT = "apiserver"
_SKIP_MIRROR = "endpointslice.kubernetes.io/skip-mirror"
log = get_logger("cluster.network")
_BY = {"endpointslice.kubernetes.io/managed-by": "convoy-network"}


@dataclass(frozen=True, slots=True)
class FirstService:
    """A Service with one address behind it; ports as (name, protocol, port, target port)."""

    namespace: str
    name: str
    cluster_ip: str
    ports: tuple[tuple[str, str, int, int], ...]
    labels: tuple[tuple[str, str], ...]
    behind: str

    def objects(self) -> list[tuple[str, Json]]:
        """Service, Endpoints and EndpointSlice with their kinds."""
        place = {"namespace": self.namespace, "name": self.name}
        return [
            ("Service", {"metadata": {**place, "labels": dict(self.labels)}, "spec": self._spec()}),
            (
                "Endpoints",
                {"metadata": {**place, "labels": {_SKIP_MIRROR: "true"}}, "subsets": [self._subset()]},
            ),
            ("EndpointSlice", {"metadata": {**place, "labels": self._slice_labels()}, **self._slice()}),
        ]

    def _spec(self) -> Json:
        ports = [
            {"name": name, "protocol": protocol, "port": port, "targetPort": target}
            for name, protocol, port, target in self.ports
        ]
        return {"type": "ClusterIP", "clusterIP": self.cluster_ip, "ports": ports, "sessionAffinity": "None"}

    def _offered(self) -> list[Json]:
        return [
            {"name": name, "port": target, "protocol": protocol}
            for name, protocol, _port, target in self.ports
        ]

    def _subset(self) -> Json:
        return {"addresses": [{"ip": self.behind}], "ports": self._offered()}

    def _slice_labels(self) -> Json:
        return {"kubernetes.io/service-name": self.name, **_BY}

    def _slice(self) -> Json:
        ready = {"ready": True, "serving": True, "terminating": False}
        return {
            "addressType": "IPv4",
            "endpoints": [{"addresses": [self.behind], "conditions": ready}],
            "ports": self._offered(),
        }


def api_service(cluster_ip: str, behind: str, port: int) -> FirstService:
    """`kubernetes.default`, whose API server listens on `behind`:`port`."""
    labels = (("component", "apiserver"), ("provider", "kubernetes"))
    return FirstService("default", "kubernetes", cluster_ip, (("https", "TCP", 443, port),), labels, behind)


def dns_service(cluster_ip: str, behind: str) -> FirstService:
    """`kube-dns.kube-system`, whose server listens on `behind`."""
    labels = (
        ("k8s-app", "kube-dns"),
        ("kubernetes.io/cluster-service", "true"),
        ("kubernetes.io/name", "CoreDNS"),
    )
    ports = (("dns", "UDP", 53, 53), ("dns-tcp", "TCP", 53, 53))
    return FirstService("kube-system", "kube-dns", cluster_ip, ports, labels, behind)


async def keep_first_service(registry: Registry, wanted: FirstService) -> None:
    """Make the Service's objects, or bring those there are up to date. Safe to repeat."""
    for kind, obj in wanted.objects():
        resource = next(each for each in BUILTIN if each.kind == kind)
        body = {"apiVersion": resource.api_version, "kind": kind, **obj}
        await _keep(registry, resource, Key(wanted.namespace, wanted.name), body)


async def watch_first_services(
    registry: Registry, index: ServiceIndex, services: Sequence[FirstService]
) -> None:
    """Make them again when somebody deletes them, until cancelled."""
    seen = 0
    while True:
        seen, _ = await index.changed.wait_newer(seen)
        for service in services:
            key = Key(service.namespace, service.name)
            if key not in index.services or not index.slices(key):
                try:
                    await keep_first_service(registry, service)
                except StatusError as error:
                    log.warning("service refused", service=key, detail=error.message)


async def _keep(registry: Registry, resource: Resource, key: Key, body: Json) -> None:
    options = WriteOptions(user=system_user(_COMPONENT), manager=_COMPONENT, is_internal=True)
    if registry.find(resource, key.namespace, key.name) is None:
        await registry.create(resource, key.namespace, body, options)
        return

    def change(current: Json) -> Json:
        for field, value in body.items():
            if field == "metadata":
                labels = {**(current["metadata"].get("labels") or {}), **value["labels"]}
                current["metadata"]["labels"] = labels
            elif field == "spec":
                current["spec"] |= value
            else:
                current[field] = value
        return current

    await registry.modify(resource, key.namespace, key.name, change, options)
