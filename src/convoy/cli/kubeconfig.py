"""`convoy kubeconfig`: where the kubeconfig of the embedded clusters is."""

import click

from convoy.cli.clusters.access import kubeconfig_path
from convoy.cli.clusters.plans import world_path
from convoy.cli.local.errors import LocalMeshError


@click.command()
def kubeconfig() -> None:
    """Print the path of the kubeconfig, for `export KUBECONFIG=$(convoy kubeconfig)`."""
    path = kubeconfig_path(world_path())
    if not path.exists():
        raise LocalMeshError("No cluster runs: start them with `convoy up`.")
    click.echo(path)
