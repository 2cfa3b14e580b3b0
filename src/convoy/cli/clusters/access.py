"""How the host reaches the embedded clusters: the kubeconfig, and API calls of our own."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from convoy.cluster.apiserver.auth.admin_tokens import load_admin_token
from convoy.cluster.apiserver.auth.kubeconfig import ClusterAccess, build_kubeconfig
from convoy.cluster.tokens import write_secret_file
from convoy.cluster.types import KubeClusterInfo

_TIMEOUT = aiohttp.ClientTimeout(total=5)


def access_of(cluster: KubeClusterInfo) -> ClusterAccess:
    """What a client needs to know of a running cluster."""
    folder = Path(cluster.folder)
    return ClusterAccess(
        cluster.name,
        cluster.server,
        (folder / "ca.pem").read_bytes(),
        load_admin_token(folder / "admin.token"),
    )


def kubeconfig_path(folder: Path) -> Path:
    """Where the kubeconfig of a world's clusters is."""
    return folder / "kubeconfig"


def write_kubeconfig(folder: Path, clusters: Sequence[KubeClusterInfo]) -> Path:
    """Write it, for its owner alone; gives its path."""
    config = build_kubeconfig([access_of(cluster) for cluster in clusters])
    path = kubeconfig_path(folder)
    write_secret_file(path, yaml.safe_dump(config, sort_keys=False).encode())
    return path


async def list_objects(cluster: KubeClusterInfo, path: str) -> list[dict[str, Any]]:
    """The items of a list of the API; aiohttp.ClientError or TimeoutError when it does not answer."""
    access = access_of(cluster)
    context = ssl.create_default_context(cadata=access.authority.decode())
    headers = {"Authorization": f"Bearer {access.token.reveal().decode()}"}
    async with (
        aiohttp.ClientSession(timeout=_TIMEOUT, headers=headers) as session,
        session.get(f"{cluster.server}{path}", ssl=context, raise_for_status=True) as answer,
    ):
        items: list[dict[str, Any]] = (await answer.json())["items"]
        return items
