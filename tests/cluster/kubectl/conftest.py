"""One cluster with real pods for all kubectls at once, and a word about them at the end of the run."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.cluster.kubectl.drive import Report, drive
from tests.cluster.kubectl.finding import all_kubectls
from tests.cluster.kubectl.plain_client import plain_client
from tests.cluster.kubectl.running import define_istio, running_cluster
from tests.cluster.kubectl.scenes import Kubectl
from tests.cluster.kubectl.telling import TOLD, Told, tell

Drives = dict[Kubectl, "asyncio.Task[Report]"]


@pytest.fixture(scope="module")
def seed(request: pytest.FixtureRequest) -> int:
    """What names and order hang on."""
    told = Told(int(os.environ.get("CONVOY_SEED", "0")) or random.SystemRandom().randrange(1, 10**9))
    request.config.stash[TOLD] = told
    return told.seed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """A running cluster's, which knows Istio's kinds."""
    async with running_cluster(tmp_path_factory.mktemp("kubectl")) as path:
        async with plain_client(path) as session:
            await define_istio(session)
        yield path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kubectls(homes: Path) -> list[Kubectl]:
    """All there are, the oldest first."""
    return await asyncio.to_thread(all_kubectls, homes)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for their homes."""
    return tmp_path_factory.mktemp("homes")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def drives(kubectls: list[Kubectl], kubeconfig: Path, seed: int, homes: Path) -> AsyncIterator[Drives]:
    """A drive for each kubectl; all have begun."""
    started = {
        kubectl: asyncio.create_task(
            drive(kubectl, kubeconfig=kubeconfig, folder=homes / kubectl.version, seed=seed),
            name=f"kubectl {kubectl.version}",
        )
        for kubectl in kubectls
    }
    yield started
    for task in started.values():
        task.cancel()
    await asyncio.gather(*started.values(), return_exceptions=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell which kubectls were driven."""
    if (told := config.stash.get(TOLD, None)) is not None:
        tell(told, terminalreporter)
