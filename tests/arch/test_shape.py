"""The house's measures: short functions, short files, and a word about each thing that others use."""

import ast
from pathlib import PurePath

import pytest
from tests.arch.tree import Function, functions, public_definitions, python_files, syntax, text

LONGEST_FUNCTION = 70
USUAL_FUNCTION = 40
LONGEST_FILE = 600
MOST_POSITIONAL = 5

# Their fields and names are the API's own, described where the API is; what is ours about them is documented.
MIRRORED = ("src/convoy/api/istio/", "src/convoy/api/kube/")


def lengths(*folders: str) -> dict[str, int]:
    return {
        f"{name}:{function.lineno} {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for name in python_files(*folders)
        for function in functions(name)
    }


def test_no_function_is_long():
    assert [place for place, length in lengths().items() if length > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("folder", ["src/", "samples/", "tests/", "bench/", "tools/"])
def test_nine_functions_in_ten_are_short(folder):
    found = lengths(folder)
    above = [place for place, length in found.items() if length > USUAL_FUNCTION]
    assert len(above) * 10 <= len(found), above


def test_no_file_is_long():
    assert [name for name in python_files() if text(name).count("\n") > LONGEST_FILE] == []


def test_every_module_tells_its_job():
    silent = [name for name in python_files() if syntax(name).body and not ast.get_docstring(syntax(name))]
    assert silent == []


def described_elsewhere() -> set[str]:
    """Names of methods that a protocol or base class of ours documents for all who have them."""
    return {
        name.rpartition(".")[2]
        for file in python_files("src/")
        for name, node in public_definitions(file)
        if "." in name and ast.get_docstring(node)
    }


def test_what_is_public_is_documented():
    inherited = described_elsewhere()
    silent = [
        f"{file}:{node.lineno} {name}"
        for file in python_files("src/", "bench/", "tools/")
        if not file.startswith(MIRRORED)
        for name, node in public_definitions(file)
        if not ast.get_docstring(node) and not ("." in name and name.rpartition(".")[2] in inherited)
    ]
    assert silent == []


def test_nothing_is_called_utils():
    words = {"util", "utils", "helper", "helpers", "common_utils", "misc"}
    parts = ((name, PurePath(name).with_suffix("").parts) for name in python_files())
    assert [name for name, path in parts if words & set(path)] == []


def positional(function: Function) -> int:
    return len([each for each in function.args.args if each.arg not in ("self", "cls")])


def test_no_function_takes_a_row_of_arguments():
    """Past five, a reader of the call cannot tell which is which; they are named, or they are a thing."""
    many = [
        f"{file}:{node.lineno} {node.name}"
        for file in python_files("src/", "bench/", "tools/")
        for node in functions(file)
        if positional(node) > MOST_POSITIONAL and not node.decorator_list
    ]
    assert many == []
