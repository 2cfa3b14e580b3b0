"""Facts about the command line: its table, its exit codes, its one sentence."""

import signal
import subprocess
import sys

import click
import pytest

from convoy import __version__
from convoy.cli import command_line
from convoy.cli.command_line import SUBCOMMANDS, Subcommand, convoy, run
from convoy.config.errors import FolderError


@pytest.fixture
def failing(monkeypatch):
    """A subcommand `fail` that raises what it is told to."""

    def arrange(error):
        @click.command()
        def fail():
            raise error

        monkeypatch.setattr(
            command_line, "SUBCOMMANDS", SUBCOMMANDS | {"fail": Subcommand("tests.none:fail", "Fail.")}
        )
        monkeypatch.setattr(convoy, "get_command", lambda ctx, name: fail)
        return run(["fail"])

    return arrange


def test_version_is_printed(capsys):
    assert run(["version"]) == 0
    assert capsys.readouterr().out == f"convoy {__version__}\n"


def test_version_and_help_import_nothing_heavy():
    script = (
        "import sys; from convoy.cli.command_line import run; run(['version']); run(['--help'])\n"
        "print([m for m in ('grpc', 'envoy', 'aiohttp', 'yaml', 'cryptography') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_help_lists_every_subcommand(capsys):
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in SUBCOMMANDS)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_exists(name, capsys):
    assert run([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: convoy {name} ")


def test_unknown_subcommand_is_a_usage_error(capsys):
    assert run(["bogus"]) == 2
    assert "No such command 'bogus'" in capsys.readouterr().err


def test_expected_failure_is_its_sentence(failing, capsys):
    assert failing(FolderError("x cannot be read.")) == 1
    assert capsys.readouterr().err == "convoy: x cannot be read.\n"


def test_failures_of_tasks_are_taken_out_of_their_groups(failing, capsys):
    inner = ExceptionGroup("inner", [FolderError("a."), FolderError("a.")])
    assert failing(ExceptionGroup("outer", [inner, FolderError("b.")])) == 1
    assert capsys.readouterr().err == "convoy: a.\nconvoy: b.\n"


def test_refusal_of_the_machine_names_the_file(failing, capsys):
    assert failing(PermissionError(13, "Permission denied", "/x")) == 1
    assert capsys.readouterr().err == "convoy: /x: Permission denied.\n"


def test_fault_of_ours_is_no_traceback(failing, capsys, monkeypatch):
    monkeypatch.delenv("CONVOY_DEBUG", raising=False)
    assert failing(ZeroDivisionError("division by zero")) == 70
    shown = capsys.readouterr().err
    assert shown.startswith("convoy: This is a fault of Convoy: ZeroDivisionError: division by zero.")
    assert "Traceback" not in shown


def test_traceback_is_shown_when_asked_for(failing, capsys, monkeypatch):
    monkeypatch.setenv("CONVOY_DEBUG", "1")
    assert failing(ZeroDivisionError()) == 70
    assert "Traceback" in capsys.readouterr().err


def test_interrupt_is_quiet(failing, capsys):
    assert failing(KeyboardInterrupt()) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_reader_that_leaves_early_is_no_failure_to_report():
    script = f"{sys.executable} -m convoy validate -f /dev/stdin -o json | true"
    text = "\n---\n".join("apiVersion: v1\nkind: Foo\nmetadata: {name: a}" for _ in range(2000))
    result = subprocess.run(["bash", "-c", script], input=text, capture_output=True, text=True, check=True)
    assert result.stderr == ""


INTERRUPTED_IMPORT = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == "convoy.cli.command_line":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from convoy.cli.main import main
main()
"""


def test_an_interrupt_while_the_command_line_loads_is_quiet():
    result = subprocess.run([sys.executable, "-c", INTERRUPTED_IMPORT], capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (-signal.SIGINT, b"")
