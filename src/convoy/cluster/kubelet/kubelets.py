"""A node's agent: runs the pods that are bound to its node, and tells the API how they are."""

import socket
from collections.abc import AsyncIterator

from convoy.cluster.kubelet.networks import PodNetwork
from convoy.cluster.kubelet.settings import MakeSandbox, NodeSettings
from convoy.cluster.machinery.pod_access import LogOptions, Session
from convoy.cluster.registry.registry import Registry
from convoy.cluster.tokens import TokenIssuer


class Kubelet:
    """Runs one node's pods. Implements `machinery.pod_access.PodAccess` for them."""

    def __init__(
        self,
        node: NodeSettings,
        *,
        registry: Registry,
        network: PodNetwork,
        issuer: TokenIssuer,
        make_sandbox: MakeSandbox,
    ) -> None:
        self.node = node
        self._registry = registry
        self._network = network
        self._issuer = issuer
        self._make_sandbox = make_sandbox

    async def run(self) -> None:
        """Register the node, keep it ready and run its pods, until cancelled."""
        raise NotImplementedError

    async def close(self) -> None:
        """End every pod gracefully, at most for a few seconds; their objects stay. After `run` has ended."""
        raise NotImplementedError

    def logs(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def exec(
        self, namespace: str, pod: str, container: str, command: tuple[str, ...], *, stdin: bool, tty: bool
    ) -> Session:
        raise NotImplementedError

    async def attach(self, namespace: str, pod: str, container: str, *, stdin: bool, tty: bool) -> Session:
        raise NotImplementedError

    async def connect(self, namespace: str, pod: str, port: int) -> socket.socket:
        raise NotImplementedError
