"""What one control plane is started with."""

from datetime import timedelta
from pathlib import Path

import msgspec

from convoy.mesh.model import MeshSettings

ADS_PORT = 15012
AGENT_PORT = 15016
DEBUG_PORT = 15014


class ControlPlaneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One control plane serves one cluster.

    `config_dir`: the cluster's folder of YAML. `ca_dir`: the intermediate, as the four files of Istio's
    `cacerts`. `token_keys`: the JWKS file of the cluster's service account issuer. `address`: where ADS and
    the agent API listen; debug HTTP stays on loopback. `workload_ttl`: the longest life of a certificate.
    """

    mesh: MeshSettings
    config_dir: Path
    ca_dir: Path
    token_keys: Path
    address: str = "127.0.0.1"
    ads_port: int = ADS_PORT
    agent_port: int = AGENT_PORT
    debug_port: int = DEBUG_PORT
    workload_ttl: timedelta = timedelta(hours=24)
