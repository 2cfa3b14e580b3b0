"""Facts about reading folders and files once."""

import pytest
from tests.unit.config.manifests import service

from convoy.api.kube.core import Service
from convoy.config.errors import FolderError
from convoy.config.load import load_folder, load_paths


def test_folder_gives_view_problems_and_origins(tmp_path):
    (tmp_path / "a.yaml").write_text(service("a", 80))
    (tmp_path / "b.yaml").write_text(service("b", 0))
    view, problems, origins = load_folder(tmp_path)
    assert [service.metadata.name for service in view.all(Service)] == ["a"]
    assert [(problem.file, problem.line) for problem in problems] == [(str(tmp_path / "b.yaml"), 4)]
    assert [(key.name, origin.file) for key, origin in origins.items()] == [("a", str(tmp_path / "a.yaml"))]


def test_several_paths_are_one_set_of_objects(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(service(name, 80))
    view, problems, _ = load_paths([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    assert len(view) == 2
    assert problems == ()


def test_missing_path_is_an_error_in_one_sentence(tmp_path):
    with pytest.raises(FolderError, match="cannot be read: No such file"):
        load_folder(tmp_path / "missing")
