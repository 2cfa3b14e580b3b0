"""Facts about the control plane as a program: it says why it cannot start, and it ends when told."""

import asyncio
import contextlib
import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.arch.tree import ROOT
from tests.unit.controlplane.conftest import Authority

from convoy.ca.files import write_intermediate

# What `__main__` does with its options, on ports that are nobody else's.
ON_FREE_PORTS = """
import asyncio, sys
from pathlib import Path
from convoy.api.meta import ClusterID
from convoy.controlplane.program import run_control_plane
from convoy.controlplane.settings import ControlPlaneSettings, FolderSettings
from convoy.kit.logs import configure_logs
from convoy.mesh.model import MeshSettings
configure_logs()
state = Path(sys.argv[1])
asyncio.run(run_control_plane(ControlPlaneSettings(
    mesh=MeshSettings(cluster_id=ClusterID("cluster1")), ca_dir=state / "ca",
    folder=FolderSettings(config_dir=state / "config", token_keys=state / "keys.json"),
    ads_port=0, agent_port=0, debug_port=0,
)))
"""


@pytest.fixture
def state(tmp_path: Path, authority: Authority) -> Path:
    """All that a control plane is started with."""
    shutil.copytree(ROOT / "samples" / "bookinfo" / "cluster1", tmp_path / "config")
    write_intermediate(tmp_path / "ca", authority.intermediate)
    (tmp_path / "keys.json").write_text(json.dumps(authority.tokens.jwks()))
    return tmp_path


def options(state: Path) -> list[str]:
    folders = {"--config-dir": "config", "--ca-dir": "ca", "--token-keys": "keys.json"}
    named = [word for option, name in folders.items() for word in (option, str(state / name))]
    return ["-m", "convoy.controlplane", "--cluster-id", "cluster1", *named]


@contextlib.asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stderr=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def errors_of(process: asyncio.subprocess.Process) -> str:
    _, errors = await process.communicate()
    return errors.decode()


async def test_a_ca_that_cannot_be_read_is_told_in_one_sentence(state: Path) -> None:
    (state / "ca" / "ca-key.pem").write_text("nonsense")
    async with running(*options(state)) as process:
        errors = await errors_of(process)
    assert process.returncode == 1
    assert errors == (
        f"The control plane cannot start: {state}/ca/ca-key.pem does not hold an unencrypted PEM key.\n"
    )


async def test_a_folder_that_is_missing_is_told_by_its_option(state: Path) -> None:
    shutil.rmtree(state / "config")
    async with running(*options(state)) as process:
        errors = await errors_of(process)
    assert process.returncode == 2
    assert "--config-dir" in errors
    assert "Traceback" not in errors


async def test_it_serves_and_ends_in_good_order_when_told(state: Path) -> None:
    async with running("-c", ON_FREE_PORTS, str(state)) as process:
        assert process.stderr is not None
        said = b""
        while b"state published" not in said:
            line = await process.stderr.readline()
            assert line, said
            said += line
        process.send_signal(signal.SIGTERM)
        rest = await errors_of(process)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
