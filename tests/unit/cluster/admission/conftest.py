"""A cluster whose writes go through webhooks, and a server that is one."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from tests.unit.cluster.admission.hook_server import HookServer, running_hooks
from tests.unit.cluster.registry.cluster import Cluster

from convoy.cluster.admission import Webhooks


@pytest.fixture
async def server() -> AsyncIterator[HookServer]:
    async with running_hooks("hook.hooks.svc", "localhost") as running:
        yield running


@pytest.fixture
async def cluster(server: HookServer) -> AsyncIterator[Cluster]:
    """`server` is the Service `hooks/hook`."""
    made = Cluster()
    for name in ("default", "hooks", "kube-system"):
        await made.create("namespaces", {"metadata": {"name": name}}, namespace="")
        await made.create("serviceaccounts", {"metadata": {"name": "default"}}, namespace=name)
    service = {"metadata": {"name": "hook"}, "spec": {"ports": [{"port": 443}], "clusterIP": "10.0.0.7"}}
    await made.create("services", service, namespace="hooks")

    async def connect(namespace: str, name: str, port: int) -> socket.socket:
        assert (namespace, name, port) == ("hooks", "hook", 443)
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", server.port))
        except BaseException:
            sock.close()
            raise
        return sock

    webhooks = Webhooks(
        made.registry, connect=connect, may_user=lambda user, about: (user.name == about.get("name"), "")
    )
    made.registry.admission = webhooks
    yield made
    await webhooks.close()
    made.store.close()
