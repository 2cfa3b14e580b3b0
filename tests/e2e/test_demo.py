"""`convoy demo` beside other clusters, sabotaged, interrupted: what it says, and what it leaves running."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import AsyncIterator

import msgspec
import pytest
import pytest_asyncio
from tests.e2e.conftest import CONVOY, environment
from tests.e2e.leftovers import look, wait_nothing_new
from tests.e2e.played import convoy
from tests.e2e.replaying import Replays, running_replays

from convoy.cli.demo.evidence import Verdict
from convoy.cli.demo.sabotage import SABOTAGES
from convoy.cli.demo.script import load_script

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]

BEFORE_INSTALLING = "foreign-root"


def test_the_users_own_clusters_are_left_alone_and_come_first(home) -> None:
    assert convoy(home, "up", "--bare", "--clusters", "own").returncode == 0
    try:
        done = convoy(home, "demo")
        assert done.returncode == 0, done.stdout + done.stderr
        own = convoy(home, "kubeconfig").stdout.strip()
        assert own not in done.stderr
        assert convoy(home, "down").stdout.startswith("ending own ...")
        assert convoy(home, "kubeconfig").stdout.strip() in done.stderr
        assert convoy(home, "down").stdout.startswith("ending cluster1, cluster2 ...")
        assert convoy(home, "down").stdout == "No cluster runs.\n"
    finally:
        convoy(home, "down")
        convoy(home, "down", "--purge")


def test_a_sabotaged_demo_shows_it_and_says_so(run_convoy) -> None:
    done = run_convoy("demo", "-o", "json", "--end", "--sabotage", BEFORE_INSTALLING)
    assert done.stdout, done.stderr
    assert failed(json.loads(done.stdout)) == [SABOTAGES[BEFORE_INSTALLING].row]
    assert done.returncode == 1


def failed(rows: list[dict[str, str]]) -> list[str]:
    """The names of the rows that failed."""
    return [row["name"] for row in rows if row["verdict"] == "failed"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replays(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Replays]:
    """Clusters that all sabotages but one share: they take place after the meshes are installed."""
    async with running_replays(tmp_path_factory.mktemp("replays")) as replays:
        yield replays


@pytest.mark.parametrize("name", sorted({*SABOTAGES} - {BEFORE_INSTALLING}))
@pytest.mark.asyncio(loop_scope="module")
async def test_a_sabotage_fails_its_row_and_no_other(name, replays: Replays) -> None:
    script = load_script()
    SABOTAGES[name].edit(script)
    rows = await replays.play(script)
    assert failed(msgspec.to_builtins(rows)) == [SABOTAGES[name].row], rows


@pytest.mark.asyncio(loop_scope="module")
async def test_after_all_sabotages_every_promise_holds_again(replays: Replays) -> None:
    rows = await replays.play(load_script())
    assert {row.verdict for row in rows} == {Verdict.HELD}, rows


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment", ["early", "late"])
def test_a_signal_at_any_time_leaves_nothing(number, moment, home) -> None:
    before = look()
    seconds = random.uniform(0.1, 2.0) if moment == "early" else random.uniform(2.0, 7.0)
    with subprocess.Popen(
        [*CONVOY, "demo"],
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # A run in the background of a shell ignores SIGINT, and what it starts inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as demo:
        time.sleep(seconds)
        os.kill(demo.pid, number)
        output, _ = demo.communicate(timeout=30)
    assert demo.returncode in (-number, 128 + number), output.decode()
    assert b"Traceback" not in output, output.decode()
    if number == signal.SIGKILL:  # nobody was left to end what it had started
        time.sleep(1.0)
        convoy(home, "down")
    assert wait_nothing_new(before, home) == [], f"after {seconds:.2f} s"


def test_a_second_demo_is_refused_while_one_is_played(home) -> None:
    with subprocess.Popen(
        [*CONVOY, "demo"], env=environment(home), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as demo:
        assert demo.stderr
        demo.stderr.readline()
        done = convoy(home, "demo")
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("convoy: A demo is being played from ")
