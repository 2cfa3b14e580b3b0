"""Every command that the README names works as it stands there."""

import re
import shlex
import subprocess

import pytest
from tests.e2e.terminal import ROOT, Terminal, blocks_of

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

SAMPLE = "samples/bookinfo"
BLOCKS = blocks_of("README.md")
TABLE = re.findall(r"^\| `(convoy [^`]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
DEMO, *BESIDE_IT, SABOTAGE, END, DEVELOP = BLOCKS

NOTHING_RUNNING = {
    "convoy validate -f FILE...": f"convoy validate -f {SAMPLE}/cluster1 {SAMPLE}/cluster2",
    "convoy translate -f DIR --proxy POD": f"convoy translate -f {SAMPLE}/cluster1 --proxy productpage-v1",
    "convoy crds": "convoy crds",
    "convoy version": "convoy version",
}
RUNNING = {
    "convoy kubeconfig": ["kubeconfig"],
    "convoy ingress [CLUSTER]": ["ingress", "ingress cluster2"],
    "convoy status": ["status", "status -o json"],
    "convoy logs": ["logs"],
    "convoy proxy-status": ["proxy-status", "proxy-status -o json"],
    "convoy proxy-config TYPE POD": [
        f"proxy-config {kind} productpage-v1{output}"
        for kind in ("listener", "route", "cluster", "endpoint", "secret", "all")
        for output in ("", " -o json")
    ],
}
ELSEWHERE = {"convoy demo", "convoy up", "convoy down"}  # the blocks and the guides have them


def test_no_command_of_the_readme_is_left_out() -> None:
    assert set(TABLE) == {*NOTHING_RUNNING, *RUNNING, *ELSEWHERE}
    assert DEMO.startswith("make demo")
    assert "--sabotage" in SABOTAGE
    assert END == ".venv/bin/convoy down\n"
    assert all(line.startswith("make ") for line in DEVELOP.splitlines())


@pytest.mark.parametrize("command", [line for line in DEVELOP.splitlines() if line])
def test_make_knows_each_target(command) -> None:
    assert planned(command.partition("#")[0])


def test_the_blocks_work_one_after_the_other(terminal) -> None:
    said = terminal.type(as_typed(DEMO))
    assert "evidence" in said
    assert "FAILED" not in said
    for block in BESIDE_IT:
        assert len(terminal.type(as_typed(block)).splitlines()) >= 1
    for arguments in (each for several in RUNNING.values() for each in several):
        shown = terminal.type(f"convoy {arguments}")
        assert shown.strip() or arguments == "logs"  # which have nothing to say when all is well
        assert not arguments.endswith("json") or shown[:1] in "[{"
    sabotaged = terminal.run(as_typed(SABOTAGE))
    assert sabotaged.returncode == 1
    assert "FAILED" in sabotaged.stdout
    assert "All clusters ended." in terminal.type(as_typed(END))


def as_typed(block: str) -> str:
    """A block with what make would run, every set-up done, and the convoy of these tests."""
    lines = [planned(line) if line.startswith("make ") else line for line in block.splitlines()]
    return "\n".join(lines).replace(".venv/bin/convoy", "convoy")


def planned(command: str) -> str:
    """The last line of what make would run."""
    done = subprocess.run(
        [*shlex.split(command), "-n", "--no-print-directory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.parametrize("command", NOTHING_RUNNING)
def test_a_command_that_needs_nothing_running_works(command, tmp_path) -> None:
    assert Terminal(tmp_path).type(NOTHING_RUNNING[command])
