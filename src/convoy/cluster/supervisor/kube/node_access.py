"""What runs in a cluster's pods, whichever of its nodes they are on."""

import socket
from collections.abc import AsyncIterator, Mapping

from convoy.cluster.machinery.pod_access import LogOptions, PodAccess, Session
from convoy.cluster.machinery.statuses import StatusError, bad_request, not_found
from convoy.cluster.registry import Registry


class NodeAccess:
    """Implements `machinery.pod_access.PodAccess` by asking the pod's own node."""

    def __init__(self, registry: Registry, nodes: Mapping[str, PodAccess]) -> None:
        self._registry = registry
        self._nodes = nodes

    def _node(self, namespace: str, name: str) -> PodAccess:
        pods = self._registry.resources.stored("pods")
        stored = self._registry.find(pods, namespace, name)
        if stored is None:
            raise not_found(pods, name)
        node = stored.object.get("spec", {}).get("nodeName")
        if not node:
            raise bad_request(f"pod {name} does not have a host assigned")
        if node not in self._nodes:
            raise StatusError(500, "InternalError", f"Internal error occurred: node {node} is not known")
        return self._nodes[node]

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        return self._node(namespace, pod).logs(namespace, pod, container, options)

    async def exec(
        self, namespace: str, pod: str, container: str, command: tuple[str, ...], *, stdin: bool, tty: bool
    ) -> Session:
        return await self._node(namespace, pod).exec(namespace, pod, container, command, stdin=stdin, tty=tty)

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> Session:
        return await self._node(namespace, pod).attach(namespace, pod, container, stdin=stdin, tty=tty)

    async def connect(self, namespace: str, pod: str, port: int) -> socket.socket:
        return await self._node(namespace, pod).connect(namespace, pod, port)
