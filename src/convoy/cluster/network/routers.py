"""A cluster's router: its namespace, the pods linked to it, and its rules, brought up to date in turn."""

import asyncio
from collections.abc import Sequence

from convoy.cluster.network import links
from convoy.cluster.network.links import LinkWorker
from convoy.cluster.network.rules import RouterPlan, build_ruleset
from convoy.cluster.network.services import ForwardingRule
from convoy.cluster.types import ClusterSpec

_WAN_PREFIX = "198.19.0"
WAN_GATEWAY = f"{_WAN_PREFIX}.1/24"
_LAST_ROUTER = 254


class Router:
    """The node of one cluster: every packet that leaves a pod's bridge passes here."""

    def __init__(self, spec: ClusterSpec, number: int, worker: LinkWorker) -> None:
        self.gateway = links.network_gateway(spec.pod_cidr)
        self.wan_address = f"{_WAN_PREFIX}.{_LAST_ROUTER - number}"
        self.netns = -1
        self._spec = spec
        self._number = number
        self._worker = worker
        self._plan = RouterPlan(
            pod_cidr=spec.pod_cidr,
            service_cidr=spec.service_cidr,
            pods_link=links.PODS_LINK,
            uplink=links.UPLINK,
        )
        self._owned: frozenset[str] = frozenset()
        self._ruleset = ""
        self._applying = asyncio.Lock()
        self._last_pod = 0

    @property
    def address(self) -> str:
        """The pods' gateway, which is the cluster's DNS server too."""
        return self.gateway.partition("/")[0]

    async def make(self) -> None:
        """Make the namespace and its links."""
        self.netns = await self._worker.run(
            links.make_router,
            self._number,
            wan_address=f"{self.wan_address}/24",
            gateway=self.gateway,
            service_cidr=self._spec.service_cidr,
        )

    async def apply(self, rules: Sequence[ForwardingRule], load_balancers: frozenset[str]) -> None:
        """Make rules and load balancer addresses effective; nothing happens when nothing changed."""
        async with self._applying:
            ruleset = build_ruleset(rules, self._plan)
            if load_balancers != self._owned:
                await self._worker.run(links.set_uplink_addresses, self.netns, load_balancers, self._owned)
                self._owned = load_balancers
            if ruleset != self._ruleset:
                await self._worker.run(links.apply_ruleset, self.netns, ruleset)
                self._ruleset = ruleset

    async def make_pod_network(self, address: str) -> tuple[int, str]:
        """A namespace for a pod at `address`, and the name of its link on the bridge."""
        self._last_pod += 1
        name = f"pod{self._last_pod}"
        netns = await self._worker.run(
            links.make_pod_network, self.netns, name, address=address, gateway=self.gateway
        )
        return netns, name

    async def remove_pod_network(self, name: str) -> None:
        """Take a pod off the network; its namespace goes with the last process and descriptor."""
        await self._worker.run(links.remove_pod_network, self.netns, name)
