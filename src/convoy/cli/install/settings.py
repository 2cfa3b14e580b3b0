"""What an installation is told."""

import msgspec

SYSTEM_NAMESPACE = "istio-system"
CONTROL_PLANE = "istiod"
PILOT_IMAGE = "convoy/pilot"


class InstallSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster's installation. `roots_pem`: what its proxies and its API server trust the mesh by.

    `gateway_address` asks for that LoadBalancer address; empty leaves it to the cluster.
    """

    cluster_id: str
    roots_pem: str
    trust_domain: str = "cluster.local"
    image: str = PILOT_IMAGE
    replicas: int = 1
    network: str = ""
    gateway_address: str = ""
    arguments: tuple[str, ...] = ()
