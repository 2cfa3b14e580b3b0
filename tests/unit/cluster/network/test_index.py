"""Services and their slices, followed from a store."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from convoy.cluster.network.index import SERVICE_LABEL, SERVICES, SLICES, ServiceIndex
from convoy.cluster.store import Key, Store

Json = dict[str, Any]
WEB = Key("default", "web")


class Followed:
    """A store and an index that follows it."""

    def __init__(self) -> None:
        self.store = Store(None)
        self.store.open()
        self.index = ServiceIndex()

    async def put(self, storage: str, name: str, obj: Json) -> None:
        """Create or replace, and let the index see it."""
        before = self.store.get(storage, Key("default", name))
        body = {"metadata": {"name": name}, **obj}
        self.store.put(storage, Key("default", name), body, expected=before.revision if before else None)
        await self.seen()

    async def remove(self, storage: str, name: str) -> None:
        """Delete, and let the index see it."""
        stored = self.store.get(storage, Key("default", name))
        assert stored is not None
        self.store.remove(storage, stored.key, expected=stored.revision)
        await self.seen()

    async def seen(self) -> None:
        """Until what was just written is in the index."""
        number = self.index.changed.number
        await self.store.committed()
        await self.index.changed.wait_newer(number)


@pytest_asyncio.fixture
async def followed() -> AsyncIterator[Followed]:
    """An index that follows an empty store."""
    made = Followed()
    task = asyncio.create_task(made.index.follow(made.store))
    while made.index.changed.number < 2:  # both resources were read
        await made.index.changed.wait_newer(made.index.changed.number)
    yield made
    made.store.close()
    await task


def _slice(service: str, address: str) -> Json:
    labels = {"labels": {SERVICE_LABEL: service}}
    return {"metadata": labels, "endpoints": [{"addresses": [address]}]}


def _addresses(index: ServiceIndex, service: Key) -> list[str]:
    return [piece["endpoints"][0]["addresses"][0] for piece in index.slices(service)]


async def test_a_service_is_known_while_it_is_there(followed: Followed) -> None:
    await followed.put(SERVICES, "web", {"spec": {"clusterIP": "198.18.16.9"}})
    assert followed.index.services[WEB]["spec"]["clusterIP"] == "198.18.16.9"
    await followed.remove(SERVICES, "web")
    assert followed.index.services == {}


async def test_slices_are_found_by_service(followed: Followed) -> None:
    await followed.put(SLICES, "web-b", _slice("web", "198.18.0.6"))
    await followed.put(SLICES, "web-a", _slice("web", "198.18.0.5"))
    assert _addresses(followed.index, WEB) == ["198.18.0.5", "198.18.0.6"]
    await followed.remove(SLICES, "web-a")
    assert _addresses(followed.index, WEB) == ["198.18.0.6"]


async def test_a_slice_that_changes_its_service_leaves_the_first(followed: Followed) -> None:
    await followed.put(SLICES, "web-a", _slice("web", "198.18.0.5"))
    await followed.put(SLICES, "web-a", _slice("other", "198.18.0.5"))
    assert _addresses(followed.index, WEB) == []
    assert _addresses(followed.index, Key("default", "other")) == ["198.18.0.5"]
    assert followed.index.dirty == {WEB, Key("default", "other")}


async def test_load_balancers_are_found_by_name(followed: Followed) -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "198.19.0.9"}]}}
    await followed.put(SERVICES, "web", {"spec": {"type": "LoadBalancer"}, "status": status})
    assert list(followed.index.named("web")) == [("198.19.0.9",)]
    await followed.put(SERVICES, "web", {"spec": {"type": "ClusterIP"}, "status": status})
    assert list(followed.index.named("web")) == []


async def test_what_vanished_while_nobody_followed_is_forgotten() -> None:
    followed = Followed()
    followed.index.set_service(Key("default", "old"), {"spec": {}})
    followed.index.set_slice(Key("default", "old-1"), _slice("old", "198.18.0.5"))
    task = asyncio.create_task(followed.index.follow(followed.store))
    while followed.index.changed.number < 2:
        await followed.index.changed.wait_newer(followed.index.changed.number)
    assert followed.index.services == {}
    assert followed.index.slices(Key("default", "old")) == ()
    followed.store.close()
    await task
