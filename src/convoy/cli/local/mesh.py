"""Start a mesh from folders: certificates, world, clusters, control planes, pods.

Used by the end-to-end tests and by the benchmarks, so all of them run the same thing.
"""

import contextlib
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from convoy.api.kube.core import Pod, Service
from convoy.ca.files import intermediate_to_files, load_or_create_root
from convoy.ca.issuers import Intermediate, issue_intermediate
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.folders import admission_of, find_mesh_problems, load_folders
from convoy.cli.local.following import follow_folder
from convoy.cli.local.manifests import (
    control_plane_manifests,
    free_pod_address,
    manifests_of,
    namespaces_of,
    root_certificates,
)
from convoy.cli.local.ranges import cluster_spec, range_around
from convoy.cluster.client import World, start_world
from convoy.cluster.errors import WaitError
from convoy.cluster.types import ImageEntry
from convoy.config.view import ConfigView
from convoy.kit.tasks import cancelled_at_end

Report = Callable[[str], None]


class MeshOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a local mesh is made.

    `control_plane_arguments` are added to every control plane's argv; `images` come before the mesh's own.
    """

    control_plane_arguments: tuple[str, ...] = ()
    images: tuple[ImageEntry, ...] = ()
    ready_timeout: float = 60.0


DEFAULT_OPTIONS = MeshOptions()


class LocalCluster(msgspec.Struct, frozen=True):
    """One running cluster."""

    name: str
    folder: Path
    view: ConfigView
    """The objects it was started with."""
    intermediate: Intermediate

    @property
    def roots_pem(self) -> str:
        """What this cluster's proxies trust."""
        return b"".join(self.intermediate.roots_pem).decode()


class LocalMesh:
    """Running clusters in one world."""

    def __init__(self, world: World, clusters: Mapping[str, LocalCluster], state: Path) -> None:
        self.world = world
        self.clusters = clusters
        self.state = state

    def address_of(self, cluster: str, service: str, *, namespace: str = "istio-system") -> str:
        """The LoadBalancer address of a Service; LocalMeshError when it has none."""
        found = self.clusters[cluster].view.get(Service, namespace, service)
        for ingress in found.status.load_balancer.ingress if found else ():
            return ingress.ip
        raise LocalMeshError(
            f"Service {namespace}/{service} of cluster {cluster} has no LoadBalancer address."
        )

    async def forward_ingress(self, cluster: str) -> str:
        """Serve a cluster's ingress gateway (port 80) on a free port of 127.0.0.1; gives the URL."""
        listening = socket.create_server(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        await self.world.forward(listening, cluster, self.address_of(cluster, "istio-ingressgateway"), 80)
        return f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def start_mesh(
    folders: Mapping[str, Path],
    state: Path,
    *,
    options: MeshOptions = DEFAULT_OPTIONS,
    progress: Report = print,
    report: Report = print,
) -> AsyncIterator[LocalMesh]:
    """A running mesh of one cluster a folder, every pod ready; all of it is gone when the context ends.

    `progress` hears what comes next, `report` of problems that do not keep the mesh from running.
    Raises LocalMeshError for folders with problems, WorldError when namespaces, pods or programs fail.
    """
    loaded = load_folders(folders)
    views = {name: folder.view for name, folder in loaded.items()}
    specs = {name: cluster_spec(name, folders[name], view) for name, view in views.items()}
    for problem in find_mesh_problems(loaded):
        report(str(problem))
    async with start_world(state_dir=state, images=[*options.images, *mesh_images()]) as world:
        progress("namespaces and networks")
        clusters = {}
        for name, view in views.items():
            intermediate = _issue(state, name)
            info = await world.add_cluster(specs[name])
            clusters[name] = LocalCluster(name, folders[name], view, intermediate)
            await world.apply(name, _control_plane(clusters[name], info.jwks, options=options))
        # Control planes first: proxies that start beside them would only take the processors from them.
        progress("control planes")
        await _wait_ready(world, clusters, state, options=options)
        progress("gateways, sidecars and applications")
        for name, view in views.items():
            await world.apply(name, manifests_of(view))
        await _wait_ready(world, clusters, state, options=options)
        async with contextlib.AsyncExitStack() as following:
            for name, view in views.items():
                follow = follow_folder(
                    world, name, folders[name], admit=admission_of(name), running=view, report=report
                )
                await following.enter_async_context(cancelled_at_end(follow, name=f"follow:{name}"))
            yield LocalMesh(world, clusters, state)


async def _wait_ready(world: World, clusters: Iterable[str], state: Path, *, options: MeshOptions) -> None:
    for name in clusters:
        try:
            await world.wait_ready(name, timeout=options.ready_timeout)
        except WaitError as error:
            logs = state / "logs" / name
            raise LocalMeshError(
                f"{error}\nCorrect this and try again; the whole logs are in {logs}."
            ) from error


def mesh_images() -> list[ImageEntry]:
    """The programs behind the mesh's own images."""
    return [
        ImageEntry(pattern="convoy/proxy", argv=(sys.executable, "-m", "convoy.agent", "run")),
        ImageEntry(pattern="convoy/pilot", argv=(sys.executable, "-m", "convoy.controlplane")),
    ]


def _issue(state: Path, name: str) -> Intermediate:
    return issue_intermediate(load_or_create_root(state / "ca"), name)


def _control_plane(
    cluster: LocalCluster, jwks: Mapping[str, Any], *, options: MeshOptions
) -> list[dict[str, Any]]:
    """The control plane's objects, and what every pod needs of the cluster's trust."""
    taken = [pod.status.pod_ip for pod in cluster.view.all(Pod)]
    control_plane = control_plane_manifests(
        cluster_id=cluster.name,
        address=free_pod_address(range_around(taken[0]), taken),
        folder=cluster.folder,
        cacerts=intermediate_to_files(cluster.intermediate),
        jwks=jwks,
        arguments=list(options.control_plane_arguments),
    )
    namespaces = namespaces_of(manifests_of(cluster.view))
    return [*root_certificates(namespaces, cluster.roots_pem), *control_plane]
