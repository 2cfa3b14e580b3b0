"""`convoy validate`: what is wrong with files, before anything runs on them."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
import msgspec

from convoy.api.codes import Level
from convoy.api.istio.envoy_filter import EnvoyFilter
from convoy.api.kube.core import Service
from convoy.api.meta import ClusterID
from convoy.api.problems import Problem, has_errors, problem_row, render_problem, sort_problems
from convoy.config.load import load_paths
from convoy.config.view import ConfigView
from convoy.controlplane.admission import admit_pods
from convoy.mesh.model import MeshSettings
from convoy.mesh.snapshot import build_snapshot
from convoy.xds.build.envoy_filters.checks import find_bad_values

SETTINGS = MeshSettings(cluster_id=ClusterID(""))

ExtraCheck = Callable[[ConfigView], Iterable[Problem]]
"""A check of all objects together, by a room above `config`; it sees the accepted objects."""


@click.command()
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    required=True,
    metavar="FILE",
    help='A file, a folder, or "-" for standard input; may be given again.',
)
@click.argument("more", nargs=-1, metavar="[FILE]...")
@click.option(
    "-o", "--output", type=click.Choice(["text", "json"]), default="text", help="Sentences, or a JSON list."
)
@click.pass_context
def validate(ctx: click.Context, files: tuple[str, ...], more: tuple[str, ...], output: str) -> None:
    """Check objects in files and folders.

    A folder stands for a cluster, whose references between objects are checked, too. Several folders are
    several clusters; everything else is checked together, as one cluster would hold it.

    Exit code 1 when there is an error, 0 when there are only warnings or none.
    """
    problems: list[Problem] = []
    for paths in as_clusters([*files, *more]):
        is_whole = any(Path(path).is_dir() for path in paths)
        problems += find_problems(paths, extra_checks=[check_references] if is_whole else ())
    found = sort_problems(problems)
    click.echo(_as_json(found) if output == "json" else _as_text(found))
    ctx.exit(1 if has_errors(found) else 0)


def as_clusters(paths: Sequence[str]) -> list[list[str]]:
    """The paths that are checked together: a group for each of several folders, and one for the files."""
    folders = [path for path in dict.fromkeys(paths) if Path(path).is_dir()]
    if len(folders) < 2:
        return [list(paths)]
    files = [path for path in paths if path not in folders]
    return [*([folder] for folder in folders), *([files] if files else [])]


def find_problems(paths: Iterable[str], *, extra_checks: Sequence[ExtraCheck] = ()) -> tuple[Problem, ...]:
    """Everything wrong with the objects in files and folders, in order. FolderError for a missing path."""
    view, problems, origins = load_paths(paths, admit=admit_pods(SETTINGS))
    bad_values = find_bad_values(view.all(EnvoyFilter))
    found = [origins.locate(problem) for check in extra_checks for problem in check(view)]
    found += map(origins.locate, bad_values)
    return sort_problems([*problems, *found])


def check_references(view: ConfigView) -> Iterable[Problem]:
    """What is wrong between objects; nothing where there is no Service that rules could refer to."""
    return build_snapshot(view, SETTINGS)[1] if view.all(Service) else ()


def _as_json(problems: Iterable[Problem]) -> str:
    return msgspec.json.format(msgspec.json.encode([*map(problem_row, problems)]), indent=2).decode()


def _as_text(problems: Sequence[Problem]) -> str:
    if not problems:
        return "No problems found."
    errors = sum(problem.level is Level.ERROR for problem in problems)
    summary = f"{_count(errors, 'error')}, {_count(len(problems) - errors, 'warning')}."
    return "\n".join([*map(render_problem, problems), "", summary])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
