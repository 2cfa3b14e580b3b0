"""The lab, started once for all tests below this folder."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml
from tests.kit.certificates import Authority
from tests.traffic import configuring, world
from tests.traffic.configuring import CLUSTER
from tests.traffic.lab import Lab

from convoy.cli.local import folders, mesh
from convoy.cli.local.mesh import MeshOptions, start_mesh
from convoy.cluster.types import OutsideSpec


@contextlib.asynccontextmanager
async def started_lab(folder: Path, *, options: MeshOptions) -> AsyncIterator[Lab]:
    """A running lab whose files are in an empty folder; at the end every proxy has taken the last removal."""
    state, objects = folder / "state", folder / "objects"
    state.mkdir(mode=0o700)
    objects.mkdir()
    authority = Authority()
    (objects / "lab.yaml").write_text(yaml.safe_dump_all(world.manifests(authority)))
    async with start_mesh({CLUSTER: objects}, state, options=options, progress=lambda _: None) as local:
        lab = Lab(local, authority, await local.world.open_outside(OutsideSpec()))
        yield lab
        await lab.settled()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """The lab; each test takes back what it applied."""
    async with started_lab(tmp_path_factory.mktemp("lab"), options=_options(request.config)) as running:
        yield running


def _options(config: pytest.Config) -> MeshOptions:
    if not config.pluginmanager.has_plugin("tests.traffic.mutating"):
        return MeshOptions()
    from tests.traffic.blinding import IMAGE, blind_admission  # it knows the whole control plane

    admit = folders.admission_of
    for module in (mesh, configuring):
        module.admission_of = lambda name: blind_admission(admit(name))
    return MeshOptions(images=(IMAGE,))
