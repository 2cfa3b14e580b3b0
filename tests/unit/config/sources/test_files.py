"""Facts about a watched folder."""

import asyncio
import contextlib
import os
import shutil

import pytest
from tests.unit.config.manifests import service

from convoy.api import codes
from convoy.api.kube.core import Service
from convoy.config.errors import FolderError
from convoy.config.holdoff import HoldOff
from convoy.config.sources.files import FileSource
from convoy.config.store import Store


class Watched:
    """A running source, and the newest state it led to."""

    def __init__(self, states):
        self._states = states
        self.held = None
        self.views = []

    def ports(self):
        return {s.metadata.name: s.spec.ports[0].port for s in self.held.view.all(Service)}

    def codes(self):
        return [problem.code for problem in self.held.problems]

    async def wait(self, condition):
        async with asyncio.timeout(20):
            while self.held is None or not condition(self):
                self.held = await anext(self._states)
                self.views.append(self.ports())


@contextlib.asynccontextmanager
async def watching(folder, **options):
    store = Store(hold=HoldOff(quiet=0))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(FileSource(folder, **options).run(store))
        watched = Watched(store.held())
        await watched.wait(lambda w: True)
        yield watched
        running.cancel()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.yaml").write_text(service("a"))
    return tmp_path


async def test_folder_is_read_at_the_start(folder):
    async with watching(folder) as w:
        assert w.ports() == {"a": 80}


async def test_empty_folder_is_a_view_without_objects(tmp_path):
    async with watching(tmp_path) as w:
        assert w.ports() == {}


async def test_written_new_and_removed_files_are_noticed(folder):
    async with watching(folder) as w:
        (folder / "a.yaml").write_text(service("a", 81))
        await w.wait(lambda w: w.ports() == {"a": 81})
        (folder / "b.yaml").write_text(service("b"))
        await w.wait(lambda w: w.ports() == {"a": 81, "b": 80})
        (folder / "a.yaml").unlink()
        await w.wait(lambda w: w.ports() == {"b": 80})


async def test_file_renamed_over_another_is_noticed_and_never_missing(folder):
    async with watching(folder) as w:
        for port in range(81, 86):
            (folder / ".a.yaml.swp").write_text(service("a", port))
            (folder / ".a.yaml.swp").rename(folder / "a.yaml")
            await w.wait(lambda w, port=port: w.ports() == {"a": port})
        assert {} not in w.views


async def test_editor_that_moves_the_old_file_away_first_loses_nothing(folder):
    async with watching(folder) as w:
        (folder / "a.yaml").rename(folder / "a.yaml~")
        (folder / "a.yaml").write_text(service("a", 81))
        (folder / "a.yaml~").unlink()
        await w.wait(lambda w: w.ports() == {"a": 81})
        assert {} not in w.views


async def test_file_that_is_still_being_written_is_read_when_it_is_closed(folder):
    async with watching(folder) as w:
        writer = os.open(folder / "a.yaml", os.O_WRONLY | os.O_TRUNC)
        (folder / "b.yaml").write_text(service("b"))
        await w.wait(lambda w: "b" in w.ports())
        os.write(writer, service("a", 81)[:20].encode())
        (folder / "b.yaml").write_text(service("b", 81))
        await w.wait(lambda w: w.ports()["b"] == 81)
        os.write(writer, service("a", 81)[20:].encode())
        os.close(writer)
        await w.wait(lambda w: w.ports() == {"a": 81, "b": 81})
        assert all("a" in view for view in w.views)


async def test_new_folder_is_watched(folder):
    async with watching(folder) as w:
        (folder / "sub" / "deep").mkdir(parents=True)
        (folder / "sub" / "deep" / "b.yaml").write_text(service("b"))
        await w.wait(lambda w: w.ports() == {"a": 80, "b": 80})
        shutil.rmtree(folder / "sub")
        await w.wait(lambda w: w.ports() == {"a": 80})


async def test_switched_config_map_is_noticed(tmp_path):
    for generation, port in (("..1", 80), ("..2", 81)):
        (tmp_path / generation).mkdir()
        (tmp_path / generation / "a.yaml").write_text(service("a", port))
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    async with watching(tmp_path) as w:
        (tmp_path / "..tmp").symlink_to("..2")
        (tmp_path / "..tmp").rename(tmp_path / "..data")
        await w.wait(lambda w: w.ports() == {"a": 81})


async def test_bad_file_is_a_problem_and_its_objects_stay(folder):
    async with watching(folder, cluster="east") as w:
        (folder / "a.yaml").write_text("spec: [")
        await w.wait(lambda w: w.codes() == [codes.YAML_SYNTAX])
        assert w.ports() == {"a": 80}
        assert w.held.problems[0].cluster == "east"
        (folder / "a.yaml").write_text(service("a", 81))
        await w.wait(lambda w: w.codes() == [])
        assert w.ports() == {"a": 81}


async def test_folder_that_vanishes_keeps_its_objects_and_comes_back(tmp_path):
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "a.yaml").write_text(service("a"))
    async with watching(folder) as w:
        folder.rename(tmp_path / "away")
        await w.wait(lambda w: w.codes() == [codes.UNREADABLE])
        assert w.ports() == {"a": 80}
        (tmp_path / "away").rename(folder)
        (folder / "a.yaml").write_text(service("a", 81))
        await w.wait(lambda w: w.codes() == [] and w.ports() == {"a": 81})


async def test_folder_missing_at_the_start_is_an_error_in_one_sentence(tmp_path):
    with pytest.raises(FolderError, match=r"missing cannot be read: No such file or directory\.$"):
        await FileSource(tmp_path / "missing").run(Store())


async def test_source_leaves_no_descriptor_behind(folder):
    before = len(os.listdir("/proc/self/fd"))
    async with watching(folder):
        assert len(os.listdir("/proc/self/fd")) > before
    assert len(os.listdir("/proc/self/fd")) == before
