"""`python -m bench synthetic`: the objects of a large mesh as YAML, for any control plane."""

import pathlib

import click

from bench.synthetic.files import write_changes, write_cluster
from bench.synthetic.manifests import Size


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=pathlib.Path), required=True)
@click.option("--services", type=click.IntRange(1, 20_000), default=1_000, show_default=True)
@click.option("--ports", type=click.IntRange(1), default=20, show_default=True)
@click.option("--endpoints", type=click.IntRange(1), default=5, show_default=True, help="Of each service.")
@click.option("--namespaces", type=click.IntRange(1), default=10, show_default=True)
@click.option("--clusters", type=click.IntRange(1), default=1, show_default=True)
@click.option("--virtual-services", type=click.IntRange(0), help="One for each service unless it is said.")
@click.option("--destination-rules", type=click.IntRange(0), help="One for each service unless it is said.")
@click.option("--changes", type=click.IntRange(0), default=0, help="Changed routes, and as many new pods.")
@click.option(
    "--endpoint-slices", is_flag=True, help="For API servers without the controller that makes them."
)
def synthetic(
    out: pathlib.Path,
    services: int,
    ports: int,
    endpoints: int,
    namespaces: int,
    clusters: int,
    virtual_services: int | None,
    destination_rules: int | None,
    changes: int,
    endpoint_slices: bool,
) -> None:
    """The objects of a large mesh as files for `kubectl apply`, one folder for each cluster."""
    size = Size(
        services=services,
        ports=ports,
        endpoints=endpoints,
        namespaces=namespaces,
        clusters=clusters,
        virtual_services=virtual_services,
        destination_rules=destination_rules,
    )
    for cluster in range(clusters):
        folder = out / f"cluster-{cluster}"
        count = write_cluster(folder, size, cluster=cluster, has_slices=endpoint_slices)
        click.echo(f"{folder}: {count} objects")
        if changes:
            write_changes(out / f"cluster-{cluster}-changes", size, changes, cluster=cluster)
