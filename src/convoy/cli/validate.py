"""`convoy validate`: what is wrong with files, before anything runs on them."""

from collections.abc import Callable, Iterable, Sequence

import click
import msgspec

from convoy.api.codes import Level
from convoy.api.problems import Problem, has_errors, problem_row, render_problem, sort_problems
from convoy.config.load import load_paths
from convoy.config.view import ConfigView

ExtraCheck = Callable[[ConfigView], Iterable[Problem]]

# Checks of all objects together, by rooms above `config`; each sees the accepted objects.
EXTRA_CHECKS: list[ExtraCheck] = []


@click.command()
@click.option(
    "-f",
    "--file",
    "files",
    multiple=True,
    required=True,
    metavar="FILE",
    help='Or a folder; "-" is standard input.',
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def validate(ctx: click.Context, files: tuple[str, ...], output: str) -> None:
    """Check objects in files and folders, together, as one cluster would hold them.

    Exit code 1 when there is an error, 0 when there are only warnings or none.
    """
    problems = find_problems(files, extra_checks=EXTRA_CHECKS)
    click.echo(_as_json(problems) if output == "json" else _as_text(problems))
    ctx.exit(1 if has_errors(problems) else 0)


def find_problems(paths: Iterable[str], *, extra_checks: Sequence[ExtraCheck] = ()) -> tuple[Problem, ...]:
    """Everything wrong with the objects in files and folders, in order. FolderError for a missing path."""
    view, problems, origins = load_paths(paths)
    found = [origins.locate(problem) for check in extra_checks for problem in check(view)]
    return sort_problems([*problems, *found])


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
