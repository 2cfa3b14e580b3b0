"""The guide to one's own services, typed as it is printed."""

import time

import pytest
from tests.e2e.terminal import blocks_of

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

PATIENCE = 30.0


def test_the_guide_works_as_it_is_printed(terminal) -> None:
    *blocks, from_outside, from_inside, end = blocks_of("docs/guides/own-services.md")
    for block in blocks:
        terminal.type(block)
    for block in (from_outside, from_inside):
        deadline = time.monotonic() + PATIENCE
        while (said := terminal.run(block).stdout) != "one apple\ntwo apples\n":
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
    terminal.type(end)
