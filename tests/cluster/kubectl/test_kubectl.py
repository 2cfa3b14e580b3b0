"""Every command that people use, with every kubectl there is, against a cluster that runs pods.

Names and order are random; CONVOY_SEED repeats a run's.
"""

import asyncio
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.cluster.kubectl.drive import drive
from tests.cluster.kubectl.expecting import EXPECTED, judge, read_expected
from tests.cluster.kubectl.finding import HOW_TO_GET_ONE
from tests.cluster.kubectl.plain_client import plain_client
from tests.cluster.kubectl.recorded import read_requests
from tests.cluster.kubectl.replay import Replay
from tests.cluster.kubectl.scenes import Kubectl, random_names
from tests.cluster.kubectl.stories.more import MORE
from tests.cluster.kubectl.telling import TOLD

if TYPE_CHECKING:
    from tests.cluster.kubectl.conftest import Drives

pytestmark = [pytest.mark.world, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]


@pytest.mark.slow
async def test_every_command_does_its_job_with_every_kubectl(
    drives: "Drives", request: pytest.FixtureRequest
) -> None:
    assert drives, HOW_TO_GET_ONE
    told = request.config.stash[TOLD]
    expected = read_expected(EXPECTED.read_text())
    wrong = []
    for driving in drives.values():
        told.driven.append(await driving)
        wrong += judge(told.driven[-1], expected)
    assert not wrong, "\n\n".join([f"CONVOY_SEED={told.seed}", *wrong])


async def test_recorded_requests_of_a_new_kubectl_are_answered_as_they_were(
    kubeconfig: Path, seed: int, request: pytest.FixtureRequest
) -> None:
    recorded = read_requests()
    async with plain_client(kubeconfig) as session:
        replay = Replay(session, random_names(random.Random(f"{seed} recorded")))
        wrong = [said for each in recorded if (said := await replay.send(each))]
    request.config.stash[TOLD].replayed = len(recorded)
    assert not wrong, "\n\n".join([f"CONVOY_SEED={seed}", *wrong])


async def test_more_commands_do_their_job_with_the_oldest_and_the_newest_kubectl(
    kubectls: list[Kubectl], kubeconfig: Path, seed: int, homes: Path, request: pytest.FixtureRequest
) -> None:
    assert kubectls, HOW_TO_GET_ONE
    drives = [
        drive(each, kubeconfig=kubeconfig, folder=homes / f"more-{each.version}", seed=seed, stories=MORE)
        for each in dict.fromkeys((kubectls[0], kubectls[-1]))
    ]
    reports = await asyncio.gather(*drives)
    request.config.stash[TOLD].more = {each.kubectl.version: len(each.passed) for each in reports}
    wrong = [said for report in reports for said in judge(report, [])]
    assert not wrong, "\n\n".join([f"CONVOY_SEED={seed}", *wrong])
