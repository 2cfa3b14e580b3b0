"""What one control plane is started with."""

from datetime import timedelta
from pathlib import Path

import msgspec

from convoy.mesh.model import MeshSettings

ADS_PORT = 15012
AGENT_PORT = 15016
DEBUG_PORT = 15014
WEBHOOK_PORT = 15017


class FolderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster that is a folder of YAML. `token_keys`: the JWKS file of its service account issuer."""

    config_dir: Path
    token_keys: Path


class ControlPlaneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One control plane serves one cluster.

    `folder`: where its objects come from when it does not run on Kubernetes. `ca_dir`: the intermediate, as
    the four files of Istio's `cacerts`. `address`: where ADS, the agent API and the webhooks listen; debug
    HTTP stays on loopback. `workload_ttl`: the longest life of a certificate. `replica`: this one's name
    among others of the same cluster.
    """

    mesh: MeshSettings
    ca_dir: Path
    folder: FolderSettings | None = None
    replica: str = "istiod"
    address: str = "127.0.0.1"
    ads_port: int = ADS_PORT
    agent_port: int = AGENT_PORT
    debug_port: int = DEBUG_PORT
    webhook_port: int = WEBHOOK_PORT
    workload_ttl: timedelta = timedelta(hours=24)
