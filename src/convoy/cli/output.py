"""Rows for people or for programs: an aligned table, or JSON."""

import json
from collections.abc import Sequence
from typing import Any

import click

output_option = click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="A table, or JSON."
)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell, three spaces apart, as kubectl prints them."""
    widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    for row in (columns, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("   ".join(cells).rstrip())
    if not rows:
        click.echo("(none)", err=True)


def print_json(value: Any) -> None:
    """Indented JSON."""
    click.echo(json.dumps(value, indent=2))
