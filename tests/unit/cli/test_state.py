"""The state folder: where it is, who may use it, and what is said when it cannot be used."""

import os
from pathlib import Path

import pytest

from convoy.cli.local.errors import LocalMeshError
from convoy.cli.state import home, state_folder, state_path, use_alone


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONVOY_HOME", str(tmp_path / "a b"))
    return tmp_path / "a b"


def test_folder_is_made_private(chosen) -> None:
    assert state_folder("demo") == chosen / "demo"
    assert (chosen / "demo").stat().st_mode & 0o777 == 0o700


def test_asking_for_the_path_makes_nothing(chosen) -> None:
    assert state_path("demo") == chosen / "demo"
    assert not chosen.exists()


def test_relative_home_is_made_absolute(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVOY_HOME", "here")
    assert home() == tmp_path / "here"


def test_a_file_in_place_of_the_home_is_said(monkeypatch, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONVOY_HOME", str(tmp_path / "file"))
    with pytest.raises(LocalMeshError, match=r"set CONVOY_HOME to a folder that you may write to\.$"):
        state_folder("demo")


def test_no_home_folder_is_said(monkeypatch) -> None:
    for name in ("CONVOY_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(LocalMeshError, match="set CONVOY_HOME"):
        home()


def test_a_folder_in_use_is_refused_until_it_is_free(chosen) -> None:
    folder = state_folder("demo")
    refused = pytest.raises(LocalMeshError, match="A demo is being played from")
    with use_alone(folder), refused, use_alone(folder):
        pass
    before = len(os.listdir("/proc/self/fd"))
    with use_alone(folder):
        pass
    assert len(os.listdir("/proc/self/fd")) == before
