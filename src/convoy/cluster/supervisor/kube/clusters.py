"""One cluster with an API server: its parts made in order, run side by side, and stopped.

Everything that is kept lies in the cluster's folder; whatever a process holds is made anew from it. So a
cluster that was killed starts as one that was stopped.
"""

import asyncio
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convoy.cluster.apiserver.auth.default_objects import keep_default_roles
from convoy.cluster.apiserver.dependencies import ApiDependencies
from convoy.cluster.apiserver.discovery import Discovery
from convoy.cluster.apiserver.openapi import OpenApi
from convoy.cluster.apiserver.server import serve_api
from convoy.cluster.apiserver.streams.serving import PodStreams
from convoy.cluster.controllers.bootstrap import make_first_objects
from convoy.cluster.controllers.controller import Settings
from convoy.cluster.controllers.recording import EventRecorder
from convoy.cluster.controllers.running import run_controllers
from convoy.cluster.dns.records import Names
from convoy.cluster.errors import WorldError
from convoy.cluster.kubelet.kubelets import Kubelet
from convoy.cluster.kubelet.settings import MakeSandbox, NodeSettings
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.network.allocation import ServiceAllocator
from convoy.cluster.network.balancers import SharedAddresses
from convoy.cluster.network.nodes import Node
from convoy.cluster.network.routers import Router
from convoy.cluster.registry import Registry
from convoy.cluster.scheduler.scheduler import Scheduler
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store, StoreError
from convoy.cluster.supervisor.kube.access import Access, open_access
from convoy.cluster.supervisor.kube.networks import ClusterNetwork
from convoy.cluster.supervisor.kube.node_access import NodeAccess
from convoy.cluster.supervisor.kube.nodes import forget_other_nodes, wait_nodes_ready
from convoy.cluster.supervisor.kube.places import Place
from convoy.cluster.types import ImageEntry, KubeClusterInfo, KubeClusterSpec, WorldEvent

_READY_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Around:
    """What a cluster needs of the world; `hidden` and `images` are those of the moment."""

    state_dir: Path
    hidden: Callable[[], tuple[str, ...]]
    kept_paths: tuple[str, ...]
    images: Callable[[], Sequence[ImageEntry]]
    make_sandbox: MakeSandbox
    shared: SharedAddresses
    names: Sequence[Names]
    emit: Callable[[WorldEvent], None]


class KubeCluster:
    """A cluster from its start to its stop. `router` is made for it and goes with it."""

    def __init__(self, spec: KubeClusterSpec, place: Place, router: Router, around: Around) -> None:
        self.spec = spec
        self.router = router
        self._place = place
        self._around = around
        self._folder = around.state_dir / "clusters" / spec.name
        self._store = Store(None if spec.ephemeral else self._folder / "objects.db")
        resources = ResourceTable(BUILTIN)
        self._registry = Registry(store=self._store, resources=resources, schemas=Schemas())
        self._registry.allocate = ServiceAllocator(self._store, place.service_cidr)
        self.network = ClusterNetwork(
            spec.name,
            place,
            registry=self._registry,
            router=router,
            shared=around.shared,
            other_names=around.names,
            on_failure=lambda error: self._emit("rules-failed", str(error)),
        )
        self._kubelets: dict[str, Kubelet] = {}
        self.pods = NodeAccess(self._registry, self._kubelets)
        self._access: Access | None = None
        self._running: asyncio.Task[None] | None = None

    async def open(self, listener: socket.socket) -> KubeClusterInfo:
        """Start, and return once the API answers and every node is ready. Uses `listener` up."""
        listeners = [listener]
        try:
            self._open_store()
            listeners.append(await self.network.open())
            await self._make_first_objects()
            access = self._access = self._open_access()
            self._make_kubelets(access)
            self._running = asyncio.create_task(
                self._run(access, listeners), name=f"cluster:{self.spec.name}"
            )
            await self._wait_ready(self._running)
        except BaseException:
            await self.close()
            for sock in listeners:
                sock.close()
            raise
        return self._info(listener)

    def _open_store(self) -> None:
        try:
            self._store.open()
        except StoreError as error:
            raise WorldError(str(error)) from error
        self._registry.serve_definitions()

    async def _make_first_objects(self) -> None:
        await make_first_objects(self._registry)
        await keep_default_roles(self._registry)
        await self.network.make_first_services()
        await forget_other_nodes(self._registry, {node.name for node in self.router.nodes})

    def _open_access(self) -> Access:
        access = open_access(self.spec.name, self._folder, self._registry, self.network.connect_service)
        self._registry.admission = access.admission
        return access

    def _make_kubelets(self, access: Access) -> None:
        for node in self.router.nodes:
            self._kubelets[node.name] = Kubelet(
                self._node_settings(node),
                registry=self._registry,
                network=self.network.node_network(node),
                issuer=access.issuer,
                make_sandbox=self._around.make_sandbox,
            )

    def _node_settings(self, node: Node) -> NodeSettings:
        return NodeSettings(
            name=node.name,
            folder=self._folder,
            hidden=self._around.hidden(),
            kept=self._around.kept_paths,
            images=self._around.images,
            region=node.region,
            zone=node.zone,
            pod_cidr=node.pod_cidr,
        )

    async def _run(self, access: Access, listeners: Sequence[socket.socket]) -> None:
        """Everything that goes on in the cluster, until cancelled; a fault of one part ends all."""
        recorder = EventRecorder(self._registry)
        settings = Settings(
            root_ca=access.certificates.authority().decode(), volumes=self._folder / "volumes"
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.network.run(), name="network")
            tasks.create_task(serve_api(self._api(access), listeners), name="api")
            tasks.create_task(recorder.run(), name="events")
            tasks.create_task(
                run_controllers(self._registry, recorder, settings, more=(Scheduler,)), name="controllers"
            )
            for name, kubelet in self._kubelets.items():
                tasks.create_task(kubelet.run(), name=f"kubelet:{name}")

    def _api(self, access: Access) -> ApiDependencies:
        registry = self._registry
        return ApiDependencies(
            registry=registry,
            discovery=Discovery(registry.resources),
            openapi=OpenApi(registry.schemas, registry.resources),
            authenticator=access.authenticator,
            authorizer=access.authorizer,
            reviewer=access.reviews,
            streams=PodStreams(self.pods, self._pod),
            documents=access.documents,
            tls=access.certificates.context([self._place.api_address, self.router.address]),
        )

    def _pod(self, namespace: str, name: str) -> dict[str, Any]:
        return self._registry.get(self._registry.resources.stored("pods"), namespace, name).object

    async def _wait_ready(self, running: asyncio.Task[None]) -> None:
        ready = asyncio.create_task(
            wait_nodes_ready(self._store, list(self._kubelets), timeout=_READY_WITHIN), name="ready"
        )
        await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            ready.cancel()
            await running
        await ready
        await self.network.wait_applied()
        running.add_done_callback(self._note_end)

    def _note_end(self, running: asyncio.Task[None]) -> None:
        """A fault of ours ends the cluster, and is told; the world goes on."""
        error = None if running.cancelled() else running.exception()
        if error is not None:
            sys.excepthook(type(error), error, error.__traceback__)
            self._emit("cluster-failed", f"{type(error).__name__}: {error}")

    def _emit(self, what: str, detail: str) -> None:
        self._around.emit(WorldEvent(what, self.spec.name, detail=detail))

    def _info(self, listener: socket.socket) -> KubeClusterInfo:
        host, port = listener.getsockname()[:2]
        return KubeClusterInfo(
            name=self.spec.name,
            server=f"https://{host}:{port}",
            folder=str(self._folder),
            nodes=tuple(node.name for node in self.router.nodes),
            region=self._place.region,
            pod_cidr=self._place.pod_cidr,
            service_cidr=self._place.service_cidr,
            dns_address=self._place.dns_address,
        )

    def balanced(self, service: str) -> tuple[str, ...]:
        """The load balancer addresses of Services of a name."""
        return tuple(address for addresses in self.network.index.named(service) for address in addresses)

    async def close(self) -> None:
        """Stop everything: nothing new begins, pods end gracefully, then network and store go."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])
        await asyncio.gather(*(kubelet.close() for kubelet in self._kubelets.values()))
        if self._access is not None:
            await self._access.webhooks.close()
        await self.network.close()
        self._store.close()
