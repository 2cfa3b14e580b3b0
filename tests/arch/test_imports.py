"""What a program loads, seen in a fresh interpreter: start-up time and memory in every pod hang on it."""

import pkgutil
import subprocess
import sys

import pytest
from tests.arch.tree import ROOT

import convoy.agent

WEB_AND_WIRE = frozenset({"aiohttp", "envoy", "google.protobuf", "grpc", "jwt", "pyroute2", "rich", "yaml"})
NOT_IN_AGENTS = WEB_AND_WIRE | {"click", "structlog"}
NOT_FOR_VERSION = WEB_AND_WIRE | {"asyncio", "cryptography", "dns", "orjson", "re2", "structlog", "uvloop"}


def loaded_by(program: str) -> set[str]:
    """The modules in an interpreter that ran a program."""
    tell = "import sys; print('\\nLOADED', *sys.modules)"
    script = f"try:\n {program}\nexcept SystemExit: pass\n{tell}"
    # -I: neither the folder nor the environment of the test run may change what is loaded.
    out = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    return set(out.stdout.rpartition("LOADED")[2].split())


def test_version_loads_nothing_but_the_command_line():
    program = "import sys; sys.argv = ['convoy', 'version']; from convoy.cli.main import main; main()"
    assert loaded_by(program) & NOT_FOR_VERSION == set()


def test_help_loads_no_command():
    program = "import sys; sys.argv = ['convoy', '--help']; from convoy.cli.main import main; main()"
    loaded = loaded_by(program)
    assert loaded & NOT_FOR_VERSION == set()
    assert {name for name in loaded if name.startswith("convoy.cli.")} == {
        "convoy.cli.main",
        "convoy.cli.command_line",
    }


def test_the_agent_loads_neither_grpc_nor_protobuf_nor_a_web_framework():
    modules = [module.name for module in pkgutil.walk_packages(convoy.agent.__path__, "convoy.agent.")]
    assert loaded_by(f"import {', '.join(modules)}") & NOT_IN_AGENTS == set()


@pytest.mark.parametrize("room", ["mesh", "api", "inject"])
def test_pure_rooms_load_without_the_envoy_messages(room):
    loaded = loaded_by(f"import pkgutil, importlib, convoy.{room} as room\n {EACH_MODULE}")
    assert loaded & {"grpc", "google.protobuf", "envoy", "aiohttp"} == set()


EACH_MODULE = (
    "[importlib.import_module(m.name) for m in pkgutil.walk_packages(room.__path__, room.__name__+'.')]"
)


def test_every_room_is_where_the_contract_says():
    declared = (ROOT / ".importlinter").read_text()
    for folder in (ROOT / "src" / "convoy").iterdir():
        if (folder / "__init__.py").is_file():
            assert folder.name in declared, folder.name
