"""`convoy demo` as a new user runs it: what it verifies, what it leaves behind, and how it fails."""

import json
import os
import random
import signal
import subprocess
import time

import pytest
from tests.e2e.conftest import CONVOY, environment
from tests.e2e.leftovers import look, wait_nothing_new

from convoy.cli.demo.sabotage import SABOTAGES

pytestmark = [pytest.mark.world, pytest.mark.envoy, pytest.mark.slow]


def test_every_promise_holds_with_evidence(run_convoy, home) -> None:
    before = look()
    done = run_convoy("demo", "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(done.stdout)
    assert [row["verdict"] for row in rows] == ["held"] * len(rows)
    assert len(rows) >= 10
    assert all(row["evidence"] for row in rows)
    assert wait_nothing_new(before, str(home)) == []


@pytest.mark.parametrize("name", sorted(SABOTAGES))
def test_a_sabotage_fails_its_row_and_no_other(name, run_convoy) -> None:
    done = run_convoy("demo", "-o", "json", "--sabotage", name)
    rows = json.loads(done.stdout)
    assert [row["name"] for row in rows if row["verdict"] == "failed"] == [SABOTAGES[name].row], rows
    assert done.returncode == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("moment", ["early", "late"])
def test_a_signal_at_any_time_leaves_nothing(number, moment, home) -> None:
    before = look()
    seconds = random.uniform(0.1, 2.0) if moment == "early" else random.uniform(2.0, 9.0)
    with subprocess.Popen(
        [*CONVOY, "demo", "--keep"], env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as demo:
        time.sleep(seconds)
        os.kill(demo.pid, number)
        output, _ = demo.communicate(timeout=30)
    assert demo.returncode in (-number, 128 + number), output.decode()
    assert b"Traceback" not in output, output.decode()
    assert wait_nothing_new(before, str(home)) == [], f"after {seconds:.2f} s"
