"""Facts about following a resource for ever."""

import asyncio
import contextlib

import pytest
from tests.kit.api_server import running_api
from tests.kit.waiting import until
from tests.unit.config.kube.clients import client_of
from tests.unit.config.kube.relay import relayed

from convoy.config.errors import KubeError
from convoy.config.kube import following
from convoy.config.kube.following import Relisted, follow
from convoy.config.kube.resources import CONFIG_MAPS, KubeResource


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(following, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(following, "LONGEST_DELAY", 0.1)


class Followed:
    """A copy of the ConfigMaps that is kept by what `follow` tells, and a record of how it came."""

    def __init__(self):
        self.copy = {}
        self.told = []
        self.troubles = []

    async def run(self, client):
        async for happening in follow(client, CONFIG_MAPS, on_trouble=self.troubles.append):
            if isinstance(happening, Relisted):
                self.copy = {item["metadata"]["name"]: item.get("data") for item in happening.items}
                self.told.append("LISTED")
                continue
            name = happening.object["metadata"]["name"]
            self.told.append(f"{happening.type} {name}")
            if happening.type == "DELETED":
                del self.copy[name]
            else:
                self.copy[name] = happening.object.get("data")


@contextlib.asynccontextmanager
async def followed(client):
    copy = Followed()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(copy.run(client))
        await until(lambda: copy.told)
        yield copy
        running.cancel()


def config_map(name, **data):
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


async def put(api, name, **data):
    path = "/api/v1/namespaces/default/configmaps"
    if (await api.request("PUT", f"{path}/{name}", config_map(name, **data))).status == 404:
        await api.create(path, config_map(name, **data))


async def remove(api, name):
    await api.request("DELETE", f"/api/v1/namespaces/default/configmaps/{name}")


async def test_everything_is_told_once():
    async with running_api() as api, client_of(api.url) as client:
        await put(api, "a", x="1")
        async with followed(client) as copy:
            await put(api, "a", x="2")
            await put(api, "b")
            await remove(api, "a")
            await until(lambda: "a" not in copy.copy)
    assert copy.told == ["LISTED", "MODIFIED a", "ADDED b", "DELETED a"]
    assert copy.troubles == [None, None]


async def test_broken_connection_loses_and_doubles_nothing():
    async with (
        running_api() as api,
        relayed(api.url) as relay,
        client_of(relay.url) as client,
        followed(client) as copy,
    ):
        for number in range(5):
            await put(api, f"a{number}")
            await relay.cut()
            await put(api, f"b{number}")
        await until(lambda: len(copy.copy) == 10)
    assert copy.told == ["LISTED", *(f"ADDED {kind}{number}" for number in range(5) for kind in "ab")]


async def test_what_happened_while_the_server_was_away_is_told_afterwards():
    async with running_api() as api, relayed(api.url) as relay, client_of(relay.url) as client:
        await put(api, "a")
        await put(api, "b")
        async with followed(client) as copy:
            await relay.close()
            await until(lambda: len(copy.troubles) > 4)
            assert list(copy.copy) == ["a", "b"]
            await remove(api, "a")
            await put(api, "c")
            await relay.open()
            await until(lambda: sorted(copy.copy) == ["b", "c"])
    assert copy.told == ["LISTED", "DELETED a", "ADDED c"]
    assert copy.troubles[-1] is None


async def test_forgotten_state_is_listed_again_with_what_was_deleted_meanwhile():
    async with (
        running_api(log_length=4) as api,
        relayed(api.url) as relay,
        client_of(relay.url) as client,
    ):
        await put(api, "a")
        async with followed(client) as copy:
            await relay.close()
            await remove(api, "a")
            for number in range(10):
                await put(api, "b", x=str(number))
            await relay.open()
            await until(lambda: copy.copy == {"b": {"x": "9"}})
    assert copy.told == ["LISTED", "LISTED"]
    # That a state is forgotten is no trouble.
    assert all(error is None or error.status != 410 for error in copy.troubles)


async def test_refusals_are_told_and_tried_again():
    async with running_api() as api, client_of(api.url, user="reader") as client:
        copy = Followed()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(copy.run(client))
            await until(lambda: len(copy.troubles) > 2)
            running.cancel()
    assert {error.status for error in copy.troubles} == {403}


async def test_resource_that_does_not_exist_ends_it():
    async with running_api() as api, client_of(api.url) as client:
        with pytest.raises(KubeError) as caught:
            await anext(follow(client, KubeResource("example.com", "v1", "things")))
    assert caught.value.is_not_found


async def test_watch_that_the_server_ends_goes_on(monkeypatch):
    from convoy.config.kube import client as client_module

    monkeypatch.setattr(client_module, "_WATCH_SECONDS", (1, 1))
    async with running_api() as api, client_of(api.url) as client, followed(client) as copy:
        await asyncio.sleep(1.1)
        await put(api, "a")
        await until(lambda: copy.copy)
    assert copy.told == ["LISTED", "ADDED a"]
