"""The table of evidence is whole at any width."""

import io

import pytest

from convoy.cli.demo.evidence import Row, Verdict
from convoy.cli.demo.table import print_rows

URI = "spiffe://cluster.local/ns/default/sa/bookinfo-productpage"
ROWS = (
    Row(1, "mutual-tls", "cluster1 calls cluster2 over mutual TLS", Verdict.HELD, f"peer {URI} 20x"),
    Row(2, "routing", "never [v1] or [/v1]", Verdict.FAILED, "reviews-v1 1150x [red]"),
    Row(3, "page", "the page", Verdict.NOT_REACHED, "stands on row 2"),
)


def printed(width: int | None) -> str:
    out = io.StringIO()
    print_rows(ROWS, file=out, width=width)
    return out.getvalue()


@pytest.mark.parametrize("width", [None, 20, 40, 80, *range(85, 125), 300])
def test_no_word_is_cut_at_any_width(width) -> None:
    words = printed(width).split()
    assert "…" not in " ".join(words)
    for row in ROWS:
        assert set(row.evidence.split()) <= set(words)
    if "│" in words:
        assert max(map(len, printed(width).splitlines())) <= (width or 120)


@pytest.mark.parametrize("width", [80, 120])
def test_verdicts_are_shown_and_brackets_are_no_markup(width) -> None:
    text = printed(width)
    assert "held" in text
    assert "FAILED" in text
    assert "not reached" in text
    assert "[/v1]" in text
    assert "[red]" in text


def test_a_wide_terminal_gets_a_box_and_a_narrow_one_a_list() -> None:
    assert "│" in printed(120)
    assert "│" not in printed(40)


def test_a_closed_standard_output_is_no_failure(monkeypatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    print_rows(ROWS)
