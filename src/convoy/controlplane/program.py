"""One control plane as a program: its tasks, started in one place."""

import asyncio
import json
import signal

from aiohttp import web

from convoy.ca.files import IntermediateFolder
from convoy.ca.service import CertificateService
from convoy.ca.tokens import TokenVerifier
from convoy.config.sources.files import FileSource
from convoy.config.store import Store
from convoy.controlplane.admission import admit_pods
from convoy.controlplane.agent_api import AgentApi
from convoy.controlplane.debug import DebugApi
from convoy.controlplane.living_pods import LivingPods
from convoy.controlplane.pipeline import Outlets, publish_states
from convoy.controlplane.server_identity import ServerIdentity
from convoy.controlplane.settings import ControlPlaneSettings
from convoy.kit.latest import LatestValue
from convoy.kit.logs import get_logger
from convoy.xds.server.ads import AdsServer
from convoy.xds.server.security import MutualTls

TOKEN_ISSUER = "https://kubernetes.default.svc"

log = get_logger("controlplane")


async def run_control_plane(settings: ControlPlaneSettings) -> None:
    """Serve until SIGTERM or SIGINT. Raises CaError, AdsError or OSError when it cannot start."""
    issuer = IntermediateFolder(settings.ca_dir)
    outlets = Outlets(LatestValue(), LatestValue(), LatestValue())
    tokens = TokenVerifier(json.loads(settings.token_keys.read_text()), issuer=TOKEN_ISSUER)
    verifier = LivingPods(tokens, outlets.models, trust_domain=settings.mesh.trust_domain)
    identity = ServerIdentity(issuer.current, settings.mesh.trust_domain, ttl=settings.workload_ttl)
    certificates = CertificateService(
        issuer.current, verifier, trust_domain=settings.mesh.trust_domain, max_ttl=settings.workload_ttl
    )
    ads = AdsServer(
        outlets.models,
        security=MutualTls(identity.bundle),
        address=f"{settings.address}:{settings.ads_port}",
    )
    store = Store()
    source = FileSource(settings.config_dir, cluster=settings.mesh.cluster_id)
    agents = AgentApi(certificates, verifier, outlets.names)
    debug = DebugApi(outlets.published, ads, is_ready=lambda: outlets.models.number > 0)
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(source.run(store), name="source:files"),
            tasks.create_task(
                publish_states(store.held(admit=admit_pods(settings.mesh)), outlets, settings.mesh),
                name="state",
            ),
            tasks.create_task(identity.run(), name="identity"),
            tasks.create_task(ads.serve(), name="ads"),
            tasks.create_task(_serve_agents(agents, outlets, settings, identity), name="agents"),
            tasks.create_task(_serve_http(debug.app(), "127.0.0.1", settings.debug_port), name="debug"),
        ]
        await _wait_signal()
        log.info("control plane stopping")
        for task in running:
            task.cancel()


async def _serve_agents(
    agents: AgentApi, outlets: Outlets, settings: ControlPlaneSettings, identity: ServerIdentity
) -> None:
    # Before the first model no pod is known, and every agent would be refused.
    await outlets.models.wait_newer(0)
    await _serve_http(agents.app(), settings.address, settings.agent_port, identity)


async def _serve_http(
    app: web.Application, host: str, port: int, identity: ServerIdentity | None = None
) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        context = identity.tls_context if identity else None
        await web.TCPSite(runner, host, port, ssl_context=context).start()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _wait_signal() -> None:
    received = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, received.set)
    await received.wait()
