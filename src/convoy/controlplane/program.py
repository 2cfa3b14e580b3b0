"""One control plane as a program: its tasks, started in one place."""

import asyncio
import signal

from convoy.ca.files import IntermediateFolder
from convoy.ca.service import CertificateService
from convoy.config.store import Store
from convoy.controlplane.agent_api import AgentApi, BootstrapPatches
from convoy.controlplane.debug import DebugApi
from convoy.controlplane.http import serve_http
from convoy.controlplane.living_pods import LivingPods
from convoy.controlplane.pipeline import Outlets, Published, publish_states
from convoy.controlplane.platforms import Platform, make_platform, start_jobs, wait_first_model
from convoy.controlplane.server_identity import ServerIdentity
from convoy.controlplane.settings import ControlPlaneSettings
from convoy.kit.latest import LatestValue
from convoy.kit.logs import get_logger
from convoy.kit.malloc import keep_heap_small
from convoy.xds.server.ads import AdsServer
from convoy.xds.server.security import MutualTls

log = get_logger("controlplane")


async def run_control_plane(settings: ControlPlaneSettings, *, platform: Platform | None = None) -> None:
    """Serve until SIGTERM or SIGINT, on the platform that the settings name unless another one is given.

    CaError, AdsError, ConfigError or OSError when it cannot start.
    """
    keep_heap_small()
    issuer = IntermediateFolder(settings.ca_dir)
    outlets = Outlets(LatestValue(), LatestValue(), LatestValue(), LatestValue())
    platform = platform or make_platform(settings)
    verifier = LivingPods(platform.verifier, outlets.models, trust_domain=settings.mesh.trust_domain)
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
    agents = AgentApi(
        certificates,
        verifier,
        outlets.names,
        outlets.probes,
        patches=lambda name: patches_of(outlets.published.get_nowait(), name),
    )
    debug = DebugApi(outlets.published, ads, is_ready=lambda: platform.is_ready and outlets.models.number > 0)
    states = store.held(admit=platform.admit)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [
                *start_jobs(tasks, platform.jobs(store, outlets, identity)),
                tasks.create_task(publish_states(states, outlets, settings.mesh), name="state"),
                tasks.create_task(identity.run(), name="identity"),
                tasks.create_task(ads.serve(), name="ads"),
                tasks.create_task(_serve_agents(agents, outlets, settings, identity), name="agents"),
                tasks.create_task(serve_http(debug.app(), "127.0.0.1", settings.debug_port), name="debug"),
            ]
            await _wait_signal()
            log.info("control plane stopping")
            for task in running:
                task.cancel()
    finally:
        await platform.close()


def patches_of(published: Published, name: str) -> BootstrapPatches | None:
    """What EnvoyFilters change of a proxy, by `<pod>.<namespace>`; None when nothing."""
    workload = published.snapshot.workloads.get(name)
    if workload is None or not workload.patches:
        return None
    is_gateway = workload.view in published.snapshot.gateway_views
    return BootstrapPatches(workload.patches, is_gateway)


async def _serve_agents(
    agents: AgentApi, outlets: Outlets, settings: ControlPlaneSettings, identity: ServerIdentity
) -> None:
    await wait_first_model(outlets)
    await serve_http(agents.app(), settings.address, settings.agent_port, identity)


async def _wait_signal() -> None:
    received = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, received.set)
    await received.wait()
