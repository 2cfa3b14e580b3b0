"""`python -m convoy.controlplane`: what runs in the istiod pod."""

import sys
from datetime import timedelta
from pathlib import Path

import click
import uvloop

from convoy.api.meta import ClusterID
from convoy.ca.errors import CaError
from convoy.config.errors import ConfigError
from convoy.controlplane.program import run_control_plane
from convoy.controlplane.settings import ControlPlaneSettings
from convoy.kit.logs import configure_logs
from convoy.mesh.model import MeshSettings
from convoy.xds.server.security import AdsError

PATH = click.Path(path_type=Path, exists=True)


@click.command()
@click.option("--cluster-id", required=True)
@click.option("--config-dir", type=PATH, required=True, help="The cluster's folder of YAML.")
@click.option("--ca-dir", type=PATH, required=True, help="The intermediate CA: the four files of `cacerts`.")
@click.option("--token-keys", type=PATH, required=True, help="JWKS of the service account issuer.")
@click.option("--address", default="127.0.0.1", help="Where ADS and the agent API listen.")
@click.option("--trust-domain", default="cluster.local")
@click.option("--workload-ttl-seconds", type=click.IntRange(min=1), default=24 * 3600)
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def main(
    cluster_id: str,
    config_dir: Path,
    ca_dir: Path,
    token_keys: Path,
    address: str,
    trust_domain: str,
    workload_ttl_seconds: int,
    log_level: str,
) -> None:
    """Serve the mesh of one cluster."""
    configure_logs(level=log_level)
    settings = ControlPlaneSettings(
        mesh=MeshSettings(cluster_id=ClusterID(cluster_id), trust_domain=trust_domain),
        config_dir=config_dir,
        ca_dir=ca_dir,
        token_keys=token_keys,
        address=address,
        workload_ttl=timedelta(seconds=workload_ttl_seconds),
    )
    try:
        uvloop.run(run_control_plane(settings))
    except* (CaError, AdsError, ConfigError, OSError) as errors:
        for error in errors.exceptions:
            click.echo(f"The control plane cannot start: {error}", err=True)
        sys.exit(1)


main()
