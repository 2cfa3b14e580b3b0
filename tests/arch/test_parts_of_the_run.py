"""`make test` runs every test once, whatever runs side by side, and fails when a part does."""

import subprocess
import sys

import pytest
from tests.arch.test_tree import pytest_options
from tools.run_tests import ROOT, exit_code, names_a_path, split


def test_every_folder_of_tests_is_in_one_part() -> None:
    asked = pytest_options()["testpaths"]
    parts = split([*asked, "tests/new"])
    folders = [folder for part in parts for folder in part.folders]
    assert {*asked, "tests/new"} <= {*folders}
    assert len(folders) == len({*folders})
    for part in parts:
        below = [other for other in folders for own in part.folders if other.startswith(f"{own}/")]
        assert sorted(below) == sorted(part.others)


def test_every_folder_that_is_named_exists() -> None:
    assert all((ROOT / folder).is_dir() for part in split(()) for folder in part.folders)


@pytest.mark.parametrize(
    ("codes", "expected"), [((0, 0), 0), ((0, 5), 0), ((5, 5), 5), ((0, 1), 1), ((5, 2), 2), ((0, -9), -9)]
)
def test_one_failed_part_is_a_failure(codes, expected) -> None:
    assert exit_code(codes) == expected


def test_paths_are_told_from_options() -> None:
    assert names_a_path(["-q", "tests/arch/test_parts_of_the_run.py::test_paths_are_told_from_options"])
    assert not names_a_path(["-q", "--durations=5", "-k", "nothing of that name"])


def test_a_run_shows_how_each_part_ended_and_that_nothing_was_to_run() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "run_tests.py", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line.startswith("passed")]
    assert len(lines) == len(split(pytest_options()["testpaths"]))
    assert done.stderr == ""
