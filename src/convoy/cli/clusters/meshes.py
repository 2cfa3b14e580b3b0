"""Bring the mesh to embedded clusters: one root of trust for all, an intermediate for each.

The root's key stays in CONVOY_HOME. A Secret `cacerts` that is there already, the user's own or that of last
time, is left as it is.
"""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path

from convoy.api.crds import build_crds
from convoy.ca.files import ROOT_CERT, intermediate_to_files, load_or_create_root
from convoy.ca.issuers import issue_intermediate
from convoy.cli.clusters.access import kubeconfig_path
from convoy.cli.install.control_plane import CA_SECRET
from convoy.cli.install.installing import install
from convoy.cli.install.settings import SYSTEM_NAMESPACE, InstallSettings
from convoy.cli.install.stages import build_stages
from convoy.cli.local.errors import LocalMeshError
from convoy.config.errors import KubeError
from convoy.config.kube.client import KubeClient
from convoy.config.kube.kubeconfig import load_kubeconfig
from convoy.config.kube.resources import SECRETS

_READY_WITHIN = 60.0


def open_client(folder: Path, cluster: str) -> KubeClient:
    """The administrator's client of a running embedded cluster; close it after use."""
    return KubeClient(load_kubeconfig(kubeconfig_path(folder), cluster))


async def install_mesh(folder: Path, cluster: str, *, progress: Callable[[str], None]) -> None:
    """Install the mesh in one cluster, or bring an installation up to date; LocalMeshError when it fails."""
    async with open_client(folder, cluster) as client:
        kept = await _kept_certificates(client)
        made = None if kept is not None else _issue(folder, cluster)
        settings = InstallSettings(
            cluster_id=cluster, roots_pem=(kept or made or {})[ROOT_CERT].decode(), network=cluster
        )
        stages = build_stages(settings, definitions=build_crds(), cacerts=made)
        try:
            await install(client, stages, progress=progress, timeout=_READY_WITHIN)
        except KubeError as error:
            raise LocalMeshError(f"The mesh could not be installed: {error}") from error


async def _kept_certificates(client: KubeClient) -> Mapping[str, bytes] | None:
    try:
        secret = await client.get(SECRETS, CA_SECRET, namespace=SYSTEM_NAMESPACE)
    except KubeError as error:
        if error.is_not_found:
            return None
        raise
    files = {name: base64.b64decode(text) for name, text in (secret.get("data") or {}).items()}
    if ROOT_CERT not in files:
        raise LocalMeshError(
            f"Secret {SYSTEM_NAMESPACE}/{CA_SECRET} of cluster {client.cluster} has no {ROOT_CERT}: "
            "complete it, or delete it to get a new one."
        )
    return files


def _issue(folder: Path, cluster: str) -> dict[str, bytes]:
    return intermediate_to_files(issue_intermediate(load_or_create_root(folder / "ca"), cluster))
