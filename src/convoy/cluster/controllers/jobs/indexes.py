"""Completion indexes: written as `0-2,5`, kept on pods. Pure."""

import re
from collections.abc import Collection, Iterable

from convoy.cluster.controllers.objects import Json, annotations_of, spec_of

INDEX = "batch.kubernetes.io/job-completion-index"
_RUN = re.compile("([0-9]+)(?:-([0-9]+))?")
_LONGEST = 24  # characters of a run, of which each number has eleven at most
_MOST = 100_000  # pods that a Job's run of numbers may have here


def is_indexed(job: Json) -> bool:
    """Whether each completion has a number."""
    return bool(spec_of(job).get("completionMode") == "Indexed")


def index_of(pod: Json) -> int | None:
    """The number that a pod is to complete."""
    text = annotations_of(pod).get(INDEX, "")
    return int(text) if text.isdecimal() else None


def parse_indexes(text: str, *, below: int) -> set[int]:
    """The numbers of `0-2,5`; those of `below` and above count as little as what is no number.

    Anybody who may write a Job's status may write this text.
    """
    found: set[int] = set()
    for part in text.split(","):
        if len(part) <= _LONGEST and (run := _RUN.fullmatch(part)):
            first, last = int(run[1]), int(run[2] or run[1])
            found.update(range(first, min(last + 1, below, first + _MOST)))
    return found


def format_indexes(indexes: Collection[int]) -> str:
    """`0-2,5`: runs of three and more, and of two, in one piece."""
    parts: list[str] = []
    run: list[int] = []
    for index in [*sorted(indexes), None]:
        if run and index == run[-1] + 1:
            run.append(index)
            continue
        if run:
            parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}{'-' if len(run) > 2 else ','}{run[-1]}")
        run = [] if index is None else [index]
    return ",".join(parts)


def missing_indexes(completions: int, taken: Iterable[int], limit: int) -> list[int]:
    """The lowest numbers that nobody completed or is at, `limit` of them at most."""
    known = set(taken)
    found: list[int] = []
    for index in range(completions):
        if len(found) >= limit:
            break
        if index not in known:
            found.append(index)
    return found
