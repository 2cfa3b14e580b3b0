"""A row whose footing fell away is not reached; only the row at fault fails."""

from collections.abc import Sequence

from convoy.cli.demo.evidence import Check, CheckFailedError, NotReachedError, Row, Verdict, run_check


async def holds(mesh: str) -> str:
    return f"seen on {mesh}"


async def fails(mesh: str) -> str:
    raise CheckFailedError("0 of 10")


async def cannot_be_tried(mesh: str) -> str:
    raise NotReachedError("no call came")


async def play(checks: Sequence[Check[str]]) -> list[Row]:
    rows: dict[str, Row] = {}
    for check in checks:
        rows[check.name] = await run_check(check, "m", earlier=rows)
    return list(rows.values())


async def test_only_the_row_at_fault_fails() -> None:
    rows = await play(
        (
            Check(1, "a", "A", holds),
            Check(2, "b", "B", fails, needs=("a",)),
            Check(3, "c", "C", holds, needs=("b",)),
            Check(4, "d", "D", holds, needs=("c",)),
            Check(5, "e", "E", holds),
        )
    )
    assert [(row.verdict, row.evidence) for row in rows] == [
        (Verdict.HELD, "seen on m"),
        (Verdict.FAILED, "0 of 10"),
        (Verdict.NOT_REACHED, "stands on row 2"),
        (Verdict.NOT_REACHED, "stands on row 3"),
        (Verdict.HELD, "seen on m"),
    ]


async def test_a_row_that_was_not_reached_leaves_those_alone_that_only_mind_failures() -> None:
    rows = await play(
        (
            Check(2, "a", "A", cannot_be_tried),
            Check(1, "b", "B", holds, unless=("a",)),
            Check(3, "c", "C", fails),
            Check(4, "d", "D", holds, unless=("c",)),
        )
    )
    assert [(row.number, row.verdict, row.evidence) for row in rows] == [
        (2, Verdict.NOT_REACHED, "no call came"),
        (1, Verdict.HELD, "seen on m"),
        (3, Verdict.FAILED, "0 of 10"),
        (4, Verdict.NOT_REACHED, "stands on row 3"),
    ]
