"""What a person sees in a browser after `convoy demo`: black stars, red stars, no stars, login and logout."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser.chromium import HOW_TO_GET_ONE, Page, find_chromium, open_browser
from tests.e2e.conftest import CONVOY, environment

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

RELOADS = 40  # all of one colour: 1 in 2^39
STARS = "[...document.querySelectorAll('#reviews .stars')].map(e => getComputedStyle(e).color)"
COLORS = {"rgb(0, 0, 0)": "black", "rgb(255, 0, 0)": "red"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a demo that was played and left running."""
    home = tmp_path_factory.mktemp("home")
    try:
        rows = json.loads(convoy(home, "demo", "-o", "json"))
        assert {row["verdict"] for row in rows} == {"held"}, rows
        yield f"{convoy(home, 'ingress', 'cluster1').strip()}/productpage"
    finally:
        convoy(home, "down", "--purge")


def convoy(home: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*CONVOY, *arguments], env=environment(home), capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def stars(page: Page) -> str:
    """The colour of all stars of the page, as they are painted; `none` without any."""
    reviews = await page.evaluate("document.querySelectorAll('#reviews blockquote').length")
    assert reviews == 2, await page.evaluate("document.body.innerText")
    [color] = {COLORS[each] for each in await page.evaluate(STARS)} or {"none"}
    return color


async def seen_in(page: Page, reloads: int, enough: set[str]) -> Counter[str]:
    seen: Counter[str] = Counter()
    for _ in range(reloads):
        await page.reload()
        seen[await stars(page)] += 1
        if enough <= set(seen):
            break
    return seen


async def test_stars_alternate_for_jason_and_are_gone_when_he_signs_out(url, tmp_path) -> None:
    program = find_chromium()
    if program is None:
        pytest.fail(HOW_TO_GET_ONE)
    async with open_browser(program, tmp_path / "profile") as page:
        await page.open(url)
        assert set(await seen_in(page, 5, set())) == {"none"}

        await page.evaluate("document.querySelector('input[name=username]').value = 'jason'")
        await page.do_and_wait("document.querySelector('form button').click()")
        assert await page.evaluate("document.querySelector('#user').dataset.user") == "jason"
        assert set(await seen_in(page, RELOADS, {"black", "red"})) == {"black", "red"}

        await page.do_and_wait("document.querySelector('a[href=\"/logout\"]').click()")
        assert await page.evaluate("document.querySelector('#user')") is None
        assert set(await seen_in(page, 5, set())) == {"none"}
