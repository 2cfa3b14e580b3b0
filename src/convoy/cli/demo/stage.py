"""The two clusters while the demo is played on them: where its steps and its checks meet."""

import asyncio
import contextlib
import socket
import urllib.parse
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Self

from convoy.ca.files import load_or_create_root
from convoy.ca.issuers import Intermediate, issue_intermediate
from convoy.cli.clusters.access import kubeconfig_path
from convoy.cli.clusters.doors import Place
from convoy.cli.clusters.gateways import ingress_url
from convoy.cli.clusters.holding import open_door
from convoy.cli.demo.evidence import CheckFailedError
from convoy.cli.demo.script import CLUSTER1, CLUSTERS, Script
from convoy.cli.demo.wire import Segment
from convoy.cli.pod_traffic import Reply, Request, ask_once
from convoy.cli.pods.asking import Asker, PodReply, PodRequest
from convoy.cli.pods.streams import PodPlace
from convoy.cluster.client import World
from convoy.config.kube.client import Json, KubeClient
from convoy.config.kube.kubeconfig import load_kubeconfig
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import PODS
from convoy.config.kube.targets import KubeTarget

NAMESPACE = "default"
PASSTHROUGH_PORT = 15443
PATIENCE_SECONDS = 8.0
_LOOK_EVERY = 0.05


class Captured:
    """Filled when the capture ends."""

    def __init__(self) -> None:
        self.segments: list[Segment] = []


class Stage:
    """Running clusters, and what was noted while the script was played.

    `gateway_address` is that of cluster2, empty until it is known; `refused` are objects that a cluster did
    not take, with its words, and `unready` Deployments that did not become available.
    """

    def __init__(self, world: World, folder: Path, script: Script, *, sample: int) -> None:
        self.world = world
        self.folder = folder
        self.script = script
        self.sample = sample
        self.targets: Mapping[str, KubeTarget] = {
            name: load_kubeconfig(kubeconfig_path(folder), name) for name in CLUSTERS
        }
        self.clients = {name: KubeClient(target) for name, target in self.targets.items()}
        self.gateway_address = ""
        self.ingress_url = ""
        self.refused: list[str] = []
        self.unready: list[str] = []
        self._productpage: Asker | None = None

    async def __aenter__(self) -> Self:
        self.ingress_url = await ingress_url(self.folder, CLUSTER1)
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self.clients.values():
            await client.close()

    # --- objects ---

    async def pods(self, cluster: str, labels: str = "", *, namespace: str = NAMESPACE) -> list[Json]:
        """The pods of a namespace that are not on their way out."""
        found = await self.clients[cluster].list(PODS, Selection(namespace=namespace, labels=labels))
        return [pod for pod in found.items if "deletionTimestamp" not in pod["metadata"]]

    async def pod(self, cluster: str, labels: str, *, namespace: str = NAMESPACE) -> PodPlace:
        """A pod with these labels; CheckFailedError when there is none."""
        for pod in await self.pods(cluster, labels, namespace=namespace):
            return PodPlace(namespace, pod["metadata"]["name"])
        raise CheckFailedError(f"cluster {cluster} has no pod with {labels} in namespace {namespace}")

    # --- requests from the host ---

    async def ask_page(
        self, path: str, headers: dict[str, str] | None = None, *, method: str = "GET", body: bytes = b""
    ) -> Reply:
        """A request from the host through cluster1's ingress gateway."""
        netloc = urllib.parse.urlsplit(self.ingress_url).netloc
        host, _, port = netloc.rpartition(":")

        async def dial() -> socket.socket:
            return await asyncio.to_thread(socket.create_connection, (host, int(port)), 10)

        return await ask_once(dial, Request(netloc, path, headers or {}, method, body))

    async def login(self, user: str) -> str:
        """Log in on the page; gives the Cookie header of the session."""
        reply = await self.ask_page(
            "/login",
            {"Content-Type": "application/x-www-form-urlencoded"},
            method="POST",
            body=urllib.parse.urlencode({"username": user, "passwd": "any"}).encode(),
        )
        cookie = reply.headers.get("set-cookie", "").partition(";")[0]
        if reply.status not in (302, 303) or not cookie:
            raise CheckFailedError(f"login was answered {reply.status} without a cookie")
        return cookie

    async def dial_gateway(self) -> socket.socket:
        """A connection from cluster1's side to port 15443 of cluster2's gateway, without any sidecar."""
        port = await open_door(self.folder, Place(CLUSTER1, self.gateway_address, PASSTHROUGH_PORT))
        return await asyncio.to_thread(socket.create_connection, ("127.0.0.1", port), 10)

    def own_issuer(self) -> Intermediate:
        """An authority for certificates of the demo's own, under the root that both clusters are to have."""
        return issue_intermediate(load_or_create_root(self.folder / "ca"), "demo")

    # --- requests from productpage's container ---

    async def productpage(self) -> Asker:
        """The container that makes requests in the way the application of that pod does."""
        if self._productpage is None:
            pod = await self.pod(CLUSTER1, "app=productpage")
            self._productpage = Asker(self.targets[CLUSTER1], pod, "productpage")
        return self._productpage

    async def ask(self, request: PodRequest) -> list[PodReply]:
        """Requests from there."""
        return await (await self.productpage()).ask(request)

    async def resolve(self, name: str) -> list[str]:
        """What a name means there."""
        return await (await self.productpage()).resolve(name)

    # --- the wire, and time ---

    @contextlib.asynccontextmanager
    async def capturing(self, cluster: str, port: int) -> AsyncIterator[Captured]:
        """Capture what passes a cluster's uplink on a TCP port while the context is open."""
        captured = Captured()
        capture = await self.world.capture_start(cluster, port=port)
        try:
            yield captured
        finally:
            for packet in await self.world.capture_stop(capture):
                stream = f"{packet.src}:{packet.sport}>{packet.dst}:{packet.dport}"
                captured.segments.append(Segment(stream, packet.seq, packet.payload))


async def wait_until(condition: Callable[[], Awaitable[bool]], failure: str) -> None:
    """Until a condition holds; CheckFailedError when patience ends."""
    # Not so many looks: a look at what does not answer takes its time, too.
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_SECONDS
    while loop.time() < deadline:
        if await condition():
            return
        await asyncio.sleep(_LOOK_EVERY)
    raise CheckFailedError(f"{failure} after {PATIENCE_SECONDS:.0f} s")
