"""Every command that the README names works as it stands there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from tests.e2e.conftest import CONVOY, environment
from tests.e2e.kept import kept_demo

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "bookinfo"
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
COMMANDS = [line.partition("#")[0].strip() for block in BLOCKS for line in block.splitlines() if line]
TABLE = re.findall(r"^\| `(convoy [^`]+)` \|", README, re.MULTILINE)

DEMOS = {"make demo": 0, 'make demo DEMO_ARGS="--sabotage no-virtual-service"': 1}
KEPT = "make demo DEMO_ARGS=--keep"
ONLY_PLANNED = ("make test", "make check", "make bench")  # they run this test, or take minutes
LIVE = [command for command in COMMANDS if command.startswith(".venv/bin/convoy ")]
OF_THE_TABLE = {
    "convoy validate -f FILE...": ["validate", "-f", str(SAMPLE / "cluster1"), str(SAMPLE / "cluster2")],
    "convoy translate -f DIR --proxy POD": [
        *("translate", "-f", str(SAMPLE / "cluster1"), "--proxy", "productpage-v1")
    ],
    "convoy version": ["version"],
}
LIVE_OF_THE_TABLE = {
    "convoy proxy-status": [["proxy-status"]],
    "convoy proxy-config TYPE POD": [
        ["proxy-config", kind, "productpage-v1"]
        for kind in ("listener", "route", "cluster", "endpoint", "secret", "all")
    ],
}


def test_no_command_of_the_readme_is_left_out() -> None:
    assert set(COMMANDS) == {*DEMOS, KEPT, *ONLY_PLANNED, *LIVE}
    assert LIVE
    assert set(TABLE) == {"convoy demo", *OF_THE_TABLE, *LIVE_OF_THE_TABLE}


@pytest.mark.parametrize("command", [*DEMOS, KEPT, *ONLY_PLANNED])
def test_make_knows_each_target(command) -> None:
    assert planned(command)


@pytest.mark.parametrize("command", DEMOS)
def test_a_demo_of_the_readme_ends_as_it_says(command, home) -> None:
    *_, convoy = (line for line in planned(command).splitlines() if "convoy demo" in line)
    done = run(shlex.split(convoy)[1:], home)
    assert done.returncode == DEMOS[command], done.stderr
    assert ("FAILED" in done.stdout) == (DEMOS[command] == 1)
    assert "evidence" in done.stdout


def test_a_second_terminal_can_look_inside(home) -> None:
    with kept_demo(home):
        commands = [shlex.split(line)[1:] for line in LIVE]
        for arguments in (*commands, *(each for all_of in LIVE_OF_THE_TABLE.values() for each in all_of)):
            done = run(arguments, home)
            assert done.returncode == 0, (arguments, done.stderr)
            assert len(done.stdout.splitlines()) > 1
            assert run([*arguments, "-o", "json"], home).stdout[:1] in ("[", "{")


@pytest.mark.parametrize("command", OF_THE_TABLE)
def test_a_command_that_needs_nothing_running_works(command, home) -> None:
    done = run(OF_THE_TABLE[command], home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


def planned(command: str) -> str:
    """What make would run; `-n` with every set-up already done."""
    arguments = shlex.split(command)
    return subprocess.run(
        [*arguments, "-n"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def run(arguments: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CONVOY, *arguments],
        cwd=ROOT,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
