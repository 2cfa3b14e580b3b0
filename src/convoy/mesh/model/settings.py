"""What holds for a whole mesh."""

import msgspec

from convoy.api.meta import ClusterID, Namespace


class MeshSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for the whole mesh of one cluster (Istio's MeshConfig, as far as it is built)."""

    cluster_id: ClusterID
    network: str = ""
    """Empty: the cluster's own name."""
    cluster_domain: str = "cluster.local"
    trust_domain: str = "cluster.local"
    root_namespace: Namespace = Namespace("istio-system")
    allows_any: bool = True
    interception_mark: int | None = 1337
    connect_timeout_ms: int = 10_000
    gateway_domain: str = "convoy.test"
    """Every cluster's DNS has a gateway's Service as `<service>.<cluster>.<gateway_domain>`; empty: none."""
