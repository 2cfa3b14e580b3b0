"""The kubeconfig of embedded clusters: one context per cluster, named after it.

Source: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convoy.kit.secrets import SecretBytes


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """How a cluster is reached: its URL, its authority in PEM, the administrator's token."""

    name: str
    url: str
    authority: bytes
    token: SecretBytes


def build_kubeconfig(clusters: Sequence[ClusterAccess]) -> dict[str, Any]:
    """The whole file as an object; the first cluster is the current context."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster.name,
                "cluster": {
                    "server": cluster.url,
                    "certificate-authority-data": base64.b64encode(cluster.authority).decode(),
                },
            }
            for cluster in clusters
        ],
        "users": [
            {"name": cluster.name, "user": {"token": cluster.token.reveal().decode()}} for cluster in clusters
        ],
        "contexts": [
            {
                "name": cluster.name,
                "context": {"cluster": cluster.name, "user": cluster.name, "namespace": "default"},
            }
            for cluster in clusters
        ],
        "current-context": clusters[0].name if clusters else "",
        "preferences": {},
    }
