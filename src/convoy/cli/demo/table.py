"""The demo's table of evidence for terminals of any width, and for none.

A count or a URI is never cut: the columns are at least as wide as their longest word, and where the terminal
is too narrow for that, rows are printed one under the other and left to the terminal to wrap.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from convoy.cli.demo.evidence import Row, Verdict

TITLE = "Version routing across two clusters"
NO_TERMINAL_WIDTH = 120
NUMBER = 2
FRAME = 13 + NUMBER  # five borders, and a space on either side in four columns
STYLES = {Verdict.HELD: "green", Verdict.FAILED: "bold red", Verdict.NOT_REACHED: "dim"}


def print_rows(rows: Sequence[Row], *, file: TextIO | None = None, width: int | None = None) -> None:
    """Print a table on `file` (standard output); `width` in columns, by default the terminal's."""
    out = file or sys.stdout
    if out is None:  # standard output was closed by whoever started us
        return
    if width is None and not out.isatty():
        width = NO_TERMINAL_WIDTH
    console = Console(file=out, width=width, highlight=False)
    promise, evidence = _widths(rows, console.width)
    if evidence:
        console.print(_table(rows, promise, evidence))
    else:
        _print_list(rows, console)


def _widths(rows: Sequence[Row], available: int) -> tuple[int, int]:
    """Columns for promises and for evidence, no word broken; zeros when there is not enough room."""
    left = available - FRAME - max(map(len, Verdict))
    promises, evidence = [row.promise for row in rows], [row.evidence for row in rows]
    promise = max(_longest_word(promises), min(left * 2 // 5, max(map(len, promises))))
    room = min(left - promise, max(map(len, evidence)))
    return (promise, room) if room >= _longest_word(evidence) else (0, 0)


def _table(rows: Sequence[Row], promise: int, evidence: int) -> Table:
    table = Table(title=TITLE, title_justify="left", show_lines=True)
    table.add_column("#", justify="right", width=NUMBER)
    table.add_column("promise", width=promise)
    table.add_column("verdict", no_wrap=True)
    table.add_column("evidence", width=evidence)
    for row in rows:
        table.add_row(str(row.number), Text(row.promise), _verdict(row), Text(row.evidence))
    return table


def _print_list(rows: Sequence[Row], console: Console) -> None:
    console.print(f"{TITLE}\n", soft_wrap=True)
    for row in rows:
        console.print(Text.assemble(f"{row.number:2} ", _verdict(row), f": {row.promise}"), soft_wrap=True)
        console.print(Text(f"   {row.evidence}"), soft_wrap=True)


def _verdict(row: Row) -> Text:
    label = row.verdict.value.upper() if row.verdict is Verdict.FAILED else row.verdict.value
    return Text(label, style=STYLES[row.verdict])


def _longest_word(texts: Iterable[str]) -> int:
    return max((len(word) for text in texts for word in text.split()), default=0)
