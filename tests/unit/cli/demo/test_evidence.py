"""A row whose footing fell away is not reached; only the row at fault fails."""

from convoy.cli.demo.evidence import Check, CheckFailedError, Row, Verdict, run_check


async def holds(mesh: str) -> str:
    return f"seen on {mesh}"


async def fails(mesh: str) -> str:
    raise CheckFailedError("0 of 10")


async def play(*checks: Check[str]) -> list[Row]:
    rows: dict[str, Row] = {}
    for number, check in enumerate(checks, start=1):
        rows[check.name] = await run_check(number, check, "m", earlier=rows)
    return list(rows.values())


async def test_only_the_row_at_fault_fails() -> None:
    rows = await play(
        Check("a", "A", holds),
        Check("b", "B", fails, needs=("a",)),
        Check("c", "C", holds, needs=("b",)),
        Check("d", "D", holds, needs=("c",)),
        Check("e", "E", holds),
    )
    assert [row.verdict for row in rows] == [
        Verdict.HELD,
        Verdict.FAILED,
        Verdict.NOT_REACHED,
        Verdict.NOT_REACHED,
        Verdict.HELD,
    ]
    assert [row.evidence for row in rows] == [
        "seen on m",
        "0 of 10",
        "stands on row 2",
        "stands on row 3",
        "seen on m",
    ]
