"""The guide to one's own services, and the one that goes on with its shop, typed as they are printed."""

import time

import pytest
from tests.e2e.terminal import Terminal, blocks_of

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

PATIENCE = 30.0


def test_the_guides_work_as_they_are_printed(terminal) -> None:
    *blocks, from_outside, from_inside, end = blocks_of("docs/guides/own-services.md")
    for block in blocks:
        terminal.type(block)
    for block in (from_outside, from_inside):
        wait_for("one apple\ntwo apples\n", terminal, block)
    manage_traffic(terminal)
    terminal.type(end)


def manage_traffic(terminal: Terminal) -> None:
    """The guide to traffic management, in the shop of the other."""
    split, count, fail, ask, mistake, status, explain = blocks_of("docs/guides/traffic-management.md")
    terminal.type(split)
    find, ask_often = count.splitlines()
    terminal.type(f"export {find}")  # a terminal of these tests keeps only what is exported
    wait_for("one apple two apples", terminal, f"{ask_often} | awk '{{print $2, $3}}' | xargs")
    terminal.type(fail)
    wait_for("503\n200\n", terminal, ask)
    refused = terminal.run(mistake)
    assert refused.returncode
    assert "for 2 problems" in refused.stderr
    wait_for("In force", terminal, f"{status.strip()} | cut -c-8")
    assert "attempts" in terminal.type(explain)


def wait_for(wanted: str, terminal: Terminal, block: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while (said := terminal.run(block).stdout).strip() != wanted.strip():
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
