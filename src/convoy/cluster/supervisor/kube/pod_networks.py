"""The network of one node as its kubelet sees it, over the cluster's router."""

import asyncio
from dataclasses import dataclass

from convoy.cluster.kubelet.networks import PodAddresses, PodKey
from convoy.cluster.network.addresses import AddressPool
from convoy.cluster.network.nodes import Node
from convoy.cluster.network.proxy import ServiceProxy
from convoy.cluster.network.routers import Router


@dataclass(frozen=True, slots=True)
class _Attached:
    link: str
    address: str


class NodeNetwork:
    """Implements `kubelet.networks.PodNetwork`. `kept` are the addresses that stored pods had."""

    def __init__(
        self, node: Node, *, router: Router, proxy: ServiceProxy, nameserver: str, kept: tuple[str, ...]
    ) -> None:
        self._node = node
        self._router = router
        self._proxy = proxy
        self._nameserver = nameserver
        self._pool = AddressPool(node.pod_cidr)
        for address in kept:
            self._pool.keep(address)
        self._attached: dict[PodKey, _Attached] = {}

    @property
    def nameserver(self) -> str:
        return self._nameserver

    @property
    def host_nameservers(self) -> tuple[str, ...]:
        return (self._router.address,)

    @property
    def host_ip(self) -> str:
        return self._node.address

    async def attach(self, pod: PodKey, *, wanted: str = "") -> PodAddresses:
        before = self._attached.get(pod)
        await self.detach(pod)
        address = self._pool.take(wanted or (before.address if before else ""))
        try:
            netns, link = await self._router.make_pod_network(address, gateway=self._node.address)
        except BaseException:
            self._pool.free(address)
            raise
        self._attached[pod] = _Attached(link, address)
        return PodAddresses(netns, (address,), (self._node.address,))

    async def withdraw(self, pod: PodKey) -> None:
        if (attached := self._attached.get(pod)) is not None:
            await self._proxy.withdraw(attached.address)

    async def detach(self, pod: PodKey) -> None:
        attached = self._attached.pop(pod, None)
        if attached is None:
            return
        try:
            await asyncio.shield(self._router.remove_pod_network(attached.link))
        finally:
            self._pool.free(attached.address)
