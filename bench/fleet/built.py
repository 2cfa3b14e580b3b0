"""A mesh of any size through Convoy's own pipeline: objects to view, snapshot, and encoded resources.

Each change is resolved and built as the control plane does it; `build_ms` tells what the last one cost.
"""

import time
from typing import Any

import msgspec

from bench.fleet.identity import CLIENT
from convoy.api.base import ApiObject
from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kinds import key_of
from convoy.api.kube.core import Pod, Service
from convoy.api.meta import ClusterID, ObjectKey
from convoy.config.view import EMPTY_VIEW, build_view
from convoy.mesh.memory import Memory
from convoy.mesh.model import MeshSettings, MeshSnapshot
from convoy.mesh.snapshot import build_snapshot
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import CLUSTER, ENDPOINT, ROUTE, XdsModel
from convoy.xds.cache.views import build_model

NAMESPACE = CLIENT.namespace
ISTIO = "networking.istio.io/v1"

CHANGES = ("changed route", "changed endpoint", "changed cluster", "new service")


class BuiltMesh:
    """`clients` pods behind `services` Services, each with a DestinationRule and a VirtualService."""

    def __init__(self, *, clients: int, services: int) -> None:
        self._objects: dict[ObjectKey, ApiObject] = {}
        self._services = services
        self._pods = clients
        self._timeout = 10
        for number in range(clients):
            self._put(_pod(number, f"client-{number}", service=number % services))
        for number in range(services):
            self._put_service(number)
        self._view = EMPTY_VIEW
        self._snapshot: MeshSnapshot | None = None
        self._memo = Memo()
        self._memory = Memory()
        self.build_ms = 0.0
        self.newest = self._build(None)

    def change(self, kind: str) -> dict[tuple[str, str], str]:
        """Change the mesh; gives the versions that every client must have then, by (type, name)."""
        before = self.newest
        middle = self._services // 2
        if kind == "changed route":
            self._timeout += 1
            self._put(_virtual_service(middle, timeout=self._timeout))
        elif kind == "changed endpoint":
            self._put(_pod(self._pods, "extra", service=middle))
            self._pods += 1
        elif kind == "changed cluster":
            self._put(_destination_rule(middle, connect_timeout="5s"))
        elif kind == "new service":
            self._put_service(self._services)
            self._services += 1
        self.newest = self._build(before)
        return _differences(before, self.newest)

    def _build(self, previous: XdsModel | None) -> XdsModel:
        start = time.perf_counter()
        self._view = build_view(self._view.number + 1, self._objects.values(), previous=self._view)
        settings = MeshSettings(cluster_id=ClusterID("bench"))
        self._snapshot, _ = build_snapshot(self._view, settings, self._snapshot, memory=self._memory)
        model = build_model(self._snapshot, previous, self._memo)
        self.build_ms = (time.perf_counter() - start) * 1000
        return model

    def _put(self, obj: ApiObject) -> None:
        self._objects[key_of(obj)] = obj

    def _put_service(self, number: int) -> None:
        self._put(_service(number))
        self._put(_destination_rule(number, connect_timeout="10s"))
        self._put(_virtual_service(number, timeout=10))


def _differences(before: XdsModel, after: XdsModel) -> dict[tuple[str, str], str]:
    """What is new to the first client, which sees what all see; its own listener does not change."""
    name = f"client-0.{NAMESPACE}"
    return {
        (kind, resource.name): resource.version
        for kind in (CLUSTER, ENDPOINT, ROUTE)
        for resource in after.proxies[name].of_type(kind).values()
        if before.proxies[name].of_type(kind).get(resource.name) != resource
    }


def _metadata(name: str, **labels: str) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "labels": labels}


def _pod(number: int, name: str, *, service: int) -> Pod:
    sidecar = {"security.istio.io/tlsMode": "istio"}
    return msgspec.convert(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": _metadata(name, app=f"service-{service}", version=f"v{number % 2 + 1}", **sidecar),
            "spec": {"serviceAccountName": CLIENT.service_account},
            "status": {"podIP": f"198.18.{number // 250}.{number % 250 + 2}"},
        },
        Pod,
    )


def _service(number: int) -> Service:
    return msgspec.convert(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _metadata(f"service-{number}"),
            "spec": {
                "clusterIP": f"198.19.{number // 250}.{number % 250 + 2}",
                "selector": {"app": f"service-{number}"},
                "ports": [{"name": "http", "port": 9080}],
            },
        },
        Service,
    )


def _destination_rule(number: int, *, connect_timeout: str) -> DestinationRule:
    subsets = [{"name": version, "labels": {"version": version}} for version in ("v1", "v2")]
    policy = {"connectionPool": {"tcp": {"connectTimeout": connect_timeout}}}
    return msgspec.convert(
        {
            "apiVersion": ISTIO,
            "kind": "DestinationRule",
            "metadata": _metadata(f"service-{number}"),
            "spec": {"host": f"service-{number}", "trafficPolicy": policy, "subsets": subsets},
        },
        DestinationRule,
    )


def _virtual_service(number: int, *, timeout: int) -> VirtualService:
    host = f"service-{number}"
    route = [{"destination": {"host": host, "subset": version}, "weight": 50} for version in ("v1", "v2")]
    return msgspec.convert(
        {
            "apiVersion": ISTIO,
            "kind": "VirtualService",
            "metadata": _metadata(host),
            "spec": {"hosts": [host], "http": [{"route": route, "timeout": f"{timeout}s"}]},
        },
        VirtualService,
    )
