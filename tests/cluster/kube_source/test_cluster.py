"""A whole cluster read through its kubeconfig: TLS, a token, roles, and pods whose readiness is their own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from tests.cluster.images import IMAGES
from tests.cluster.kube.client import sleeper, start
from tests.kit.waiting import until

from convoy.api.meta import ClusterID, Hostname
from convoy.cluster.apiserver.auth.kubeconfig import ClusterAccess, build_kubeconfig
from convoy.cluster.client import World, start_world
from convoy.cluster.types import KubeClusterInfo
from convoy.config.errors import KubeError
from convoy.config.holdoff import HoldOff
from convoy.config.kube.client import KubeClient
from convoy.config.kube.kubeconfig import load_kubeconfig
from convoy.config.kube.resources import PODS, SECRETS, KubeResource
from convoy.config.sources.kube import KubeSource
from convoy.config.store import Store
from convoy.kit.secrets import SecretBytes
from convoy.mesh.model import EndpointKey, MeshSettings, MeshSnapshot
from convoy.mesh.snapshot import build_snapshot

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = MeshSettings(cluster_id=ClusterID("east"))
WEB = EndpointKey(Hostname("web.default.svc.cluster.local"), 8080)
SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 8080}], "selector": {"app": "web"}},
}
_PATIENCE = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(state_dir: Path) -> AsyncIterator[World]:
    """A running world with one cluster, `east`."""
    async with start_world(state_dir=state_dir, images=IMAGES) as started:
        await start(started, "east")
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def kubeconfig(world: World, tmp_path: Path) -> Path:
    """A kubeconfig of the administrator."""
    (info,) = await world.kube_clusters()
    return _written(tmp_path / "config", info, _token(info))


def _token(info: KubeClusterInfo) -> str:
    return (Path(info.folder) / "admin.token").read_text().strip()


def _written(file: Path, info: KubeClusterInfo, token: str) -> Path:
    authority = (Path(info.folder) / "ca.pem").read_bytes()
    access = ClusterAccess(info.name, info.server, authority, SecretBytes(token.encode()))
    file.write_bytes(orjson.dumps(build_kubeconfig([access])))
    return file


class Mesh:
    """What the mesh makes of a cluster, kept up to date."""

    def __init__(self) -> None:
        self.snapshot: MeshSnapshot | None = None
        self.problems: tuple[Any, ...] = ()

    async def run(self, store: Store) -> None:
        async for held in store.held():
            self.snapshot, found = build_snapshot(held.view, SETTINGS, self.snapshot)
            self.problems = (*held.problems, *found)

    def endpoints(self) -> list[str]:
        """The addresses behind the Service `web`."""
        return [each.address for each in self.snapshot.endpoints.get(WEB, ())] if self.snapshot else []

    async def wait_endpoints(self, count: int) -> None:
        async with asyncio.timeout(_PATIENCE):
            await until(lambda: self.snapshot is not None and len(self.endpoints()) == count)


@contextlib.asynccontextmanager
async def mesh_of(client: KubeClient) -> AsyncIterator[Mesh]:
    store, mesh = Store(hold=HoldOff(quiet=0)), Mesh()
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(KubeSource(client).run(store)),
            tasks.create_task(mesh.run(store)),
        ]
        yield mesh
        for task in running:
            task.cancel()


def pod(name: str) -> dict[str, Any]:
    """A pod that is ready while it has a file, and takes its time to end."""
    made = sleeper(name, terminationGracePeriodSeconds=10)
    (container,) = made["spec"]["containers"]
    container["readinessProbe"] = {"exec": {"command": ["ls", "/tmp/ready"]}, "periodSeconds": 1}
    container["command"] = ["sh", "-c", "touch /tmp/ready; trap '' TERM; while :; do sleep 1; done"]
    made["metadata"]["labels"] = {"app": "web"}
    return made


async def test_endpoints_are_the_pods_that_say_they_are_ready(world: World, kubeconfig: Path) -> None:
    async with KubeClient(load_kubeconfig(kubeconfig)) as client, mesh_of(client) as mesh:
        await mesh.wait_endpoints(0)
        await client.apply(SERVICE)
        for name in ("a", "b"):
            await client.apply(pod(name))
        await mesh.wait_endpoints(2)
        await world.exec("east", "default", "a", ["rm", "/tmp/ready"])
        await mesh.wait_endpoints(1)
        await world.exec("east", "default", "a", ["touch", "/tmp/ready"])
        await mesh.wait_endpoints(2)
        await client.delete(PODS, "a")
        async with asyncio.timeout(_PATIENCE):
            # Out of the mesh as soon as it is being deleted, while it still runs.
            await until(lambda: len(mesh.endpoints()) == 1)
            assert (await client.get(PODS, "a"))["metadata"]["deletionTimestamp"]
        await client.delete(PODS, "b")
        await mesh.wait_endpoints(0)
        # The cluster's own pods and Services are read like anybody's.
        assert [problem for problem in mesh.problems if problem.is_error] == []


async def test_account_reads_what_its_role_allows_and_is_told_what_it_lacks(
    world: World, kubeconfig: Path, tmp_path: Path
) -> None:
    (info,) = await world.kube_clusters()
    async with KubeClient(load_kubeconfig(kubeconfig)) as admin:
        account = {"metadata": {"name": "reader", "namespace": "default"}}
        await admin.apply({"apiVersion": "v1", "kind": "ServiceAccount", **account})
        rights = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
        rbac = "rbac.authorization.k8s.io/v1"
        name = {"metadata": {"name": "pods-only"}}
        await admin.apply({"apiVersion": rbac, "kind": "ClusterRole", **name, "rules": [rights]})
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pods-only"}
        subject = {"kind": "ServiceAccount", "name": "reader", "namespace": "default"}
        binding = {"apiVersion": rbac, "kind": "ClusterRoleBinding", **name, "roleRef": role}
        await admin.apply({**binding, "subjects": [subject]})
        accounts = KubeResource("", "v1", "serviceaccounts")
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}, **account}
        token = (await admin.create(accounts, request, subresource="token"))["status"]["token"]
    file = _written(tmp_path / "reader", info, token)
    async with KubeClient(load_kubeconfig(file)) as reader:
        await reader.list(PODS)
        with pytest.raises(KubeError) as caught:
            await reader.list(SECRETS)
        assert 'the role of system:serviceaccount:default:reader lacks "list" on secrets' in str(caught.value)
        with pytest.raises(KubeError) as caught:
            await reader.get(PODS, "a")
        assert 'lacks "get" on pods in namespace default' in str(caught.value)
