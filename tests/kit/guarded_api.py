"""An API server whose Istio objects are guarded by the control plane's own webhooks, all in this process.

What is real: the definitions, the webhook configurations of an installation, TLS with the control plane's
certificate, the source that reads the cluster, and the pipeline that finds what is wrong between objects.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web
from tests.kit.api_server import Api, make_namespace, running_api

from convoy.api.crds import build_crds
from convoy.api.meta import ClusterID
from convoy.ca.issuers import Intermediate, issue_intermediate, new_root
from convoy.cli.install.settings import InstallSettings
from convoy.cli.install.webhooks import build_webhooks
from convoy.cluster.admission import Webhooks
from convoy.config.kube.client import KubeClient
from convoy.config.kube.credentials import GivenCredentials
from convoy.config.kube.targets import KubeTarget
from convoy.config.sources.kube import KubeSource
from convoy.config.sources.needs import Needs
from convoy.config.store import Store
from convoy.controlplane.pipeline import Outlets, publish_states
from convoy.controlplane.server_identity import ServerIdentity
from convoy.controlplane.webhooks.server import webhooks_app
from convoy.controlplane.webhooks.validation import Validation
from convoy.kit.latest import LatestValue
from convoy.mesh.credential_needs import may_need_credentials, needed_credentials
from convoy.mesh.model import MeshSettings, MeshSnapshot

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_HOOKS = "/apis/admissionregistration.k8s.io/v1"
_CLUSTER = "east"


@dataclass(frozen=True)
class GuardedApi:
    """The server, a client of it, and the mesh's side: what it read and what it makes of that."""

    api: Api
    client: KubeClient
    source: KubeSource
    outlets: Outlets
    issuer: Intermediate = field(repr=False)

    def roots(self) -> bytes:
        """What the control plane's certificate is verified by."""
        return b"".join(self.issuer.roots_pem)

    def snapshot(self) -> MeshSnapshot:
        """What the mesh is now."""
        return self.outlets.published.get_nowait().snapshot

    async def install_hooks(self) -> None:
        """The webhook configurations of an installation."""
        settings = InstallSettings(cluster_id=_CLUSTER, roots_pem=self.roots().decode())
        for hooks in build_webhooks(settings):
            await self.api.create(f"{_HOOKS}/{hooks['kind'].lower()}s", hooks)


@contextlib.asynccontextmanager
async def guarded_api() -> AsyncIterator[GuardedApi]:
    """The cluster is read from the start; a first state was published."""
    async with contextlib.AsyncExitStack() as stack:
        api = await stack.enter_async_context(running_api())
        await make_namespace(api.registry, "istio-system")
        for definition in build_crds():
            await api.create(_CRDS, definition)
        target = KubeTarget(cluster=_CLUSTER, server=api.url, credentials=GivenCredentials())
        client = await stack.enter_async_context(KubeClient(target))
        outlets = Outlets(LatestValue(), LatestValue(), LatestValue(), LatestValue())
        issuer = issue_intermediate(new_root(), _CLUSTER)
        source = KubeSource(client, needs=Needs(may_need_credentials, needed_credentials))
        guarded = GuardedApi(api, client, source, outlets, issuer)
        port = await stack.enter_async_context(_serving(Validation(outlets.published), issuer))
        await stack.enter_async_context(_asking(api, port))
        await guarded.install_hooks()
        await stack.enter_async_context(_reading(guarded))
        yield guarded


@contextlib.asynccontextmanager
async def _serving(validation: Validation, issuer: Intermediate) -> AsyncIterator[int]:
    """The webhook server on a free port, over TLS."""
    identity = ServerIdentity(lambda: issuer, "cluster.local", ttl=timedelta(hours=1))
    runner = web.AppRunner(webhooks_app(validation.judges()), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=identity.tls_context).start()
        port: int = runner.addresses[0][1]
        yield port
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def _asking(api: Api, port: int) -> AsyncIterator[None]:
    """Webhooks around every write; the Service istiod is the server."""
    service = {"metadata": {"name": "istiod"}, "spec": {"ports": [{"port": 443}]}}
    await api.create("/api/v1/namespaces/istio-system/services", service)

    async def connect(namespace: str, name: str, asked: int) -> socket.socket:
        assert (namespace, name, asked) == ("istio-system", "istiod", 443)
        sock = socket.socket()
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        return sock

    webhooks = Webhooks(api.registry, connect=connect, may_user=lambda user, about: (True, ""))
    api.registry.admission = webhooks
    try:
        yield
    finally:
        await webhooks.close()


@contextlib.asynccontextmanager
async def _reading(guarded: GuardedApi) -> AsyncIterator[None]:
    """The source and the pipeline, until the block ends."""
    store, settings = Store(), MeshSettings(cluster_id=ClusterID(_CLUSTER))
    async with asyncio.TaskGroup() as tasks:
        running = (
            tasks.create_task(guarded.source.run(store), name="source"),
            tasks.create_task(publish_states(store.held(), guarded.outlets, settings), name="state"),
        )
        await guarded.outlets.published.wait_newer(0)
        try:
            yield
        finally:
            for task in running:
                task.cancel()
