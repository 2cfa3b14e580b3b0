"""A cluster over its lives: stopped or killed, it comes back as it was."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cluster.images import IMAGES
from tests.cluster.kube.client import KubeApi, api_of, is_ready, sleeper, start, teller
from tests.cluster.manifests import service
from tests.cluster.requests import ask
from tests.cluster.residue import processes_of, wait_nothing_left
from tests.kit.waiting import until

from convoy.cluster.client import World, start_world
from convoy.cluster.errors import ManifestError, UnknownNameError, WorldError
from convoy.cluster.types import KubeClusterInfo

pytestmark = [pytest.mark.world]

ROOT = Path(__file__).parents[3]
WEB = {"app": "web"}


@asynccontextmanager
async def started(state_dir: Path, name: str = "one", **spec: Any) -> AsyncIterator[tuple[World, KubeApi]]:
    """A world with one cluster, for the time of a block."""
    async with (
        start_world(state_dir=state_dir, images=IMAGES) as world,
        api_of(await start(world, name, **spec)) as api,
    ):
        yield world, api


async def fill(api: KubeApi) -> None:
    """Two pods, and Services of each type."""
    await api.create(
        service("web", target="web"),
        service("node", type="NodePort", selector=WEB),
        service("gateway", type="LoadBalancer", selector=WEB),
    )
    await api.run(teller("web-1"), sleeper("client"))
    await api.wait("Service", "gateway", lambda obj: obj["status"]["loadBalancer"].get("ingress"))


async def remembered(api: KubeApi) -> dict[str, Any]:
    """What must be the same after any restart."""
    services = await api.list("Service")
    pods = await api.list("Pod")
    return {
        "uids": {each["metadata"]["name"]: each["metadata"]["uid"] for each in (*services, *pods)},
        "specs": {each["metadata"]["name"]: each["spec"] for each in services},
        "balanced": {each["metadata"]["name"]: each["status"] for each in services},
        "addresses": {each["metadata"]["name"]: each["status"]["podIP"] for each in pods},
    }


async def container_ids(api: KubeApi) -> dict[str, str]:
    """Which container each pod runs."""
    return {
        pod["metadata"]["name"]: pod["status"]["containerStatuses"][0]["containerID"]
        for pod in await api.list("Pod")
    }


async def wait_run_anew(api: KubeApi, before: dict[str, str]) -> None:
    """Until every pod runs, and another container than before."""

    def is_new(pod: dict[str, Any]) -> bool:
        running = pod["status"]["containerStatuses"][0].get("containerID")
        return is_ready(pod) and running != before[pod["metadata"]["name"]]

    await asyncio.gather(*(api.wait("Pod", name, is_new) for name in before))


async def test_a_killed_cluster_comes_back_with_its_objects_and_addresses(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.cluster.kube.starter", str(tmp_path), "one"]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    starter = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert starter.stdout is not None
    info = msgspec.json.decode(await starter.stdout.readline(), type=KubeClusterInfo)
    async with api_of(info) as api:
        await fill(api)
        before, containers = await remembered(api), await container_ids(api)
    for process in supervisors_of(tmp_path):
        os.kill(process, signal.SIGKILL)
    await starter.wait()
    assert await wait_nothing_left(tmp_path) == []
    async with started(tmp_path, nodes=2) as (world, api):
        await wait_run_anew(api, containers)
        assert await remembered(api) == before
        argv = ["python3", "-c", "import urllib.request as r; print(r.urlopen('http://gateway').status)"]
        result = await world.exec("one", "default", "client", argv, timeout=20)
        assert result.stdout == b"200\n", result.stderr.decode()


def supervisors_of(state_dir: Path) -> list[int]:
    """The supervisor of a world, by the name it gave itself."""
    return [
        pid
        for pid in processes_of(state_dir)
        if Path(f"/proc/{pid}/comm").read_text().strip() == "convoy-superv"
    ]


async def test_a_stopped_cluster_starts_again_in_the_same_world(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path, images=IMAGES) as world:
        async with api_of(await start(world, "one", nodes=2)) as api:
            await fill(api)
            before, containers = await remembered(api), await container_ids(api)
        await world.stop_cluster("one")
        assert await world.kube_clusters() == []
        async with api_of(await start(world, "one", nodes=2)) as api:
            await wait_run_anew(api, containers)
            assert await remembered(api) == before


def closes_at_once(door: tuple[str, int]) -> bool:
    """Whether a connection is made and ended without a byte."""
    with socket.create_connection(door, 5) as sock:
        try:
            return sock.recv(1) == b""
        except ConnectionResetError:
            return True


async def answering(door: tuple[str, int]) -> str:
    """The pod that answers behind a door; empty while none does."""
    try:
        return str((await ask(socket.create_connection(door, 5)))["pod"])
    except (OSError, json.JSONDecodeError):
        return ""


async def test_a_door_of_the_host_outlives_the_cluster_behind_it(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path, images=IMAGES) as world:
        async with api_of(await start(world, "one")) as api:
            await fill(api)
            gateway = (await api.get("Service", "gateway"))["status"]["loadBalancer"]["ingress"][0]["ip"]
            containers = await container_ids(api)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            door = listener.getsockname()
            await world.forward(listener, "one", gateway, 80)
        await world.stop_cluster("one")
        assert await asyncio.to_thread(closes_at_once, door)
        async with api_of(await start(world, "one")) as api:
            await wait_run_anew(api, containers)
            assert await until(lambda: answering(door)) == "web-1"


async def test_a_token_of_a_kubeconfig_stays_good(tmp_path: Path) -> None:
    async with started(tmp_path) as (_world, api):
        folder = Path(api.info.folder)
        kept = {name: (folder / name).read_bytes() for name in ("ca.pem", "admin.token")}
    async with started(tmp_path) as (_world, api):
        assert {name: (folder / name).read_bytes() for name in kept} == kept
        await api.list("Node")


async def test_a_cluster_that_becomes_smaller_forgets_nodes_and_their_pods(tmp_path: Path) -> None:
    async with started(tmp_path, nodes=2) as (_world, api):
        first, second = api.info.nodes
        await api.run(sleeper("stays", nodeName=first), sleeper("goes", nodeName=second))
    async with started(tmp_path) as (_world, api):
        assert [node["metadata"]["name"] for node in await api.list("Node")] == [first]
        assert [pod["metadata"]["name"] for pod in await api.list("Pod")] == ["stays"]


async def test_an_ephemeral_cluster_keeps_nothing_but_its_place(tmp_path: Path) -> None:
    async with started(tmp_path, ephemeral=True) as (_world, api):
        await api.create(service("web"))
    async with started(tmp_path, ephemeral=True) as (_world, api):
        assert [each["metadata"]["name"] for each in await api.list("Service")] == ["kubernetes"]
        assert not (Path(api.info.folder) / "objects.db").exists()


async def test_ranges_cannot_change_while_objects_have_addresses_in_them(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path, images=IMAGES) as world:
        await start(world, "one", service_cidr="198.18.200.0/24")
        await world.stop_cluster("one")
        with pytest.raises(ManifestError, match=r"has the service cidr 198\.18\.200\.0/24"):
            await start(world, "one", service_cidr="198.18.201.0/24")
        assert (await start(world, "one")).dns_address == "198.18.200.10"


async def test_objects_of_a_newer_version_are_refused_with_a_sentence(tmp_path: Path) -> None:
    async with started(tmp_path) as (_world, api):
        database = Path(api.info.folder) / "objects.db"
    with sqlite3.connect(database) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    async with start_world(state_dir=tmp_path, images=IMAGES) as world:
        with pytest.raises(WorldError, match="newer"):
            await start(world, "one")
        assert await world.kube_clusters() == []
        await start(world, "two")


@pytest.mark.parametrize("name", ["service-account.key", "ca.pem", "ca.key"])
async def test_a_damaged_file_is_named_with_what_to_do(tmp_path: Path, name: str) -> None:
    async with started(tmp_path) as (_world, api):
        damaged = Path(api.info.folder) / name
    await asyncio.to_thread(damaged.write_text, "something else " * 100)
    async with start_world(state_dir=tmp_path, images=IMAGES) as world:
        with pytest.raises(WorldError, match=rf"{damaged.parent}.*{name}.* is damaged.*remove"):
            await start(world, "one")


@pytest.mark.parametrize("name", ["", "../x", "Big", "-a", "a_b", "x" * 41])
async def test_a_name_that_cannot_be_a_clusters_is_refused(tmp_path: Path, name: str) -> None:
    async with start_world(state_dir=tmp_path) as world:
        with pytest.raises(ManifestError, match="cannot be the name of a cluster"):
            await start(world, name)


async def test_what_does_not_run_cannot_be_stopped(tmp_path: Path) -> None:
    async with start_world(state_dir=tmp_path) as world:
        with pytest.raises(UnknownNameError):
            await world.stop_cluster("one")


async def test_nobody_else_may_read_what_a_cluster_keeps(tmp_path: Path) -> None:
    async with started(tmp_path) as (_world, api):
        folder = Path(api.info.folder)
        files = [Path(place, name) for place, _folders, names in os.walk(folder) for name in names]
        assert len(files) > 5
        assert [path for path in (folder, folder.parent, *files) if path.stat().st_mode & 0o077] == []
