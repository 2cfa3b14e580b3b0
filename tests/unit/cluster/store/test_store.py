"""The store: revisions, conflicts, commits by turn, failures of the disk."""

import asyncio
import sqlite3
import stat

import pytest

from convoy.cluster.store import Key, KeyTakenError, NewerStateError, StaleError, Store, StoreError

A = Key("default", "a")
B = Key("default", "b")


def obj(name="a", **fields):
    return {"metadata": {"name": name}, **fields}


@pytest.fixture
def store():
    store = Store(None)
    store.open()
    yield store
    store.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cluster" / "objects.db"


def opened(path):
    store = Store(path)
    store.open()
    return store


def test_each_write_takes_the_next_revision(store):
    first = store.put("pods", A, obj(), expected=None)
    second = store.put("services", B, obj("b"), expected=None)
    assert (first.revision, second.revision, store.revision) == (1, 2, 2)
    assert second.object["metadata"]["resourceVersion"] == "2"
    assert b'"resourceVersion":"2"' in second.raw


def test_what_is_given_is_not_changed(store):
    given = obj()
    store.put("pods", A, given, expected=None)
    assert given == obj()


def test_a_taken_key_is_refused(store):
    first = store.put("pods", A, obj(), expected=None)
    with pytest.raises(KeyTakenError) as refused:
        store.put("pods", A, obj(), expected=None)
    assert refused.value.current is first
    assert store.revision == 1


def test_stale_revision_is_refused(store):
    first = store.put("pods", A, obj(), expected=None)
    store.put("pods", A, obj(x=1), expected=first.revision)
    for change in (
        lambda: store.put("pods", A, obj(), expected=first.revision),
        lambda: store.remove("pods", A, expected=first.revision),
        lambda: store.put("pods", B, obj(), expected=first.revision),
    ):
        with pytest.raises(StaleError):
            change()


def test_a_removal_has_a_revision_of_its_own(store):
    first = store.put("pods", A, obj(x=1), expected=None)
    gone = store.remove("pods", A, expected=first.revision)
    assert (gone.revision, gone.object["metadata"]["resourceVersion"], gone.object["x"]) == (2, "2", 1)
    assert store.get("pods", A) is None


def test_lists_are_sorted_and_by_namespace(store):
    for namespace, name in (("b", "y"), ("a", "z"), ("b", "x"), ("a-1", "n")):
        store.put("pods", Key(namespace, name), obj(name), expected=None)
    assert [stored.key for stored in store.list("pods")] == [("a", "z"), ("a-1", "n"), ("b", "x"), ("b", "y")]
    assert [stored.key.name for stored in store.list("pods", "b")] == ["x", "y"]
    assert [stored.key.name for stored in store.list("pods", "a")] == ["z"]
    assert store.list("pods", "c") == ()


def test_the_counter_survives_a_restart_with_nothing_left(path):
    store = opened(path)
    store.remove("pods", A, expected=store.put("pods", A, obj(), expected=None).revision)
    store.close()
    again = opened(path)
    assert (again.revision, again.list("pods")) == (2, ())
    again.close()


def test_files_are_private(path):
    store = opened(path)
    store.put("pods", A, obj(), expected=None)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    store.close()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_database_of_a_newer_version_is_refused_with_a_sentence(path):
    opened(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(NewerStateError, match=r"newer Convoy \(format 99.*convoy down --purge"):
        opened(path)


def test_a_file_that_is_no_database_is_refused_with_a_sentence(path):
    path.parent.mkdir()
    path.write_bytes(b"something else " * 100)
    with pytest.raises(StoreError, match=rf"is damaged \(file is not.*remove {path.parent} to start"):
        opened(path)


def test_a_database_with_spoilt_pages_is_refused_with_a_sentence(path):
    store = opened(path)
    for number in range(200):
        store.put("pods", Key("default", f"p{number}"), obj(f"p{number}", x="y" * 100), expected=None)
    store.close()
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\xa5" * (len(data) - 8192))
    with pytest.raises(StoreError, match="is damaged"):
        opened(path)


def test_a_row_that_holds_no_object_is_refused_with_a_sentence(path):
    store = opened(path)
    store.put("pods", A, obj(), expected=None)
    store.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE objects SET raw = 'nonsense'")
    database.close()
    with pytest.raises(StoreError, match="is damaged"):
        opened(path)


def test_a_second_owner_of_the_file_is_refused(path, monkeypatch):
    monkeypatch.setattr("convoy.cluster.store.disk.BUSY_SECONDS", 0.01)
    store = opened(path)
    with pytest.raises(StoreError, match="locked"):
        opened(path)
    store.close()


async def test_writes_of_one_turn_are_one_transaction(path, monkeypatch):
    store = opened(path)
    commits = []
    write = store._disk.write
    monkeypatch.setattr(
        store._disk,
        "write",
        lambda changes, revision: (commits.append(len(changes)), write(changes, revision=revision)),
    )

    async def create(name):
        store.put("pods", Key("default", name), obj(name), expected=None)
        await store.committed()

    await asyncio.gather(*(create(f"p{number}") for number in range(20)))
    store.close()
    assert commits == [20]


async def test_an_answer_waits_for_the_commit(path):
    store = opened(path)
    store.put("pods", A, obj(), expected=None)
    assert (store.revision, store.committed_revision) == (1, 0)
    await store.committed()
    assert store.committed_revision == 1
    store.close()


async def test_a_failed_commit_undoes_the_turn_and_tells_its_writers(path, monkeypatch):
    store = opened(path)
    kept = store.put("pods", A, obj(x=1), expected=None)
    await store.committed()
    with store.watch("pods") as watch:
        store._disk._database.execute("PRAGMA query_only=1")
        store.put("pods", B, obj("b"), expected=None)
        newer = store.put("pods", A, obj(x=2), expected=kept.revision)
        store.remove("pods", A, expected=newer.revision)
        with pytest.raises(StoreError, match="cannot be written"):
            await store.committed()
        assert store.list("pods") == (kept,)
        assert watch.is_caught_up
        store._disk._database.execute("PRAGMA query_only=0")
        store.put("pods", B, obj("b"), expected=None)
        await store.committed()
        assert [event.stored.key for event in await watch.take()] == [B]
    store.close()
    again = opened(path)
    assert [stored.key for stored in again.list("pods")] == [A, B]
    again.close()


def test_a_closed_store_takes_nothing(store):
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.put("pods", A, obj(), expected=None)
