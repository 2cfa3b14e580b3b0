"""Meshes for the end-to-end tests: real worlds, real Envoys, the very samples users start with."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.e2e.observing import ObservedMesh
from tests.e2e.playground import write_samples
from tests.e2e.terminal import Terminal

from convoy.cli.local.staging import SAMPLES, sample_mesh

CONVOY = (sys.executable, "-m", "convoy")
LAST = "apiVersion: v1\nkind: Namespace\nmetadata: {name: last}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A CONVOY_HOME of its own."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def run_convoy(home: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a `convoy` command to its end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*CONVOY, *arguments],
            env=environment(home),
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    return run


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal whose clusters, if it starts some, are gone afterwards."""
    folder = tmp_path / "terminal"
    folder.mkdir()
    terminal = Terminal(folder)
    try:
        yield terminal
    finally:
        terminal.run("convoy down --purge")


def environment(home: Path) -> dict[str, str]:
    """The environment of a command with this CONVOY_HOME."""
    return {**os.environ, "CONVOY_HOME": str(home)}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ObservedMesh]:
    """The playground's two clusters, shared by several modules' tests, each of which undoes its changes.

    At the end no proxy may have refused anything.
    """
    folder = tmp_path_factory.mktemp("playground")
    state = folder / "home"
    state.mkdir(mode=0o700)
    samples = write_samples(SAMPLES, folder / "samples")
    async with sample_mesh(samples, state, progress=lambda _: None) as local:
        mesh = await ObservedMesh.open(local, samples)
        yield mesh
        assert await mesh.rejections() == []


@pytest_asyncio.fixture(loop_scope="session")
async def mesh(playground: ObservedMesh) -> AsyncIterator[ObservedMesh]:
    """The playground for a test that does to the folder of cluster1 what it likes: it is undone for it."""
    folder = playground.folder("cluster1")
    before = yaml_files(folder)
    yield playground
    after = yaml_files(folder)
    for name in after.keys() - before.keys():
        (folder / name).unlink()
    for name, text in before.items():
        if after.get(name) != text:
            playground.write_file("cluster1", name, text)
    # What changes comments only makes no view to wait for; this is read after all that and does make one.
    await playground.change("cluster1", "last.yaml", LAST)
    await playground.change("cluster1", "last.yaml", None)


def yaml_files(folder: Path) -> dict[str, str]:
    """The files of a cluster's folder that say what is in it, by name."""
    return {path.name: path.read_text() for path in folder.glob("*.yaml")}
