"""`python -m convoy.controlplane`: what runs in the istiod pod."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import click
import uvloop

from convoy.api.meta import ClusterID
from convoy.ca.errors import CaError
from convoy.config.errors import ConfigError
from convoy.controlplane.program import run_control_plane
from convoy.controlplane.settings import ControlPlaneSettings, FolderSettings
from convoy.kit.logs import configure_logs
from convoy.mesh.model import MeshSettings
from convoy.xds.server.security import AdsError

PATH = click.Path(path_type=Path, exists=True)


@click.command()
@click.option("--cluster-id", required=True)
@click.option("--kube", is_flag=True, help="Serve the Kubernetes cluster that this process is a pod of.")
@click.option("--config-dir", type=PATH, help="Without --kube: the cluster's folder of YAML.")
@click.option("--ca-dir", type=PATH, required=True, help="The intermediate CA: the four files of `cacerts`.")
@click.option("--token-keys", type=PATH, help="Without --kube: JWKS of the service account issuer.")
@click.option("--address", default="127.0.0.1", help="Where ADS and the agent API listen.")
@click.option("--trust-domain", default="cluster.local")
@click.option("--workload-ttl-seconds", type=click.IntRange(min=1), default=24 * 3600)
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def main(
    cluster_id: str,
    kube: bool,
    config_dir: Path | None,
    ca_dir: Path,
    token_keys: Path | None,
    address: str,
    trust_domain: str,
    workload_ttl_seconds: int,
    log_level: str,
) -> None:
    """Serve the mesh of one cluster."""
    configure_logs(level=log_level)
    settings = ControlPlaneSettings(
        mesh=MeshSettings(cluster_id=ClusterID(cluster_id), trust_domain=trust_domain),
        ca_dir=ca_dir,
        folder=_folder(config_dir, token_keys) if not kube else None,
        replica=os.environ.get("POD_NAME", "istiod"),
        address=address,
        workload_ttl=timedelta(seconds=workload_ttl_seconds),
    )
    try:
        uvloop.run(run_control_plane(settings))
    except* (CaError, AdsError, ConfigError, OSError) as errors:
        for error in errors.exceptions:
            click.echo(f"The control plane cannot start: {error}", err=True)
        sys.exit(1)


def _folder(config_dir: Path | None, token_keys: Path | None) -> FolderSettings:
    if config_dir is None or token_keys is None:
        raise click.UsageError("give --kube, or both --config-dir and --token-keys.")
    return FolderSettings(config_dir=config_dir, token_keys=token_keys)


main()
