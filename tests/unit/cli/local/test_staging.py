"""What is staged is a copy that runs; what cannot run is said before anything starts or is overwritten."""

import shutil
from pathlib import Path

import pytest

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.local.staging import NEEDED, SAMPLES, sample_mesh, stage
from convoy.cli.state import use_alone


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLES, tmp_path / "samples"))


def test_the_sample_is_copied_without_links(tmp_path) -> None:
    staged = stage(SAMPLES, tmp_path / "staged")
    assert set(staged) == {"cluster1", "cluster2"}
    assert not [path for path in (tmp_path / "staged").rglob("*") if path.is_symlink()]


@pytest.mark.parametrize("part", NEEDED)
def test_a_missing_part_is_named(part, samples, tmp_path) -> None:
    path = samples / part
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(LocalMeshError, match=f"has no {part}: start from a copy of samples/bookinfo"):
        stage(samples, tmp_path / "staged")


def test_problems_of_all_folders_are_told_as_the_user_wrote_them(samples, tmp_path) -> None:
    (samples / "cluster1" / "broken.yaml").write_text("a: [b\n")
    (samples / "cluster2" / "odd.yaml").write_text(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: x}\nspec: {hosts: 3}\n"
    )
    with pytest.raises(LocalMeshError) as refused:
        stage(samples, tmp_path / "staged")
    text = str(refused.value)
    assert f"{samples}/cluster1/broken.yaml:" in text
    assert f"{samples}/cluster2/odd.yaml:4" in text
    assert "convoy validate" in text.splitlines()[-1]
    assert not (tmp_path / "staged").exists()


async def test_a_second_demo_leaves_the_folders_of_the_first_alone(tmp_path) -> None:
    edited = tmp_path / "clusters" / "cluster1" / "edited.yaml"
    edited.parent.mkdir(parents=True)
    edited.write_text("# mine\n")
    with use_alone(tmp_path), pytest.raises(LocalMeshError, match="is being played"):
        async with sample_mesh(SAMPLES, tmp_path, progress=print):
            pass
    assert edited.read_text() == "# mine\n"
