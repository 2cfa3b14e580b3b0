"""`convoy crds`: the definitions of the Istio kinds, for a cluster of one's own."""

from typing import Any

import click
import yaml

from convoy.api.crds import build_crds


class _Plain(yaml.SafeDumper):
    """Writes what several versions share in full: an alias is no help to a reader."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


@click.command()
def crds() -> None:
    """Print the CustomResourceDefinitions of all Istio kinds as YAML, for `kubectl apply -f -`."""
    text = yaml.dump_all(build_crds(), Dumper=_Plain, sort_keys=False, width=110, explicit_start=True)
    click.echo(text, nl=False)
