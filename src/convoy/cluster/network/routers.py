"""A cluster's router: its namespace, the pods linked to it, and its rules, brought up to date in turn."""

import asyncio
import os
from collections.abc import Mapping, Sequence

from convoy.cluster.network import links
from convoy.cluster.network.conntrack import Place, forget_datagrams
from convoy.cluster.network.links import LinkWorker
from convoy.cluster.network.nodes import Node
from convoy.cluster.network.rulebooks import Owner, RuleBook, Rules
from convoy.cluster.network.rules import RouterPlan

WAN_CIDR = "198.19.0.0/24"
_WAN_PREFIX = "198.19.0"
WAN_GATEWAY = f"{_WAN_PREFIX}.1/24"
_LAST_ROUTER = 254


class Router:
    """All nodes of one cluster: every packet that a pod sends passes here.

    Links and rules have a worker each, so that a change of the rules does not wait for pods that are made.
    """

    def __init__(
        self, nodes: Sequence[Node], number: int, *, pod_cidr: str, service_cidr: str, worker: LinkWorker
    ) -> None:
        self.nodes = tuple(nodes)
        self.wan_address = f"{_WAN_PREFIX}.{_LAST_ROUTER - number}"
        self.netns = -1
        self._number = number
        self._worker = worker
        self._rules_worker = LinkWorker()
        self._service_cidr = service_cidr
        plan = RouterPlan(
            pod_cidr=pod_cidr,
            service_cidr=service_cidr,
            pods_link=links.PODS_LINK,
            uplink=links.UPLINK,
            shared_cidr=WAN_CIDR,
        )
        self._owned: frozenset[str] = frozenset()
        self._book = RuleBook(plan)
        self._is_known = False
        self._applying = asyncio.Lock()
        self._fronts: dict[Place, frozenset[Place]] = {}
        self._last_pod = 0
        self._pods: set[str] = set()

    @property
    def address(self) -> str:
        """The first node's, where the cluster's DNS server listens."""
        return self.nodes[0].address

    async def make(self) -> None:
        """Make the namespace and its links."""
        self.netns = await self._worker.run(
            links.make_router,
            self._number,
            wan_address=f"{self.wan_address}/24",
            gateways=[node.gateway for node in self.nodes],
            service_cidr=self._service_cidr,
        )

    async def apply(self, changes: Mapping[Owner, Rules], load_balancers: frozenset[str]) -> None:
        """Make changed rules and load balancer addresses effective; nothing happens when nothing changed.

        After a failure everything is made anew by the next call.
        """
        async with self._applying:
            if load_balancers != self._owned:
                await self._rules_worker.run(
                    links.set_uplink_addresses, self.netns, load_balancers, self._owned
                )
                self._owned = load_balancers
            change = self._book.change(changes)
            self._fronts |= change.fronts
            transactions = change.transactions if self._is_known else self._book.everything()
            if transactions:
                self._is_known = False  # until the kernel has them all
                for commands in transactions:
                    await self._rules_worker.run(links.run_nft, self.netns, commands)
                self._is_known = True
            if self._fronts:
                fronts, self._fronts = self._fronts, {}
                await self._rules_worker.run(forget_datagrams, self.netns, fronts)

    async def close(self) -> None:
        """Let go of the namespace, which ends with the last pod in it."""
        for name in list(self._pods):
            await self.remove_pod_network(name)
        self._rules_worker.close()
        if self.netns >= 0:
            await self._worker.run(links.remove_router, self._number)
            os.close(self.netns)
            self.netns = -1

    async def make_pod_network(self, address: str, *, gateway: str = "") -> tuple[int, str]:
        """A namespace for a pod at `address`, and the name of its link on the bridge."""
        self._last_pod += 1
        name = f"pod{self._last_pod}"
        netns = await self._worker.run(
            links.make_pod_network, self.netns, name, address=address, gateway=gateway or self.address
        )
        self._pods.add(name)
        return netns, name

    async def remove_pod_network(self, name: str) -> None:
        """Take a pod off the network; its namespace goes with the last process and descriptor."""
        self._pods.discard(name)
        await self._worker.run(links.remove_pod_network, self.netns, name)
