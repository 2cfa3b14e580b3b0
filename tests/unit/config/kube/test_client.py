"""Facts about the client, against a real API server of an embedded cluster."""

import asyncio

import pytest
from tests.kit.api_server import running_api
from tests.unit.config.kube.clients import client_of
from tests.unit.config.kube.definitions import ISTIO_KINDS, definition

from convoy.config.errors import KubeError
from convoy.config.kube import client as client_module
from convoy.config.kube.client import PatchKind
from convoy.config.kube.listings import Selection
from convoy.config.kube.resources import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    NAMESPACES,
    KubeResource,
    resource_of,
)


@pytest.fixture
async def api():
    async with running_api(log_length=64) as api:
        yield api


@pytest.fixture
async def client(api):
    async with client_of(api.url) as client:
        yield client


def config_map(name, namespace="default", **data):
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


async def test_objects_are_made_read_changed_and_deleted(client):
    made = await client.create(CONFIG_MAPS, config_map("a", x="1"))
    assert made["metadata"]["uid"]
    replaced = await client.update(CONFIG_MAPS, {**made, "data": {"x": "2"}})
    assert (await client.get(CONFIG_MAPS, "a", namespace="default"))["data"] == {"x": "2"}
    merged = await client.patch(CONFIG_MAPS, "a", {"data": {"y": "3"}}, namespace="default")
    assert merged["data"] == {"x": "2", "y": "3"}
    patch = [{"op": "remove", "path": "/data/x"}]
    patched = await client.patch(CONFIG_MAPS, "a", patch, kind=PatchKind.JSON)
    assert patched["data"] == {"y": "3"}
    assert patched["metadata"]["resourceVersion"] != replaced["metadata"]["resourceVersion"]
    await client.delete(CONFIG_MAPS, "a", namespace="default")
    with pytest.raises(KubeError) as caught:
        await client.get(CONFIG_MAPS, "a", namespace="default")
    assert caught.value.is_not_found


async def test_applied_object_is_made_and_then_changed(client):
    made = await client.apply(config_map("a", x="1"))
    assert (await client.apply(config_map("a", y="2")))["data"] == {"y": "2"}
    assert made["metadata"]["managedFields"][0]["manager"] == "convoy"


async def test_object_of_another_version_is_not_replaced(client):
    made = await client.create(CONFIG_MAPS, config_map("a"))
    await client.update(CONFIG_MAPS, {**made, "data": {"x": "1"}})
    with pytest.raises(KubeError) as caught:
        await client.update(CONFIG_MAPS, {**made, "data": {"x": "2"}})
    assert caught.value.is_conflict
    with pytest.raises(KubeError) as caught:
        await client.delete(CONFIG_MAPS, "a", uid="another")
    assert caught.value.is_conflict


async def test_status_is_written_apart_from_the_rest(client):
    kind = ISTIO_KINDS[0]
    await client.create(CUSTOM_RESOURCE_DEFINITIONS, definition(kind))
    resource = resource_of(kind, kind.api_versions[0])
    obj = {"apiVersion": resource.api_version, "kind": kind.name, "spec": {"host": "a"}}
    made = await client.create(resource, {**obj, "metadata": {"name": "a"}})
    patch = {"status": {"observedGeneration": "1"}, "spec": {"host": "b"}}
    done = await client.patch(resource, "a", patch, subresource="status")
    assert (done["spec"], done["status"]) == ({"host": "a"}, {"observedGeneration": "1"})
    assert done["metadata"]["generation"] == made["metadata"]["generation"]


async def test_names_without_a_namespace_are_in_that_of_the_target(api):
    async with client_of(api.url, namespace="other") as client:
        await client.create(NAMESPACES, {"metadata": {"name": "other"}})
        await client.create(CONFIG_MAPS, {"metadata": {"name": "a"}})
        assert (await client.get(CONFIG_MAPS, "a"))["metadata"]["namespace"] == "other"


async def test_list_is_whole_however_small_its_chunks(client, monkeypatch):
    monkeypatch.setattr(client_module, "_CHUNK", 3)
    for number in range(10):
        await client.create(CONFIG_MAPS, config_map(f"a{number}"))
    listing = await client.list(CONFIG_MAPS, Selection(namespace="default"))
    names = [item["metadata"]["name"] for item in listing.items]
    assert names == [f"a{number}" for number in range(10)]
    assert {(item["apiVersion"], item["kind"]) for item in listing.items} == {("v1", "ConfigMap")}
    assert int(listing.resource_version) > 0


async def test_list_is_whole_when_its_state_is_forgotten_between_chunks(api, client, monkeypatch):
    monkeypatch.setattr(client_module, "_CHUNK", 3)
    for number in range(10):
        await client.create(CONFIG_MAPS, config_map(f"a{number}"))
    answer = client._answer
    pages = []

    async def slowly(attempt, request):
        if request.query.get("continue"):
            for turn in range(100):
                await api.create("/api/v1/namespaces/default/configmaps", config_map(f"b{len(pages)}-{turn}"))
        pages.append(request.query)
        return await answer(attempt, request)

    monkeypatch.setattr(client, "_answer", slowly)
    listing = await client.list(CONFIG_MAPS)
    assert len(listing.items) == 110
    assert "limit" not in pages[-1]


async def test_selection_limits_lists_and_watches(client):
    await client.create(CONFIG_MAPS, config_map("a"))
    await client.create(CONFIG_MAPS, config_map("b"))
    by_label = Selection(labels="app=a", only_metadata=True)
    by_field = Selection(namespace="default", fields="metadata.name=b")
    (found,) = (await client.list(CONFIG_MAPS, by_label)).items
    assert (found["metadata"]["name"], found["kind"], "data" in found) == (
        "a",
        "PartialObjectMetadata",
        False,
    )
    (found,) = (await client.list(CONFIG_MAPS, by_field)).items
    assert found["metadata"]["name"] == "b"
    since = (await client.list(CONFIG_MAPS)).resource_version
    async with client.watch(CONFIG_MAPS, by_label, since=since) as events, asyncio.timeout(10):
        await client.patch(CONFIG_MAPS, "b", {"data": {"x": "1"}})
        await client.patch(CONFIG_MAPS, "a", {"data": {"x": "1"}})
        event = await anext(events)
    assert (event.type, event.object["metadata"]["name"], "data" in event.object) == ("MODIFIED", "a", False)


async def test_watch_tells_what_happens_after_a_state(client):
    await client.create(CONFIG_MAPS, config_map("a"))
    since = (await client.list(CONFIG_MAPS)).resource_version
    await client.create(CONFIG_MAPS, config_map("b", long="x" * 300_000))
    await client.delete(CONFIG_MAPS, "a")
    async with client.watch(CONFIG_MAPS, since=since) as events, asyncio.timeout(10):
        seen = [await anext(events), await anext(events)]
    assert [(event.type, event.object["metadata"]["name"]) for event in seen] == [
        ("ADDED", "b"),
        ("DELETED", "a"),
    ]
    assert len(seen[0].object["data"]["long"]) == 300_000
    assert int(since) < int(seen[0].resource_version) < int(seen[1].resource_version)


async def test_watch_of_a_forgotten_state_says_so(client):
    since = (await client.list(CONFIG_MAPS)).resource_version
    for number in range(100):
        await client.create(CONFIG_MAPS, config_map(f"a{number}"))
    with pytest.raises(KubeError) as caught:
        async with client.watch(CONFIG_MAPS, since=since) as events:
            await anext(events)
    assert caught.value.is_gone


async def test_watch_ends_with_its_client(client):
    since = (await client.list(CONFIG_MAPS)).resource_version
    async with client.watch(CONFIG_MAPS, since=since) as events:
        await client.close()
        with pytest.raises(
            KubeError, match="watch of configmaps in cluster east failed: the connection broke"
        ):
            await anext(events)
    assert (await client.list(CONFIG_MAPS)).items == []


async def test_connection_is_used_again(api, client):
    for _ in range(5):
        await client.list(CONFIG_MAPS)
    connector = client._connections._session.connector
    assert sum(len(pool) for pool in connector._conns.values()) == 1


async def test_resource_is_found_by_kind_once_the_cluster_has_it(client):
    kind = next(kind for kind in ISTIO_KINDS if kind.name == "Gateway")
    assert await client.find_resource("v1", "Namespace") == NAMESPACES
    with pytest.raises(KubeError) as caught:
        await client.find_resource(kind.api_versions[0], "Gateway")
    assert caught.value.is_not_found
    await client.create(CUSTOM_RESOURCE_DEFINITIONS, definition(kind))
    assert await client.find_resource(kind.api_versions[0], "Gateway") == resource_of(
        kind, kind.api_versions[0]
    )


async def test_role_that_lacks_a_verb_is_told_which(api):
    async with client_of(api.url, user="reader") as client:
        with pytest.raises(KubeError) as caught:
            await client.list(CONFIG_MAPS)
    assert str(caught.value) == (
        "list of configmaps in cluster east failed: 403 Forbidden;"
        ' the role of reader lacks "list" on configmaps'
    )


async def test_credentials_that_are_not_known_are_told(api):
    async with client_of(api.url, user="nobody") as client:
        with pytest.raises(KubeError, match="401 Unauthorized; the credentials were not accepted"):
            await client.get(CONFIG_MAPS, "a", namespace="b")


async def test_cluster_that_is_not_there_is_told():
    async with client_of("http://127.0.0.1:1") as client:
        with pytest.raises(
            KubeError, match=r"^get of namespaces a in cluster east failed: .*127\.0\.0\.1"
        ) as e:
            await client.get(NAMESPACES, "a")
    assert e.value.status == 0


async def test_refusal_of_an_object_carries_the_words_of_the_api_server(client):
    with pytest.raises(KubeError) as caught:
        await client.create(CONFIG_MAPS, {"metadata": {"name": "Bad_Name"}})
    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert "create of configmaps in namespace default in cluster east failed: 422" in str(caught.value)
    assert "Bad_Name" in caught.value.message


async def test_resource_that_is_not_served_is_not_found(client):
    with pytest.raises(KubeError) as caught:
        await client.list(KubeResource("example.com", "v1", "things"))
    assert caught.value.is_not_found
