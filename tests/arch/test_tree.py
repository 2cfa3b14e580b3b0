"""What may stand in the files of the project, and what must."""

import configparser
import os
import re
import stat
import tomllib
from fnmatch import fnmatch
from urllib.parse import urlsplit

import pytest
from tests.arch.tree import ROOT, text, tracked

REQUIREMENTS = ("requirements/run.txt", "requirements/dev.txt")
HOME_OF_SOMEONE = re.compile(r"(?:^|[\s\"'=(:])/(?:home|root|Users|work)/[\w.-]+")
INDEX = re.compile(r"(--(extra-)?index-url|--find-links|--trusted-host|index_url\s*=|https?://\S+/simple\b)")


def configured_indexes() -> set[str]:
    """The hosts of the package indexes that this machine is told to use, which are nobody else's business."""
    told = [value for name, value in os.environ.items() if name.upper().endswith(("INDEX_URL", "INDEX"))]
    for file in ("/etc/pip.conf", os.path.expanduser("~/.config/pip/pip.conf"), "~/.pip/pip.conf"):
        parser = configparser.ConfigParser(interpolation=None)
        parser.read(os.path.expanduser(file))
        told += [value for section in parser.values() for name, value in section.items() if "url" in name]
    hosts = {urlsplit(address).hostname or "" for value in told for address in value.split()}
    return hosts - {"", "pypi.org", "localhost", "127.0.0.1"}


def code_and_prose() -> list[str]:
    return [name for name in tracked() if not name.startswith("tests/arch/")]


def test_no_file_names_a_package_index():
    assert [name for name in code_and_prose() if INDEX.search(text(name))] == []
    hosts = configured_indexes()
    assert [name for name in code_and_prose() if any(host in text(name) for host in hosts)] == []


def test_no_file_names_a_folder_of_somebodys_machine():
    assert [name for name in code_and_prose() if HOME_OF_SOMEONE.search(text(name))] == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_with_hashes(name):
    joined = text(name).replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assert lines
    assert [
        line for line in lines if not re.match(r"[\w.\[\]-]+==\S+\s.*--hash=sha256:[0-9a-f]{64}", line)
    ] == []


@pytest.mark.parametrize(
    ("listed", "section"), [("run.in", "dependencies"), ("dev.in", "optional-dependencies")]
)
def test_requirements_are_those_of_the_project(listed, section):
    wanted = tomllib.loads(text("pyproject.toml"))["project"][section]
    names = wanted["dev"] if isinstance(wanted, dict) else wanted
    lines = text(f"requirements/{listed}").split()
    assert set(names) == {line for line in lines if line not in ("-r", "run.in") and ">=" not in line}


def test_what_starts_with_a_shebang_can_be_run():
    programs = [name for name in tracked() if text(name).startswith("#!")]
    modes = {name: stat.S_IMODE((ROOT / name).stat().st_mode) for name in programs}
    assert programs
    assert [name for name, mode in modes.items() if not mode & stat.S_IXUSR] == []


def test_nothing_is_half_merged():
    marks = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
    assert [name for name in code_and_prose() if marks.search(text(name))] == []


def pytest_options() -> dict[str, list[str]]:
    options: dict[str, list[str]] = tomllib.loads(text("pyproject.toml"))["tool"]["pytest"]["ini_options"]
    return options


def test_every_folder_of_tests_is_run():
    modules = [name for name in tracked() if re.match(r"tests/.*/test_\w+\.py$", name)]
    assert set(pytest_options()["testpaths"]) == {"/".join(name.split("/")[:2]) for name in modules}
    folders = {part for name in modules for part in name.split("/")[:-1]}
    passed_over = pytest_options()["norecursedirs"]
    assert [name for name in folders if any(fnmatch(name, pattern) for pattern in passed_over)] == []
