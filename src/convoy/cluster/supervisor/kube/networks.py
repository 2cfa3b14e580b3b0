"""The network of one cluster: router, service proxy, load balancer addresses and names, run together."""

import asyncio
import socket
from collections.abc import Callable, Sequence

from convoy.cluster.dns.records import Names, NamesTogether
from convoy.cluster.dns.zones import ClusterNames
from convoy.cluster.errors import UnknownNameError, WorldError
from convoy.cluster.linux.netns import inside
from convoy.cluster.network.balancers import LoadBalancers, SharedAddresses
from convoy.cluster.network.first_services import (
    FirstService,
    api_service,
    dns_service,
    keep_first_service,
    watch_first_services,
)
from convoy.cluster.network.index import ServiceIndex
from convoy.cluster.network.nodes import Node
from convoy.cluster.network.proxy import ServiceProxy
from convoy.cluster.network.routers import Router
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key
from convoy.cluster.supervisor.connecting import connect_from
from convoy.cluster.supervisor.kube.places import Place
from convoy.cluster.supervisor.kube.pod_networks import NodeNetwork
from convoy.cluster.supervisor.names import NameServer

API_PORT = 6443


class ClusterNetwork:
    """Made for one run of a cluster."""

    def __init__(
        self,
        name: str,
        place: Place,
        *,
        registry: Registry,
        router: Router,
        shared: SharedAddresses,
        other_names: Sequence[Names],
        on_failure: Callable[[WorldError], None],
    ) -> None:
        self.router = router
        self.index = ServiceIndex()
        self._place = place
        self._registry = registry
        self._proxy = ServiceProxy(self.index, router, on_failure=on_failure)
        self._balancers = LoadBalancers(
            name, place.number, registry=registry, index=self.index, shared=shared
        )
        names = NamesTogether([ClusterNames(registry.store, self.index), *other_names])
        self._name_server = NameServer(names)

    async def open(self) -> socket.socket:
        """Make the router and the DNS; gives the listening socket for the API server inside."""
        await self.router.make()
        await self._name_server.open(self.router.netns, self.router.address)
        with inside(self.router.netns):
            return socket.create_server((self.router.address, API_PORT), backlog=512)

    async def run(self) -> None:
        """Keep all of it as the objects ask, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.index.follow(self._registry.store), name="index")
            tasks.create_task(self._proxy.run(), name="proxy")
            tasks.create_task(self._balancers.run(), name="load balancers")
            tasks.create_task(
                watch_first_services(self._registry, self.index, self._first_services()),
                name="first services",
            )

    async def make_first_services(self) -> None:
        """Make `kubernetes` and `kube-dns`, whose namespaces are there."""
        for service in self._first_services():
            await keep_first_service(self._registry, service)

    def _first_services(self) -> tuple[FirstService, ...]:
        behind = self.router.address
        return (
            api_service(self._place.api_address, behind, API_PORT),
            dns_service(self._place.dns_address, behind),
        )

    async def wait_applied(self) -> None:
        """Until what is known of the Services is in force."""
        await self._proxy.wait_applied()

    def node_network(self, node: Node) -> NodeNetwork:
        """One node's part, for its kubelet."""
        pods = self._registry.store.list("pods")
        kept = tuple(
            str(pod.object["status"]["podIP"])
            for pod in pods
            if pod.object.get("spec", {}).get("nodeName") == node.name
            and pod.object.get("status", {}).get("podIP")
        )
        return NodeNetwork(
            node, router=self.router, proxy=self._proxy, nameserver=self._place.dns_address, kept=kept
        )

    async def connect(self, address: str, port: int) -> socket.socket:
        """A connection made on the router, from where load balancers, Services and pods can be reached."""
        return await connect_from(self.router.netns, address, port)

    async def connect_service(self, namespace: str, name: str, port: int) -> socket.socket:
        """A connection to a Service by name; raises UnknownNameError, OSError."""
        service = self.index.services.get(Key(namespace, name))
        address = (service or {}).get("spec", {}).get("clusterIP")
        if not address or address == "None":
            raise UnknownNameError(f'there is no Service "{namespace}/{name}" with an address.')
        return await self.connect(address, port)

    async def close(self) -> None:
        """Give back what the world shares, and let go of the router."""
        self._balancers.close()
        self._name_server.close()
        await self.router.close()
