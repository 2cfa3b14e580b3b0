"""All pods of a cluster behind one PodAccess: each request goes to the kubelet of the pod's node."""

import socket
from collections.abc import AsyncIterator, Mapping

from convoy.cluster.kubelet.kubelets import Kubelet
from convoy.cluster.machinery.pod_access import LogOptions, Session
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import bad_request, not_found
from convoy.cluster.registry.registry import Registry


class ClusterPods:
    """The PodAccess of a cluster. `kubelets` by node name; it may grow later."""

    def __init__(self, registry: Registry, kubelets: Mapping[str, Kubelet]) -> None:
        self._registry = registry
        self._kubelets = kubelets
        found = registry.resources.find("", "v1", "pods")
        assert found is not None
        self._pods: Resource = found

    def _kubelet(self, namespace: str, name: str) -> Kubelet:
        stored = self._registry.find(self._pods, namespace, name)
        if stored is None:
            raise not_found(self._pods, name)
        node = stored.object["spec"].get("nodeName", "")
        if not node:
            raise bad_request(f"pod {name} does not have a host assigned")
        if node not in self._kubelets:
            raise bad_request(f'node "{node}" of pod {name} does not run')
        return self._kubelets[node]

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """As PodAccess has it; refusals are raised at once."""
        return self._kubelet(namespace, pod).logs(namespace, pod, container, options)

    async def exec(
        self, namespace: str, pod: str, container: str, command: tuple[str, ...], *, stdin: bool, tty: bool
    ) -> Session:
        """As PodAccess has it."""
        kubelet = self._kubelet(namespace, pod)
        return await kubelet.exec(namespace, pod, container, command, stdin=stdin, tty=tty)

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> Session:
        """As PodAccess has it."""
        return await self._kubelet(namespace, pod).attach(namespace, pod, container, stdin=stdin, tty=tty)

    async def connect(self, namespace: str, pod: str, port: int) -> socket.socket:
        """As PodAccess has it."""
        return await self._kubelet(namespace, pod).connect(namespace, pod, port)
