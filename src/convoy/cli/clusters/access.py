"""How the host reaches the embedded clusters: the kubeconfig."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from convoy.cluster.apiserver.auth.admin_tokens import load_admin_token
from convoy.cluster.apiserver.auth.kubeconfig import ClusterAccess, build_kubeconfig
from convoy.cluster.tokens import write_secret_file
from convoy.cluster.types import KubeClusterInfo


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
