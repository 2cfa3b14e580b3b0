"""A pytest plugin (`-p tests.traffic.mutating`): does a test fail when the field that it proves is not built?

Each test runs once as it is, and then once for each field of its marks with a control plane that does not see
the field (`blinding`). A test that passes all the same proves nothing: the run prints a table and fails. Of a
parametrised test, one case that fails is enough. Only marked tests run, in one lab for all of them.

A time limit is one of a single run (`-o timeout_func_only=true`), or else the first that takes too long would
leave the others of its test without any.
"""

import enum
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from _pytest.runner import runtestprotocol
from tests.traffic.configuring import Configuration
from tests.traffic.coverage import find_class, spec_of
from tests.traffic.fields import fields_of


class Outcome(enum.StrEnum):
    """What became of a field's absence."""

    KILLED = "killed"
    REQUIRED = "refused without it"
    DEFAULT = "the default"
    BROKEN = "the test fails as it is"
    SURVIVED = "SURVIVED"


Claim = tuple[str, str, str]  # kind, field, test without its parameters
OUTCOMES: dict[Claim, set[Outcome]] = defaultdict(set)
REASONS: dict[tuple[str, str], str] = {}
"""Why a test failed, by the field that was not seen and the test."""


def pytest_configure(config: pytest.Config) -> None:
    # A test runs many times in a row: kept connections would carry one run by the rules of another.
    Configuration.removes_at_once = True


def pytest_collection_modifyitems(config: pytest.Config, items: list[Any]) -> None:
    unmarked = [item for item in items if not fields_of(item.function)]
    config.hook.pytest_deselected(items=unmarked)
    items[:] = [item for item in items if fields_of(item.function)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: Any, nextitem: Any) -> bool:
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    passes = _passes(item, log=True)
    for kind, field in fields_of(item.function):
        OUTCOMES[kind, field, _name(item)].add(_outcome(item, kind=kind, field=field, passes=passes))
    # Until here its own module was said to come next, which keeps everything that is shared.
    item.session._setupstate.teardown_exact(nextitem)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def _outcome(item: Any, *, kind: str, field: str, passes: bool) -> Outcome:
    if not passes:
        return Outcome.BROKEN
    if is_required(kind, field):
        return Outcome.REQUIRED
    if is_default(kind, field):
        return Outcome.DEFAULT
    Configuration.blinded = f"{kind} {field}"
    try:
        return Outcome.SURVIVED if _passes(item, log=False) else Outcome.KILLED
    finally:
        Configuration.blinded = ""


def _passes(item: Any, *, log: bool) -> bool:
    item._initrequest()
    reports = runtestprotocol(item, nextitem=item.parent, log=log)
    REASONS.update(
        {(Configuration.blinded, _name(item)): _reason(each) for each in reports if not each.passed}
    )
    return all(report.passed for report in reports)


def _reason(report: Any) -> str:
    """The first line of what pytest says went wrong."""
    lines = (line for line in report.longreprtext.splitlines() if line.startswith("E  "))
    return next(lines, report.longreprtext[-80:]).removeprefix("E").strip()


def _name(item: Any) -> str:
    return f"{item.location[0]}::{item.originalname}"


def is_required(kind: str, claim: str) -> bool:
    """Whether an object cannot be without a field."""
    return _field(kind, claim).required


def is_default(kind: str, claim: str) -> bool:
    """Whether the claim is about the value that a field has when it is left out: nothing can be hidden."""
    value = claim.partition("=")[2].strip()
    return bool(value) and str(_field(kind, claim).default) == value


def _field(kind: str, claim: str) -> msgspec.structs.FieldInfo:
    struct: Any = spec_of(kind)
    path = claim.partition("=")[0].strip().split(".")
    for name in path:
        [field] = [each for each in msgspec.structs.fields(struct) if each.encode_name == name]
        struct = find_class(field.type, msgspec.Struct)
    return field


def survivors() -> list[Claim]:
    """The claims for which no case failed."""
    return sorted(
        claim for claim, seen in OUTCOMES.items() if Outcome.SURVIVED in seen and Outcome.KILLED not in seen
    )


def _outcomes() -> dict[Claim, Outcome]:
    """What became of each claim, all cases of a test taken together."""
    lost = survivors()
    return {
        claim: Outcome.SURVIVED if claim in lost else min(OUTCOMES[claim], key=list(Outcome).index)
        for claim in sorted(claim for claim, seen in OUTCOMES.items() if seen)
    }


def _rows(outcomes: dict[Claim, Outcome]) -> Iterator[str]:
    for (kind, field, test), outcome in outcomes.items():
        yield f"{outcome:<24} {kind:<18} {field:<60} {test}"
        if reason := REASONS.get((f"{kind} {field}", test)):
            yield f"{'':<24} {reason[:120]}"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("fields that the control plane did not see")
    outcomes = _outcomes()
    for row in _rows(outcomes):
        terminalreporter.write_line(row)
    counts = Counter(outcomes.values())
    told = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome)
    terminalreporter.write_line(f"{len(outcomes)} fields of tests: {told}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if survivors() and session.exitstatus == 0:
        session.exitstatus = 1
