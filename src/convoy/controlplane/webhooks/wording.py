"""Problems as the API server shows them to whoever runs kubectl: the words of `convoy validate`."""

from collections.abc import Iterable, Sequence

import msgspec

from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem, render_problem, sort_problems


def refusal_message(key: ObjectKey | None, errors: Sequence[Problem]) -> str:
    """What is wrong with an object, every problem in lines of its own."""
    name = str(key) if key else "The object"
    if len(errors) == 1:
        return f"{name} is refused.\n{_lines(errors)}"
    return f"{name} is refused, for {len(errors)} problems.\n{_lines(errors)}"


def _lines(problems: Iterable[Problem]) -> str:
    return "\n".join(render_problem(_without_place(problem, key=None)) for problem in sort_problems(problems))


def causes(errors: Iterable[Problem]) -> list[dict[str, str]]:
    """The same for programs, as `status.details.causes`."""
    return [
        {"reason": problem.code.id, "field": problem.field, "message": _sentences(problem)}
        for problem in sort_problems(errors)
    ]


def warning_lines(warnings: Iterable[Problem]) -> list[str]:
    """Each in one line; that it is a warning, kubectl says itself."""
    return [
        f"{_head(problem)}: {_sentences(problem)} [{problem.code}]" for problem in sort_problems(warnings)
    ]


def _head(problem: Problem) -> str:
    return ", ".join(part for part in (str(problem.key or ""), problem.field) if part) or "the object"


def _sentences(problem: Problem) -> str:
    return f"{problem.message} {problem.remedy}".strip()


def _without_place(problem: Problem, *, key: ObjectKey | None) -> Problem:
    return msgspec.structs.replace(problem, key=key, file="", line=0, cluster="")
