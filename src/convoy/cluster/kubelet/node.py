"""The node's own objects: its Node, whose conditions say that it is ready, and its Lease: that it lives."""

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from convoy.cluster.kubelet.settings import NodeSettings
from convoy.cluster.machinery.conditions import transition_time
from convoy.cluster.machinery.requests import WriteOptions, system_user
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry.registry import Registry
from convoy.kit.clock import Clock
from convoy.kit.logs import get_logger
from convoy.kit.times import format_micro_time, format_time

Json = dict[str, Any]
KUBELET_VERSION = "v1.32.3"
LEASES = "kube-node-lease"
_HEARTBEAT = 10.0
_LEASE_SECONDS = 40
_PODS = "110"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)
log = get_logger("cluster.kubelet")


def read_capacity(folder: Path) -> dict[str, str]:
    """What this machine has, as quantities."""
    disk = os.statvfs(folder)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{memory >> 10}Ki",
        "ephemeral-storage": f"{disk.f_blocks * disk.f_frsize >> 10}Ki",
        "hugepages-2Mi": "0",
        "pods": _PODS,
    }


def node_labels(node: NodeSettings) -> dict[str, str]:
    """The labels that a kubelet gives its node."""
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    labels = {
        "beta.kubernetes.io/arch": architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
    }
    if node.region:
        labels["topology.kubernetes.io/region"] = node.region
    if node.zone:
        labels["topology.kubernetes.io/zone"] = node.zone
    return labels | dict(node.labels)


def build_node(node: NodeSettings) -> Json:
    """The Node as it is registered."""
    spec: Json = {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr]} if node.pod_cidr else {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "labels": node_labels(node),
            "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": spec,
    }


def build_node_status(old: Json, *, name: str, address: str, capacity: Mapping[str, str], now: str) -> Json:
    """The status of a node that is well; `old` is the one so far, of which others' conditions stay."""
    known = {each["type"]: each for each in old.get("conditions") or []}
    ours = [
        *(_condition(known, kind, "False", reason, message, now=now) for kind, reason, message in _PRESSURES),
        _condition(known, "Ready", "True", "KubeletReady", "kubelet is posting ready status", now=now),
    ]
    names = {each["type"] for each in ours}
    return {
        **old,
        "capacity": dict(capacity),
        "allocatable": dict(capacity),
        "conditions": [*(each for kind, each in known.items() if kind not in names), *ours],
        "addresses": [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": node_info(name),
    }


def _condition(
    known: Mapping[str, Json], kind: str, status: str, reason: str, message: str, *, now: str
) -> Json:
    return {
        "type": kind,
        "status": status,
        "lastHeartbeatTime": now,
        "lastTransitionTime": transition_time(known.get(kind), status, now),
        "reason": reason,
        "message": message,
    }


def node_info(name: str) -> Json:
    """What runs the pods. The ids are the node's name: those of this machine are nobody's business."""
    return {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "bootID": name,
        "containerRuntimeVersion": "convoy://1.0.0",
        "kernelVersion": platform.release(),
        "kubeProxyVersion": KUBELET_VERSION,
        "kubeletVersion": KUBELET_VERSION,
        "machineID": name,
        "operatingSystem": "linux",
        "osImage": "Convoy embedded cluster",
        "systemUUID": name,
    }


def build_lease(name: str, uid: str, moment: str) -> Json:
    """The node's Lease."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": LEASES, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": moment},
    }


class NodeKeeper:
    """Registers one node and keeps it ready."""

    def __init__(self, node: NodeSettings, *, registry: Registry, address: str, clock: Clock) -> None:
        self._node = node
        self._registry = registry
        self._address = address
        self._clock = clock
        self._nodes = registry.resources.stored("nodes")
        self._leases = registry.resources.stored("coordination.k8s.io/leases")
        node.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.capacity = read_capacity(node.folder)

    async def register(self) -> None:
        """Make the Node, or take up the one there is, with the labels of today; then it is ready."""
        wanted = build_node(self._node)

        def relabel(node: Json) -> Json:
            metadata = node["metadata"]
            labels = {**(metadata.get("labels") or {}), **wanted["metadata"]["labels"]}
            return {**node, "metadata": {**metadata, "labels": labels}}

        if self._registry.find(self._nodes, "", self._node.name) is None:
            await self._registry.create(self._nodes, "", wanted, self._options())
        else:
            await self._registry.modify(self._nodes, "", self._node.name, relabel, self._options())
        await self._beat()

    async def run(self) -> None:
        """Renew status and lease, until cancelled; a node that somebody deleted is registered again."""
        while True:
            await self._clock.sleep(_HEARTBEAT)
            try:
                if self._registry.find(self._nodes, "", self._node.name) is None:
                    await self.register()
                await self._beat()
            except StatusError as error:
                log.warning("node not renewed", node=self._node.name, detail=error.message)

    async def _beat(self) -> None:
        now = self._clock.now()

        def renew(node: Json) -> Json:
            status = build_node_status(
                node.get("status") or {},
                name=self._node.name,
                address=self._address,
                capacity=self.capacity,
                now=format_time(now),
            )
            return {**node, "status": status}

        stored = await self._registry.modify(
            self._nodes, "", self._node.name, renew, self._options(), subresource="status"
        )
        with suppress(StatusError):  # its namespace is made by somebody else, perhaps later
            await self._renew_lease(stored.object["metadata"]["uid"], format_micro_time(now))

    async def _renew_lease(self, uid: str, moment: str) -> None:
        lease = build_lease(self._node.name, uid, moment)
        if self._registry.find(self._leases, LEASES, self._node.name) is None:
            await self._registry.create(self._leases, LEASES, lease, self._options())
            return

        def renew(old: Json) -> Json:
            return {**old, "spec": {**(old.get("spec") or {}), **lease["spec"]}}

        await self._registry.modify(self._leases, LEASES, self._node.name, renew, self._options())

    def _options(self) -> WriteOptions:
        return WriteOptions(user=system_user(f"node:{self._node.name}"), manager="kubelet", is_internal=True)
