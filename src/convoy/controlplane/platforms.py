"""What a control plane stands on: a folder of YAML, or a Kubernetes cluster.

A platform says where objects come from, who checks tokens, and what else must run; everything above is the
same for both.
"""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from typing import Any, Protocol

from convoy.ca.service import Verifier
from convoy.ca.tokens import TokenVerifier
from convoy.config.admission import Admit
from convoy.config.sources.files import FileSource
from convoy.config.store import Store
from convoy.controlplane.admission import admit_pods
from convoy.controlplane.pipeline import Outlets
from convoy.controlplane.server_identity import ServerIdentity
from convoy.controlplane.settings import ControlPlaneSettings, FolderSettings
from convoy.mesh.model import MeshSettings

TOKEN_ISSUER = "https://kubernetes.default.svc"

Job = tuple[str, Coroutine[Any, Any, None]]
"""A task's name, and what it does until it is cancelled."""


class Platform(Protocol):
    """One control plane's surroundings."""

    @property
    def verifier(self) -> Verifier:
        """Checks the tokens of agents."""

    @property
    def admit(self) -> Admit | None:
        """Injects pods where the cluster itself does not."""

    @property
    def is_ready(self) -> bool:
        """Whether everything was read that a first answer needs."""

    def jobs(self, store: Store, outlets: Outlets, identity: ServerIdentity) -> Iterator[Job]:
        """What runs beside the servers, the source of objects first."""

    async def close(self) -> None:
        """After the jobs have ended."""


class FolderPlatform:
    """A cluster that is a folder of YAML."""

    def __init__(self, settings: FolderSettings, mesh: MeshSettings) -> None:
        keys = json.loads(settings.token_keys.read_text())
        self.verifier: Verifier = TokenVerifier(keys, issuer=TOKEN_ISSUER)
        self.admit: Admit | None = admit_pods(mesh)
        self.is_ready = True
        self._source = FileSource(settings.config_dir, cluster=mesh.cluster_id)

    def jobs(self, store: Store, outlets: Outlets, identity: ServerIdentity) -> Iterator[Job]:
        """As Platform has it."""
        yield "source:files", self._source.run(store)

    async def close(self) -> None:
        """As Platform has it."""


def make_platform(settings: ControlPlaneSettings) -> Platform:
    """The platform that the settings name. OSError or ConfigError when it cannot be used."""
    if settings.folder is not None:
        return FolderPlatform(settings.folder, settings.mesh)
    # Imported late: what runs from a folder needs no client of a cluster.
    from convoy.controlplane.kubernetes import KubernetesPlatform

    return KubernetesPlatform(settings)


async def wait_first_model(outlets: Outlets) -> None:
    """Before the first model no pod is known, and every agent would be refused."""
    await outlets.models.wait_newer(0)


def start_jobs(tasks: asyncio.TaskGroup, jobs: Iterator[Job]) -> list[asyncio.Task[None]]:
    """Start each as a task."""
    return [tasks.create_task(work, name=name) for name, work in jobs]
