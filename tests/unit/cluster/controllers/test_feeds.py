"""One stream of changes for all controllers."""

import asyncio

from tests.kit.waiting import until

from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.store import Event, Key, Store
from convoy.cluster.store.watch import QUEUE_LENGTH

MAPS = "configmaps"


def put(store, name, *, expected=None, **fields):
    obj = {"metadata": {"name": name, "namespace": "default", "uid": name}, **fields}
    return store.put(MAPS, Key("default", name), obj, expected=expected)


class Listener:
    """What a handler was told, as `+a`, `~a`, `-a`."""

    def __init__(self):
        self.told = []

    def __call__(self, event: Event) -> None:
        mark = {"ADDED": "+", "MODIFIED": "~", "DELETED": "-"}[event.type]
        self.told.append(mark + event.stored.key.name)


async def follow(feed):
    task = asyncio.create_task(feed.run())
    await feed.ready.wait()
    return task


async def end(task, store):
    task.cancel()
    await asyncio.wait([task])
    store.close()


def new_store():
    store = Store(None)
    store.open()
    return store


async def test_what_there_is_comes_first_and_then_what_changes():
    store, heard = new_store(), Listener()
    feed = Feed(store, ResourceTable(BUILTIN))
    first = put(store, "a")
    feed.on(MAPS, heard)
    task = await follow(feed)
    assert heard.told == ["+a"]
    changed = put(store, "a", expected=first.revision, data={})
    put(store, "b")
    store.remove(MAPS, Key("default", "a"), expected=changed.revision)
    await until(lambda: heard.told == ["+a", "~a", "+b", "-a"], every=0.001)
    await end(task, store)


async def test_a_feed_that_fell_behind_learns_what_it_missed():
    store, heard = new_store(), Listener()
    feed = Feed(store, ResourceTable(BUILTIN))
    kept, lost = put(store, "kept"), put(store, "lost")
    feed.on(MAPS, heard)
    task = await follow(feed)
    store.remove(MAPS, Key("default", "lost"), expected=lost.revision)
    for number in range(QUEUE_LENGTH + 1):
        kept = put(store, "kept", expected=kept.revision, data={"n": str(number)})
    await store.committed()
    await until(lambda: len(heard.told) > 2, every=0.001)
    assert heard.told == ["+kept", "+lost", "-lost", "~kept"]
    await end(task, store)


async def test_a_handler_that_fails_costs_nobody_else_an_event():
    store, heard = new_store(), Listener()
    feed = Feed(store, ResourceTable(BUILTIN))

    def fail(event: Event) -> None:
        if event.stored.key.name == "bad":
            raise ValueError("a fault")

    feed.on(MAPS, heard)
    feed.on(MAPS, fail)
    task = await follow(feed)
    put(store, "bad")
    put(store, "good")
    await until(lambda: "+good" in heard.told, every=0.001)
    await end(task, store)
