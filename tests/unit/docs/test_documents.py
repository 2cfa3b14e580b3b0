"""The documents say what is: rooms, decisions and generated tables agree with the code."""

import re

import pytest
from tests.arch.tree import ROOT, text, tracked
from tools.supported_fields import TARGET, render_fields

from convoy.api.validation.unbuilt import NOT_BUILT

DECISIONS = sorted(name for name in tracked() if name.startswith("docs/decisions/"))
PROSE = [name for name in tracked() if name.startswith("docs/") and "/reference/" not in name]


def rooms() -> set[str]:
    return {path.parent.name for path in (ROOT / "src" / "convoy").glob("*/__init__.py")}


def section(title):
    """What stands in the architecture under one heading."""
    return text("docs/architecture.md").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def folders_named_in(table):
    """Every folder in the first column."""
    cells = re.findall(r"^\| (`\w+/`(?:, `\w+/`)*) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)/`", cell)}


def test_the_architecture_names_every_room_and_no_other():
    assert folders_named_in(section("Rooms")) == rooms()


def test_the_architecture_names_every_part_of_the_cluster_and_no_other():
    parts = {path.parent.name for path in (ROOT / "src/convoy/cluster").glob("*/__init__.py")}
    assert folders_named_in(section("The embedded cluster")) == parts


def test_paths_that_documents_name_exist():
    for name in [*PROSE, "README.md"]:
        for path in re.findall(
            r"`((?:src|docs|tests|tools|samples|bench|requirements)/[\w./-]+)`", text(name)
        ):
            assert (ROOT / path).exists(), f"{name} names {path}"


def test_what_documents_link_to_is_there():
    for name in [*PROSE, "README.md"]:
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", text(name)):
            assert (ROOT / name).parent.joinpath(target).exists(), f"{name} links to {target}"


def test_the_table_of_supported_fields_is_current():
    assert TARGET.read_text() == render_fields(), "run python -m tools.supported_fields"


@pytest.mark.parametrize("kind", sorted(NOT_BUILT))
def test_every_kind_with_a_spec_has_a_table_of_its_fields(kind):
    assert f"## {kind}\n" in render_fields()


def test_decisions_are_numbered_without_a_gap():
    numbers = [int(name.split("/")[-1][:3]) for name in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_says_why_and_what_would_change_it(name):
    headings = re.findall(r"^## (.+)$", text(name), re.MULTILINE)
    assert headings[0] == "Context"
    assert "Decision" in headings
    assert headings[-1] == "What would change our mind"
    number = name.split("/")[-1][:3]
    assert text(name).startswith(f"# {number} ")


@pytest.mark.parametrize("name", PROSE)
def test_prose_has_one_sentence_per_line(name):
    outside = re.sub(r"^```.*?^```$", "", text(name), flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in outside.splitlines() if not line.startswith("|")]
    assert [line for line in lines if re.search(r"[a-z)`]\. [A-Z]", line)] == []
