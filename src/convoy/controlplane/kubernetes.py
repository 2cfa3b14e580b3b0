"""A control plane in a Kubernetes cluster: objects over its API, tokens by TokenReview, webhooks, leadership.

Of several replicas all serve; only the leader writes.
"""

import asyncio
import functools
from collections.abc import Iterator

from aiohttp import web

from convoy.ca.service import Verifier
from convoy.config.admission import Admit
from convoy.config.kube.client import KubeClient
from convoy.config.kube.kubeconfig import in_cluster
from convoy.config.kube.leases import Leader
from convoy.config.sources.kube import KubeSource
from convoy.config.sources.needs import Needs
from convoy.config.store import Store
from convoy.config.view import EMPTY_VIEW
from convoy.controlplane.admission import injection_of, proxy_configs_of
from convoy.controlplane.http import serve_http
from convoy.controlplane.pipeline import Outlets
from convoy.controlplane.platforms import Job
from convoy.controlplane.server_identity import ServerIdentity
from convoy.controlplane.settings import ControlPlaneSettings
from convoy.controlplane.token_reviews import TokenReviewVerifier
from convoy.controlplane.webhooks.inject import InjectionJudge, namespace_reader
from convoy.controlplane.webhooks.server import webhooks_app
from convoy.controlplane.webhooks.validation import Validation
from convoy.controlplane.writing.authorities import AuthorityWriter
from convoy.controlplane.writing.roots import RootWriter
from convoy.controlplane.writing.statuses import StatusWriter
from convoy.inject import ProxyConfigs
from convoy.mesh.credential_needs import may_need_credentials, needed_credentials

LEASE = "istio-leader"


class KubernetesPlatform:
    """As Platform has it, for the cluster that this process is a pod of. KubeconfigError elsewhere."""

    def __init__(self, settings: ControlPlaneSettings) -> None:
        self._settings = settings
        target = in_cluster(cluster=settings.mesh.cluster_id)
        self._namespace = target.namespace
        self._client = KubeClient(target)
        self._source = KubeSource(
            self._client,
            mesh_namespace=settings.mesh.root_namespace,
            needs=Needs(may_need_credentials, needed_credentials),
        )
        self._leader = Leader(self._client, name=LEASE, namespace=target.namespace, identity=settings.replica)
        self.verifier: Verifier = TokenReviewVerifier(self._client)
        self.admit: Admit | None = None

    @property
    def is_ready(self) -> bool:
        """As Platform has it."""
        return self._source.is_synced

    def jobs(self, store: Store, outlets: Outlets, identity: ServerIdentity) -> Iterator[Job]:
        """As Platform has it."""
        yield "source:kube", self._source.run(store)
        yield "leader", self._leader.run()
        yield "webhooks", self._serve_webhooks(outlets, identity)
        yield from self._writers(outlets, identity)

    def _writers(self, outlets: Outlets, identity: ServerIdentity) -> Iterator[Job]:
        client, leader, namespace = self._client, self._leader, self._namespace

        def roots() -> bytes:
            return identity.bundle().root_pem

        yield "writing:roots", RootWriter(client, leader, roots=roots).run()
        yield "writing:authorities", AuthorityWriter(client, leader, namespace=namespace, roots=roots).run()
        statuses = StatusWriter(client, leader, published=outlets.published, state_of=self._source.state_of)
        yield "writing:statuses", statuses.run()

    async def _serve_webhooks(self, outlets: Outlets, identity: ServerIdentity) -> None:
        mesh = self._settings.mesh

        def configs() -> ProxyConfigs:
            published = outlets.published
            return proxy_configs_of(published.get_nowait().view if published.number else EMPTY_VIEW, mesh)

        injection = InjectionJudge(injection_of(mesh), namespace_reader(self._client), configs)
        app = webhooks_app({"/inject": injection, **Validation(outlets.published).judges()})
        app.router.add_get("/ready", functools.partial(self._answer_ready, outlets))
        await serve_http(app, self._settings.address, self._settings.webhook_port, identity)

    async def _answer_ready(self, outlets: Outlets, _request: web.Request) -> web.Response:
        is_ready = self.is_ready and outlets.models.number > 0
        return web.Response(status=200 if is_ready else 503)

    async def close(self) -> None:
        """As Platform has it."""
        await asyncio.shield(self._client.close())
