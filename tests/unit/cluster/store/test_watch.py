"""Watches: what they begin with, what they replay, when they end."""

import asyncio

import pytest

from convoy.cluster.store import Key, Store, TooOldError
from convoy.cluster.store import watch as watch_module

A = Key("default", "a")


def obj(name="a", **fields):
    return {"metadata": {"name": name}, **fields}


@pytest.fixture
def store():
    store = Store(None, log_length=4)
    store.open()
    yield store
    store.close()


def put(store, name, *, namespace="default", expected=None, **fields):
    return store.put("pods", Key(namespace, name), obj(name, **fields), expected=expected)


def seen(events):
    return [(event.type, event.stored.key.name, event.stored.revision) for event in events]


async def test_a_watch_begins_with_what_there_is_and_goes_on_with_changes(store):
    first = put(store, "a")
    with store.watch("pods") as watch:
        assert watch.initial == (first,)
        put(store, "a", expected=1, x=1)
        store.remove("pods", A, expected=2)
        put(store, "b")
        events = await watch.take()
    assert seen(events) == [("MODIFIED", "a", 2), ("DELETED", "a", 3), ("ADDED", "b", 4)]
    assert events[0].previous is first


async def test_what_is_not_committed_when_a_watch_begins_is_told_once(store):
    put(store, "a")
    with store.watch("pods") as watch:
        assert [stored.key.name for stored in watch.initial] == ["a"]
        put(store, "b")
        assert seen(await watch.take()) == [("ADDED", "b", 2)]


async def test_a_watch_since_a_revision_replays_what_came_after(store):
    for name in "abc":
        put(store, name)
    await store.committed()
    with store.watch("pods", since=1) as watch:
        put(store, "d")
        await store.committed()
        assert watch.initial == ()
        assert seen(await watch.take()) == [("ADDED", "b", 2), ("ADDED", "c", 3), ("ADDED", "d", 4)]


async def test_a_watch_from_before_the_log_is_refused(store):
    for name in "abcdef":
        put(store, name)
    await store.committed()
    with pytest.raises(TooOldError, match=r"too old resource version: 1 \(2\)"):
        store.watch("pods", since=1)
    with store.watch("pods", since=2) as watch:
        assert len(await watch.take()) == 4


async def test_a_watch_from_the_future_is_refused(store):
    put(store, "a")
    with pytest.raises(TooOldError):
        store.watch("pods", since=2)


async def test_a_watch_hears_of_its_namespace_and_resource_only(store):
    with store.watch("pods", namespace="here") as watch:
        put(store, "a", namespace="there")
        store.put("services", Key("here", "s"), obj("s"), expected=None)
        put(store, "b", namespace="here")
        assert seen(await watch.take()) == [("ADDED", "b", 3)]


async def test_a_slow_watcher_is_ended(store, monkeypatch):
    monkeypatch.setattr(watch_module, "QUEUE_LENGTH", 3)
    with store.watch("pods") as slow, store.watch("pods") as other:
        for name in "abcd":
            put(store, name)
            await store.committed()
            await other.take()
        assert slow.overflowed
        assert list(await slow.take()) == []
        assert not other.overflowed


async def test_reading_makes_room(store, monkeypatch):
    monkeypatch.setattr(watch_module, "QUEUE_LENGTH", 2)
    with store.watch("pods") as watch:
        for name in "abcdef":
            put(store, name)
            await store.committed()
            assert len(await watch.take()) == 1
        assert not watch.overflowed


async def test_closing_the_store_ends_iteration(store):
    watch = store.watch("pods")
    reader = asyncio.ensure_future(_all(watch))
    put(store, "a")
    await store.committed()
    await asyncio.sleep(0)
    store.close()
    assert seen(await reader) == [("ADDED", "a", 1)]


async def _all(watch):
    return [event async for event in watch]


async def test_a_cancelled_reader_loses_nothing(store):
    with store.watch("pods") as watch:
        reader = asyncio.ensure_future(watch.take())
        await asyncio.sleep(0)
        reader.cancel()
        put(store, "a")
        await store.committed()
        assert seen(await watch.take()) == [("ADDED", "a", 1)]


def test_a_list_of_the_past_is_what_was_listed_then(store):
    put(store, "a")
    put(store, "b")
    then = store.list("pods")
    put(store, "a", expected=1, x=1)
    store.remove("pods", Key("default", "b"), expected=2)
    put(store, "c")
    assert store.list_at("pods", 2) == then
    assert store.list_at("pods", store.revision) == store.list("pods")
    put(store, "d")
    put(store, "e")
    with pytest.raises(TooOldError):
        store.list_at("pods", 2)


def test_the_log_is_bounded_in_bytes(monkeypatch):
    store = Store(None, log_length=1000)
    store.open()
    for number in range(50):
        put(store, f"p{number}", filler="x" * (1 << 20))
    with pytest.raises(TooOldError):
        store.watch("pods", since=10)
    store.watch("pods", since=45).close()
    store.close()
