"""Clusters with the mesh, as `convoy up` brings them, and what tests do to them through their APIs."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from tests.kit.waiting import until

from convoy.cli.clusters.gateways import gateway_address
from convoy.cli.install.control_plane import DEBUG_PORT
from convoy.cli.install.installing import wait_available
from convoy.cli.install.settings import CONTROL_PLANE, SYSTEM_NAMESPACE
from convoy.cli.pods.executing import Ran, run_in_pod
from convoy.cli.pods.forwarding import get_from_pod
from convoy.cli.pods.streams import PodPlace
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.kubeconfig import load_kubeconfig
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import PODS, KubeResource
from convoy.config.kube.targets import KubeTarget

Json = dict[str, Any]

DEPLOYMENTS = KubeResource("apps", "v1", "deployments")
_PATIENCE = 60.0
_RESTARTED = "kubectl.kubernetes.io/restartedAt"


class MeshCluster:
    """One cluster's API in an administrator's hands."""

    def __init__(self, target: KubeTarget) -> None:
        self.target = target
        self.client = KubeClient(target)

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.target.cluster

    async def apply(self, *manifests: Json) -> None:
        """Server-side apply, one after the other."""
        for manifest in manifests:
            await self.client.apply(manifest, manager="tests")

    async def pods(self, labels: str = "", *, namespace: str = "default") -> list[Json]:
        """The selected pods, those that end left out."""
        found = await self.client.list(PODS, Selection(namespace=namespace, labels=labels))
        return [pod for pod in found.items if "deletionTimestamp" not in pod["metadata"]]

    async def pod_of(self, app: str, *, namespace: str = "default") -> PodPlace:
        """The first pod of an app."""
        pods = await self.pods(f"app={app}", namespace=namespace)
        return PodPlace(namespace, pods[0]["metadata"]["name"])

    async def execute(self, pod: PodPlace, *argv: str, container: str = "") -> Ran:
        """Run a program in a container, by default the first one."""
        return await run_in_pod(self.target, pod, list(argv), container=container)

    async def restart(self, deployment: str, *, namespace: str = "default") -> None:
        """`kubectl rollout restart`, until the new pods are available."""
        annotations = {_RESTARTED: str(time.time())}
        template = {"metadata": {"annotations": annotations}}
        await self.client.patch(
            DEPLOYMENTS, deployment, {"spec": {"template": template}}, namespace=namespace
        )
        await self.wait_available(deployment, namespace=namespace)

    async def scale(self, deployment: str, replicas: int, *, namespace: str = "default") -> None:
        """`kubectl scale`, until there are as many."""
        await self.client.patch(
            DEPLOYMENTS, deployment, {"spec": {"replicas": replicas}}, namespace=namespace
        )
        await self.wait_available(deployment, namespace=namespace)

    async def wait_available(self, deployment: str, *, namespace: str = "default") -> None:
        """Until a Deployment runs as it should."""
        await wait_available(self.client, deployment, namespace=namespace, timeout=_PATIENCE)

    async def wait_none_ends(self) -> None:
        """Until no pod is on its way out."""

        async def none_ends() -> bool:
            everybody = (await self.client.list(PODS)).items
            return not any("deletionTimestamp" in pod["metadata"] for pod in everybody)

        async with asyncio.timeout(_PATIENCE):
            await until(none_ends, every=0.1)

    async def debug(self, path: str, *, pod: PodPlace | None = None) -> Any:
        """What a control plane's debug interface answers."""
        pod = pod or await self.pod_of(CONTROL_PLANE, namespace=SYSTEM_NAMESPACE)
        status, body = await get_from_pod(self.target, pod, DEBUG_PORT, path)
        assert status == 200, body
        return orjson.loads(body)

    async def admin(self, pod: PodPlace, path: str) -> Any:
        """What the admin interface of a pod's Envoy answers, as JSON."""
        status, body = await get_from_pod(self.target, pod, 15000, path)
        assert status == 200, body
        return orjson.loads(body)


class Meshes(Mapping[str, MeshCluster]):
    """The clusters by name, and their common home."""

    def __init__(self, home: Path, clusters: Sequence[MeshCluster]) -> None:
        self.home = home
        self._clusters = {each.name: each for each in clusters}

    def __getitem__(self, name: str) -> MeshCluster:
        return self._clusters[name]

    def __iter__(self) -> Any:
        return iter(self._clusters)

    def __len__(self) -> int:
        return len(self._clusters)

    async def convoy(self, *arguments: str) -> str:
        """The output of a `convoy` command with this home."""
        return await convoy(self.home, *arguments)

    async def wait_none_ends(self) -> None:
        """Until no pod of any cluster is on its way out."""
        for cluster in self.values():
            await cluster.wait_none_ends()


@asynccontextmanager
async def running_clusters(home: Path, *names: str, nodes: int = 1) -> AsyncIterator[Meshes]:
    """`convoy up`, and `convoy down --purge` at the end."""
    await convoy(home, "up", "--clusters", ",".join(names), "--nodes", str(nodes), "--ephemeral")
    try:
        kubeconfig = Path((await convoy(home, "kubeconfig")).strip())
        clusters = [MeshCluster(load_kubeconfig(kubeconfig, name)) for name in names]
        try:
            yield Meshes(home, clusters)
        finally:
            for cluster in clusters:
                await cluster.client.close()
    finally:
        await convoy(home, "down", "--purge")


async def convoy(home: Path, *arguments: str) -> str:
    """The output of a `convoy` command, which must succeed."""

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "convoy", *arguments],
            env={**os.environ, "CONVOY_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    done = await asyncio.to_thread(run)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def remote_gateway(cluster: MeshCluster) -> str:
    """The address of a cluster's gateway for the others."""

    async def address() -> str:
        try:
            return await gateway_address(cluster.client)
        except KubeError:
            return ""

    return await until(address)
