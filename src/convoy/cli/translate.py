"""`convoy translate`: what Envoy would be given, from folders alone."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import click
import yaml

from convoy.api.meta import ClusterID
from convoy.api.problems import has_errors, render_problem
from convoy.cli.local.errors import LocalMeshError
from convoy.cli.output import print_json
from convoy.controlplane.offline import translate_folder
from convoy.mesh.model import MeshSettings
from convoy.xds.cache.readable import readable
from convoy.xds.cache.resources import SEND_ORDER, ProxyResources

SHORT = dict(zip(SEND_ORDER, ("clusters", "endpoints", "listeners", "routes"), strict=True))


@click.command()
@click.option(
    "-f",
    "--folder",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="The cluster's folder of YAML.",
)
@click.option("--proxy", required=True, help="A pod: `name`, or `name.namespace`.")
@click.option("--cluster", default="", help="The cluster's name; by default the folder's.")
@click.option("-o", "--output", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
def translate(folder: Path, proxy: str, cluster: str, output: str) -> None:
    """Print the clusters, endpoints, listeners and routes that the proxy of a pod would be sent.

    Nothing is started. Problems of the folder go to standard error; an object with an error is left out, and
    the exit code is 1.
    """
    settings = MeshSettings(cluster_id=ClusterID(cluster or folder.resolve().name))
    state = translate_folder(folder, settings)
    for problem in state.problems:
        click.echo(render_problem(problem), err=True)
    resources = _resources_of(proxy, state.model.proxies, folder)
    shown = {
        SHORT[kind]: [readable(each) for each in resources.of_type(kind).values()] for kind in SEND_ORDER
    }
    if output == "json":
        print_json(shown)
    else:
        # JSON is YAML's plain core: the round trip leaves only dicts, lists and scalars.
        click.echo(yaml.safe_dump(json.loads(json.dumps(shown)), sort_keys=False), nl=False)
    sys.exit(1 if has_errors(state.problems) else 0)


def _resources_of(proxy: str, proxies: Mapping[str, ProxyResources], folder: Path) -> ProxyResources:
    if not proxies:
        raise LocalMeshError(
            f"No pod of {folder} has a proxy: give the cluster's whole folder, and label a Namespace with "
            "istio-injection=enabled or a pod with sidecar.istio.io/inject=true."
        )
    matches = [name for name in proxies if proxy in (name, name.rpartition(".")[0])]
    if len(matches) != 1:
        what = "There is no pod" if not matches else "There are several pods"
        known = ", ".join(sorted(matches or proxies))
        raise LocalMeshError(f"{what} {proxy} with a proxy; name one of: {known}.")
    return proxies[matches[0]]
