"""What is in the tree, as git sees it: the tracked files, and the Python among them as syntax trees."""

import ast
import gc
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@cache
def tracked() -> tuple[str, ...]:
    """The files that belong to the project; without git (a source archive) all that is no output."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode == 0:
        names = listed.stdout.decode().split("\0")
    else:
        names = [str(path.relative_to(ROOT)) for path in _walk(ROOT)]
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and path.name not in ("stubs", "__pycache__", "build") and path.name[0] != ".":
            yield from _walk(path)
        elif path.is_file():
            yield path


def python_files(*folders: str) -> tuple[str, ...]:
    """The tracked Python files below some folders; all of them when none is named."""
    return tuple(name for name in tracked() if name.endswith(".py") and name.startswith(folders or ("",)))


@cache
def text(name: str) -> str:
    """A file's text; bytes that are no text are replaced."""
    return (ROOT / name).read_text(errors="replace")


@cache
def syntax(name: str) -> ast.Module:
    """A Python file's syntax tree."""
    return _syntax_trees()[name]


@cache
def _syntax_trees() -> dict[str, ast.Module]:
    """All of them; a million objects in which nothing is garbage, so nobody need look through them for it."""
    gc.disable()
    try:
        return {name: ast.parse(text(name)) for name in python_files()}
    finally:
        gc.freeze()
        gc.enable()


def functions(name: str) -> Iterator[Function]:
    """Every function of a file, methods and inner ones, too."""
    return (node for node in ast.walk(syntax(name)) if isinstance(node, Function))


def public_definitions(name: str) -> Iterator[tuple[str, Definition]]:
    """The public classes, functions and methods of a file with their dotted names."""
    return _public("", syntax(name).body)


def _public(prefix: str, body: list[ast.stmt]) -> Iterator[tuple[str, Definition]]:
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from _public(f"{prefix}{node.name}.", node.body)
