"""`convoy version`."""

import click

from convoy import __version__


@click.command()
def version() -> None:
    """Print Convoy's version."""
    click.echo(f"convoy {__version__}")
