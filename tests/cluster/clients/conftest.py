"""A cluster that was stopped and started again, and each client library in a namespace of its own."""

import asyncio
import random
import socket
import string
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from tests.cluster.clients.krates import Krates
from tests.cluster.clients.light import Light
from tests.cluster.clients.official import Official
from tests.cluster.clients.talking import Kind, Talker
from tests.cluster.kubectl.plain_client import plain_client
from tests.cluster.kubectl.running import DEFINITIONS, IMAGES, until_served

from convoy.cli.clusters.access import write_kubeconfig
from convoy.cluster.client import start_world
from convoy.cluster.types import KubeClusterSpec

LIBRARIES = {"kubernetes": Official, "lightkube": Light, "kr8s": Krates}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """The cluster's; what happened before its restart is too long ago to be watched from."""
    folder = tmp_path_factory.mktemp("clients")
    async with start_world(state_dir=folder, images=IMAGES) as world:
        for is_last in (False, True):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                info = await world.start_cluster(KubeClusterSpec("cluster1"), listener)
            if not is_last:
                await world.stop_cluster("cluster1")
        yield write_kubeconfig(folder, [info])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def widget(kubeconfig: Path) -> Kind:
    """A custom resource, once it is served."""
    definition, plural = widget_definition()
    async with plain_client(kubeconfig) as session:
        await _post(session, DEFINITIONS, definition)
        async with asyncio.timeout(20):
            await until_served(session, f"/apis/example.com/v1/{plural}")
    return Kind("example.com/v1", "Widget", plural)


def widget_definition() -> tuple[dict[str, Any], str]:
    """Its definition and its plural."""
    spec = {"type": "object", "properties": {"size": {"type": "integer", "minimum": 1, "default": 3}}}
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    definition = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    return {"metadata": {"name": "widgets.example.com"}, "spec": definition}, "widgets"


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=LIBRARIES)
async def namespace(kubeconfig: Path, request: pytest.FixtureRequest) -> str:
    """A new one, whose service account is there."""
    name = f"{request.param}-{''.join(random.choices(string.ascii_lowercase, k=5))}"
    async with plain_client(kubeconfig) as session:
        await _post(session, "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


async def _post(session: aiohttp.ClientSession, path: str, obj: dict[str, object]) -> None:
    async with session.post(path, json=obj) as made:
        assert made.status == 201, await made.text()


@pytest.fixture(scope="module")
def talker(kubeconfig: Path, namespace: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talker]:
    """One of the libraries."""
    library = namespace.partition("-")[0]
    talking = LIBRARIES[library](kubeconfig, namespace, tmp_path_factory.mktemp(library))
    yield talking
    talking.close()
