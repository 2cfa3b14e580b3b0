"""What the page about performance says to type can be typed, and what it says is printed is."""

import re
import shlex
import subprocess

import click
import pytest
from bench.__main__ import main
from tests.arch.tree import ROOT, text
from tests.features.scale.test_scale import KEYS

PAGE = "docs/performance.md"
BLOCKS = re.findall(r"```bash\n(.*?)```", text(PAGE), re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


def planned(command):
    """The command that make would run; any other as it is."""
    if not command.startswith("make "):
        return command
    dry = [*shlex.split(command), "-n", "--no-print-directory"]
    done = subprocess.run(dry, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_one_of_ours_with_options_that_it_knows(command, tmp_path, monkeypatch):
    program, *arguments = shlex.split(planned(command))
    assert [program.rpartition("/")[2], *arguments[:2]] == ["python", "-m", "bench"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cacerts").mkdir()
    name, *options = arguments[2:]
    found = main.get_command(click.Context(main), name)
    assert found is not None
    found.make_context(name, options)


def test_every_key_of_the_last_line_is_explained():
    explained = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| `\w+_.*\|", text(PAGE), re.MULTILINE))))
    assert explained >= KEYS
