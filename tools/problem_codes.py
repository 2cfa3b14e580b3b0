"""Write `docs/reference/problem-codes.md` from the table in `convoy.api.codes`."""

from pathlib import Path

from convoy.api.codes import render_table

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "problem-codes.md"

if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(render_table())
