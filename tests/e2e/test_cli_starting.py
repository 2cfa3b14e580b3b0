"""Clusters that cannot start end in sentences that say which pod, why, and what to do."""

import shutil
from pathlib import Path

import pytest

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.mesh import MeshOptions, start_mesh
from convoy.cli.local.staging import SAMPLES

pytestmark = [pytest.mark.world]

FAILING = 'image: own\n    command: [sh, -c, "echo what went wrong; exit 3"]\n'


async def test_a_pod_that_never_gets_ready_is_named_with_its_log(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cluster1"
    folder.mkdir()
    for name in ("istio-system.yaml", "namespace.yaml"):
        shutil.copy(SAMPLES / "cluster1" / name, folder)
    text = (SAMPLES / "cluster1" / "details.yaml").read_text()
    line = next(line for line in text.splitlines(keepends=True) if "image: " in line)
    (folder / "details.yaml").write_text(text.replace(line, f"    {FAILING}"))
    with pytest.raises(LocalMeshError) as refused:
        async with start_mesh({"cluster1": folder}, home, options=MeshOptions(ready_timeout=5)):
            pass
    said = str(refused.value)
    assert "details-v1" in said
    assert "what went wrong" in said
    assert said.splitlines()[-1] == (
        f"Correct this and try again; the whole logs are in {home / 'logs' / 'cluster1'}."
    )
    assert list((home / "logs" / "cluster1").rglob("details.log"))
