"""What is wrong with something a user wrote: one type, one order, one printer.

A Problem says where (file and line, or cluster), which object, which field, what is wrong with the value
seen, and what to do about it. User mistakes are Problems; exceptions are for faults of program and machine.
"""

import textwrap
from collections.abc import Iterable

import msgspec

from convoy.api.codes import Level, ProblemCode
from convoy.api.meta import ObjectKey

_WIDTH = 110


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One problem. `message` quotes the value seen and names no place; `remedy` is a sentence or empty."""

    code: ProblemCode
    message: str
    remedy: str = ""
    field: str = ""
    key: ObjectKey | None = None
    file: str = ""
    line: int = 0
    cluster: str = ""

    @property
    def level(self) -> Level:
        """Follows from the code."""
        return self.code.level

    @property
    def is_error(self) -> bool:
        """Whether it refuses what it is about."""
        return self.level is Level.ERROR

    def __str__(self) -> str:
        return render_problem(self)


class ProblemRow(msgspec.Struct, frozen=True):
    """A Problem as `-o json` shows it; missing parts are empty, a missing line is 0."""

    file: str
    line: int
    kind: str
    namespace: str
    name: str
    level: Level
    code: str
    field: str
    message: str


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """By place (cluster, file, line), then object, field and code; exact repetitions are dropped."""
    return tuple(sorted(dict.fromkeys(problems), key=_place))


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them is an error."""
    return any(problem.is_error for problem in problems)


def problem_row(problem: Problem) -> ProblemRow:
    """The JSON form; the remedy follows the message in one text."""
    key = problem.key or ObjectKey("", "", "")
    return ProblemRow(
        file=problem.file,
        line=problem.line,
        kind=key.kind,
        namespace=key.namespace,
        name=key.name,
        level=problem.level,
        code=problem.code.id,
        field=problem.field,
        message=_sentences(problem),
    )


def render_problem(problem: Problem) -> str:
    """The text form: one line when short, else the place first and the sentences indented."""
    head, code = _head(problem), f"[{problem.code}]"
    message = problem.message if problem.is_error else f"warning: {problem.message}"
    one_line = " ".join(part for part in (head, message, problem.remedy) if part) + f"  {code}"
    if len(one_line) <= _WIDTH and "\n" not in one_line:
        return one_line
    lines = [head] if head else []
    for sentence in (message, problem.remedy):
        lines += textwrap.wrap(
            sentence,
            _WIDTH,
            initial_indent="    ",
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines) + f"  {code}"


def _sentences(problem: Problem) -> str:
    return f"{problem.message} {problem.remedy}".strip()


def _head(problem: Problem) -> str:
    place = f"{problem.file}:{problem.line}" if problem.line else problem.file
    if problem.cluster and not place:
        place = f"cluster {problem.cluster}"
    separator = ": " if problem.file else ", "
    thing = ", ".join(part for part in (str(problem.key or ""), problem.field) if part)
    head = separator.join(part for part in (place, thing) if part)
    return f"{head}:" if head else ""


def _place(problem: Problem) -> tuple[str, str, int, ObjectKey, str, str, str]:
    key = problem.key or ObjectKey("", "", "")
    return (problem.cluster, problem.file, problem.line, key, problem.field, problem.code.id, problem.message)
