"""A demo mesh with what only tests want to know: counters, serials, problems, and ways to do harm."""

import asyncio
import os
import re
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from convoy.cli.local.sample_mesh import SampleMesh
from convoy.cli.pod_traffic import Dial, Reply, Request, ask, ask_once, over
from convoy.cluster.types import ExecResult

ENVOY_ADMIN = 15000
DEBUG = 15014
SYSTEM = "istio-system"
PATIENCE = 10.0


class ObservedMesh(SampleMesh):
    """Adds observation; everything else is the demo's own."""

    def folder(self, cluster: str) -> Path:
        """The folder that the cluster is configured from."""
        return self.local.clusters[cluster].folder

    def root_key_path(self) -> Path:
        """Where the root's private key is kept on the host."""
        return self.local.state / "ca" / "root-key.pem"

    async def execute(self, cluster: str, namespace: str, pod: str, argv: list[str]) -> ExecResult:
        """Run a program inside a pod."""
        return await self.local.world.exec(cluster, namespace, pod, argv)

    async def admin(self, pod: str, path: str, *, cluster: str = "cluster1") -> Reply:
        """Ask the admin interface of a pod's Envoy (namespace default)."""
        sock = await self.local.world.dial(cluster, "default", pod, ENVOY_ADMIN)
        with sock:
            return await asyncio.to_thread(ask, over(sock), Request("envoy", path))

    async def route_names(self, pod: str) -> set[str]:
        """The names of the routes that a pod's Envoy has."""
        dump = await self.admin(pod, "/config_dump?resource=dynamic_route_configs")
        return {
            route.get("name", "")
            for config in dump.json().get("configs", [])
            for host in config["route_config"].get("virtual_hosts", [])
            for route in host.get("routes", [])
        }

    async def envoy_counters(self, pod: str) -> dict[str, int]:
        """Counters of the cluster and listener managers of a pod's Envoy."""
        text = (await self.admin(pod, "/stats?filter=^(cluster_manager|listener_manager)")).body.decode()
        return {name: int(value) for name, value in re.findall(r"^(\S+): (\d+)$", text, re.MULTILINE)}

    async def certificate_serial(self, pod: str) -> str:
        """The serial number of the certificate that a pod's Envoy uses now; empty if it does not answer."""
        reply = await self.admin(pod, "/certs")
        if reply.status != 200:
            return ""
        for certificate in reply.json()["certificates"]:
            for part in certificate.get("cert_chain", [])[:1]:
                return str(part["serial_number"])
        raise AssertionError(f"Envoy of {pod} has no certificate")

    async def debug(self, cluster: str, path: str) -> Any:
        """What the debug interface of a cluster's control plane answers."""
        sock = await self.local.world.dial(cluster, SYSTEM, "istiod", DEBUG)
        with sock:
            reply = await asyncio.to_thread(ask, over(sock), Request("istiod", path))
        assert reply.status == 200, reply
        return reply.json()

    async def control_plane_statistics(self, cluster: str) -> Any:
        """Counters of a control plane."""
        return await self.debug(cluster, "/debug/statistics")

    async def problems(self, cluster: str) -> Any:
        """The problems that a control plane knows of."""
        return await self.debug(cluster, "/debug/problems")

    async def connected_proxies(self, cluster: str) -> set[str]:
        """The proxies that are connected now and have taken everything; none while it does not answer."""
        try:
            proxies = await self.debug(cluster, "/debug/proxies")
        except (OSError, AssertionError):
            return set()
        return {p["proxy"] for p in proxies if all(kind["state"] == "SYNCED" for kind in p["types"])}

    async def signal_control_plane(self, cluster: str, number: int) -> None:
        """Send a signal to a control plane's process."""
        await self.local.world.signal(cluster, SYSTEM, "istiod", container="discovery", signal=number)

    # --- the playground ---

    def dial_pod(self, source: str, host: str, port: int, *, cluster: str = "cluster1") -> Dial:
        """Connections from `<pod>.<namespace>` to an address, or to a name as that pod resolves it."""
        pod, _, namespace = source.partition(".")

        async def dial() -> socket.socket:
            address = host if host.replace(".", "").isdigit() else await self._look_up(cluster, source, host)
            return await self.local.world.dial(cluster, namespace, pod, port, host=address)

        return dial

    async def _look_up(self, cluster: str, source: str, host: str) -> str:
        pod, _, namespace = source.partition(".")
        found = await self.execute(cluster, namespace, pod, ["getent", "ahostsv4", host])
        if not found.stdout:
            raise OSError(f"{host} does not resolve in {source}")
        return found.stdout.split()[0].decode()

    async def forward(self, cluster: str, address: str, port: int) -> int:
        """A port of this machine's loopback that leads to an address of a cluster, while the world lives."""
        listening = socket.create_server(("127.0.0.1", 0))
        with listening:
            await self.local.world.forward(listening, cluster, address, port)
            number: int = listening.getsockname()[1]
        return number

    async def seen(self, pod: str, port: int, *, cluster: str = "cluster1") -> int:
        """How many requests or connections have reached a port of an echoing pod."""
        counters = await ask_once(
            self.dial_pod(pod, "127.0.0.1", 8000, cluster=cluster), Request("echo", "/seen")
        )
        return int(counters.json().get(str(port), 0))

    async def change(self, cluster: str, name: str, text: str | None) -> None:
        """Write a file of a cluster's folder (None: remove it), and wait until every proxy has the result."""
        path = self.folder(cluster) / name
        known = path.read_text() if path.exists() else None
        if text == known:
            return
        before = (await self.control_plane_statistics(cluster))["view"]
        if text is None:
            os.unlink(path)
        else:
            self.write_file(cluster, name, text)

        async def is_read() -> bool:
            return bool((await self.control_plane_statistics(cluster))["view"] > before)

        await eventually(is_read)
        await self.wait_settled(cluster)

    async def wait_settled(self, cluster: str) -> None:
        """Until every proxy of a cluster has taken, or refused, what it is to have."""

        async def is_settled() -> bool:
            kinds = [kind for p in await self.debug(cluster, "/debug/proxies") for kind in p["types"]]
            return bool(kinds) and all(kind["state"] != "STALE" for kind in kinds)

        await eventually(is_settled)

    async def rejections(self) -> list[tuple[str, str, str]]:
        """What any proxy of either cluster has refused: proxy, resource, reason."""
        return [
            (proxy["proxy"], refused["name"], refused["detail"])
            for cluster in self.local.clusters
            for proxy in await self.debug(cluster, "/debug/proxies")
            for kind in proxy["types"]
            for refused in kind.get("rejected", ())
        ]


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Until a condition holds; AssertionError when patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while not await condition():
        assert loop.time() < deadline, "what was waited for never came"
        await asyncio.sleep(0.03)


async def becomes(expected: object, observe: Callable[[], Awaitable[object]]) -> None:
    """Until an observation is what is expected; otherwise fails with what was seen last."""
    seen: object = None

    async def holds() -> bool:
        nonlocal seen
        seen = await observe()
        return seen == expected

    try:
        await eventually(holds)
    except AssertionError as error:
        raise AssertionError(f"expected {expected!r}, but saw {seen!r} last") from error
