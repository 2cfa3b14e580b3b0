"""Watches over HTTP."""

from contextlib import suppress

import aiohttp
from tests.kit.waiting import until

from convoy.cluster.apiserver import watching
from convoy.cluster.store import watch as store_watch

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
MERGE = {"Content-Type": "application/merge-patch+json"}


def config_map(name, **labels):
    return {"metadata": {"name": name, "labels": labels}, "data": {"k": "1"}}


async def label(api, name, **labels):
    patch = {"metadata": {"labels": labels}}
    return (await api.request("PATCH", f"{CONFIG_MAPS}/{name}", patch, headers=MERGE)).json()


async def test_a_watch_tells_what_there_is_and_what_changes(api):
    await api.create(CONFIG_MAPS, config_map("a"))
    async with api.watch(f"{CONFIG_MAPS}?watch=true") as watch:
        assert await watch.events(1) == [("ADDED", "a")]
        await label(api, "a", x="1")
        await api.create(CONFIG_MAPS, config_map("b"))
        await api.request("DELETE", f"{CONFIG_MAPS}/a")
        assert await watch.events(3) == [("MODIFIED", "a"), ("ADDED", "b"), ("DELETED", "a")]
        assert watch.response.headers["Content-Type"] == "application/json"


async def test_a_watch_goes_on_where_a_list_ended(api):
    await api.create(CONFIG_MAPS, config_map("a"))
    version = (await api.get(CONFIG_MAPS))["metadata"]["resourceVersion"]
    await api.create(CONFIG_MAPS, config_map("b"))
    async with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion={version}") as watch:
        assert await watch.events(1) == [("ADDED", "b")]
        deleted = await api.request("DELETE", f"{CONFIG_MAPS}/b")
        event = await watch.event()
        assert deleted.status == 200
        assert int(event["object"]["metadata"]["resourceVersion"]) > int(version) + 1


async def test_a_watch_from_before_the_log_is_told_so_by_an_event(api):
    for number in range(10):
        await api.create(CONFIG_MAPS, config_map(f"x{number}"))
    async with api.watch(f"{CONFIG_MAPS}?watch=1&resourceVersion=2") as watch:
        event = await watch.event()
        assert (watch.response.status, event["type"]) == (200, "ERROR")
        assert (event["object"]["code"], event["object"]["reason"]) == (410, "Expired")
        assert event["object"]["message"] == "too old resource version: 2 (3)"
        assert await watch.event() is None


async def test_selectors_make_changes_come_and_go(api):
    async with api.watch(f"{CONFIG_MAPS}?watch=1&labelSelector=on%3Dyes") as watch:
        await api.create(CONFIG_MAPS, config_map("a"))
        await label(api, "a", on="yes")
        await label(api, "a", more="1")
        off = await label(api, "a", on="no")
        await label(api, "a", on="yes")
        await api.request("DELETE", f"{CONFIG_MAPS}/a")
        events = [await watch.event() for _ in range(5)]
    assert [event["type"] for event in events] == ["ADDED", "MODIFIED", "DELETED", "ADDED", "DELETED"]
    assert events[2]["object"]["metadata"]["labels"]["on"] == "yes"
    assert events[2]["object"]["metadata"]["resourceVersion"] == off["metadata"]["resourceVersion"]


async def test_one_object_is_watched_by_its_name(api):
    async with api.watch(f"{CONFIG_MAPS}?watch=1&fieldSelector=metadata.name%3Db") as watch:
        for name in "abc":
            await api.create(CONFIG_MAPS, config_map(name))
        assert await watch.events(1) == [("ADDED", "b")]


async def test_tables_have_columns_in_their_first_event_only(api):
    await api.create(CONFIG_MAPS, config_map("a"))
    async with api.watch(f"{CONFIG_MAPS}?watch=1", accept=TABLE) as watch:
        first = await watch.event()
        await api.create(CONFIG_MAPS, config_map("b"))
        second = await watch.event()
    assert [event["object"]["rows"][0]["cells"][0] for event in (first, second)] == ["a", "b"]
    assert [bool(event["object"]["columnDefinitions"]) for event in (first, second)] == [True, False]


async def test_metadata_alone_is_watched(api):
    async with api.watch(f"{CONFIG_MAPS}?watch=1", accept=METADATA) as watch:
        await api.create(CONFIG_MAPS, config_map("a"))
        event = await watch.event()
    assert (event["object"]["kind"], "data" in event["object"]) == ("PartialObjectMetadata", False)


async def test_the_end_of_what_there_was_is_marked(api):
    await api.create(CONFIG_MAPS, config_map("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with api.watch(f"{CONFIG_MAPS}?{query}") as watch:
        assert await watch.events(1) == [("ADDED", "a")]
        mark = await watch.event()
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert (mark["object"]["kind"], mark["object"]["metadata"]["resourceVersion"]) == ("ConfigMap", "2")


async def test_bookmarks_tell_how_far_the_watch_has_come(api, monkeypatch):
    monkeypatch.setattr(watching, "_BOOKMARK_SECONDS", 0.05)
    path = f"{CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&resourceVersion=1"
    async with api.watch(path) as watch:
        await api.create("/api/v1/namespaces/default/services", {"metadata": {"name": "s"}, "spec": SERVICE})
        while (event := await watch.event())["object"]["metadata"]["resourceVersion"] != "2":
            assert event["type"] == "BOOKMARK"


SERVICE = {"ports": [{"port": 80}], "clusterIP": "None"}


async def test_a_watch_ends_after_its_time(api):
    path = f"{CONFIG_MAPS}?watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=1"
    async with api.watch(path) as watch:
        assert (await watch.event())["type"] == "BOOKMARK"
        assert await watch.event() is None


async def test_a_watch_of_a_custom_resource_is_in_the_version_asked_for(api):
    old = "/apis/extensions/v1beta1/namespaces/default/deployments"
    labels = {"app": "w"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pod}
    async with api.watch(f"{old}?watch=1") as watch:
        deployments = "/apis/apps/v1/namespaces/default/deployments"
        await api.create(deployments, {"metadata": {"name": "w"}, "spec": spec})
        assert (await watch.event())["object"]["apiVersion"] == "extensions/v1beta1"


async def test_a_client_that_leaves_is_forgotten(api):
    table = api.registry.store._table("configmaps")
    async with api.watch(f"{CONFIG_MAPS}?watch=1"):
        assert len(table.watches) == 1
    assert await until(lambda: not table.watches)


async def test_a_client_that_does_not_read_is_cut_off(api, monkeypatch):
    monkeypatch.setattr(store_watch, "QUEUE_LENGTH", 3)
    table = api.registry.store._table("configmaps")
    big = "x" * 900_000
    async with api.watch(f"{CONFIG_MAPS}?watch=1") as watch:
        for number in range(30):
            body = {"metadata": {"name": f"m{number}"}, "data": {"k": big}}
            assert (await api.request("POST", CONFIG_MAPS, body)).status == 201
        assert not table.watches
        seen = 0
        with suppress(aiohttp.ClientPayloadError):
            async for chunk in watch.response.content.iter_any():
                seen += chunk.count(b'"type":"ADDED"')
        assert seen < 30


async def test_watchers_of_everything_share_what_is_written(api):
    async with api.watch("/api/v1/configmaps?watch=1") as one, api.watch("/api/v1/configmaps?watch=1") as two:
        for name in "abc":
            await api.create(CONFIG_MAPS, config_map(name))
        expected = [("ADDED", name) for name in "abc"]
        assert await one.events(3) == expected
        assert await two.events(3) == expected
