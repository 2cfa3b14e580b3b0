"""Objects over HTTP: every verb, its answer, and its refusals in the words of the real server."""

import gzip

import pytest

from convoy.cluster.apiserver.access import Decision
from convoy.cluster.machinery.requests import ADMIN

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def config_map(name="a", **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name="web", **spec):
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": pod, **spec},
    }


async def test_an_object_is_created_read_replaced_and_deleted(api):
    made = await api.create(CONFIG_MAPS, config_map(k="1"))
    assert await api.get(f"{CONFIG_MAPS}/a") == made
    reply = await api.request("PUT", f"{CONFIG_MAPS}/a", {**made, "data": {"k": "2"}})
    assert (reply.status, reply.json()["data"]) == (200, {"k": "2"})
    gone = await api.request("DELETE", f"{CONFIG_MAPS}/a", {"propagationPolicy": "Background"})
    assert (gone.status, gone.json()) == (
        200,
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]},
        },
    )
    assert (await api.request("GET", f"{CONFIG_MAPS}/a")).json() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'configmaps "a" not found',
        "reason": "NotFound",
        "details": {"name": "a", "kind": "configmaps"},
        "code": 404,
    }


async def test_a_body_may_be_yaml_or_have_no_content_type(api):
    text = b"metadata: {name: y}\ndata: {k: '1'}\n"
    reply = await api.request("POST", CONFIG_MAPS, text, headers={"Content-Type": "application/yaml"})
    assert (reply.status, reply.json()["data"]) == (201, {"k": "1"})
    async with api.session.post(
        api.url + CONFIG_MAPS, data=b'{"metadata":{"name":"n"}}', skip_auto_headers=["Content-Type"]
    ) as response:
        assert response.status == 201


async def test_an_answer_may_be_yaml(api):
    await api.create(CONFIG_MAPS, config_map(k="1"))
    reply = await api.request("GET", f"{CONFIG_MAPS}/a", headers={"Accept": "application/yaml"})
    assert reply.headers["Content-Type"] == "application/yaml"
    assert b"\n  name: a\n" in reply.body


@pytest.mark.parametrize(
    ("media_type", "patch", "data"),
    [
        ("application/merge-patch+json", {"data": {"b": "2"}}, {"a": "1", "b": "2"}),
        ("application/strategic-merge-patch+json", {"data": {"a": None}}, None),
        ("application/json-patch+json", [{"op": "replace", "path": "/data/a", "value": "3"}], {"a": "3"}),
    ],
)
async def test_objects_are_patched(api, media_type, patch, data):
    await api.create(CONFIG_MAPS, config_map(a="1"))
    reply = await api.request("PATCH", f"{CONFIG_MAPS}/a", patch, headers={"Content-Type": media_type})
    assert reply.status == 200
    assert (reply.json().get("data") or None) == data


async def test_server_side_apply_creates_with_201_and_changes_with_200(api):
    headers = {"Content-Type": "application/apply-patch+yaml"}
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {k: v}\n"
    path = f"{CONFIG_MAPS}/s?fieldManager=me"
    assert (await api.request("PATCH", path, body, headers=headers)).status == 201
    reply = await api.request("PATCH", path, config_map("s", k="w"), headers=headers)
    assert (reply.status, reply.json()["data"]) == (200, {"k": "w"})
    assert reply.json()["metadata"]["managedFields"][0]["manager"] == "me"


async def test_server_side_apply_creates_only_for_those_who_may_create(api):
    def may(user, attributes):
        api.authorizer.asked.append(attributes)
        return Decision(user == ADMIN or attributes.verb in ("get", "patch"))

    api.authorizer.allows = may
    headers = {"Content-Type": "application/apply-patch+yaml", "X-User": "jane"}
    path = f"{CONFIG_MAPS}/s?fieldManager=me"
    refused = await api.request("PATCH", path, config_map("s", k="v"), headers=headers)
    assert refused.status == 403
    assert 'cannot create resource "configmaps"' in refused.json()["message"]
    assert (api.authorizer.asked[-1].namespace, api.authorizer.asked[-1].name) == ("default", "s")
    await api.create(CONFIG_MAPS, config_map("s", k="v"))
    assert (await api.request("PATCH", path, config_map("s", j="w"), headers=headers)).status == 200


async def test_of_many_unknown_fields_the_first_are_told(api):
    unknown = {f"unknown-{number}": "" for number in range(3000)}
    reply = await api.request("POST", CONFIG_MAPS, {**config_map("many"), **unknown})
    assert reply.status == 201
    assert len(reply.headers.getall("Warning")) == 64


async def test_unknown_patches_are_refused_with_those_that_are_known(api):
    reply = await api.request("PATCH", f"{CONFIG_MAPS}/a", {}, headers={"Content-Type": "application/json"})
    assert (reply.status, reply.json()["reason"]) == (415, "UnsupportedMediaType")
    assert "application/strategic-merge-patch+json" in reply.json()["message"]


async def test_scale_and_status_are_parts_of_their_own(api):
    await api.create(DEPLOYMENTS, deployment(replicas=2))
    assert (await api.get(f"{DEPLOYMENTS}/web/scale"))["spec"] == {"replicas": 2}
    merge = {"Content-Type": "application/merge-patch+json"}
    scaled = await api.request("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 5}}, headers=merge)
    assert scaled.json()["kind"] == "Scale"
    status = {"status": {"replicas": 3}, "spec": {"replicas": 9}}
    reply = await api.request("PATCH", f"{DEPLOYMENTS}/web/status", status, headers=merge)
    assert (reply.json()["spec"]["replicas"], reply.json()["status"]["replicas"]) == (5, 3)
    scale = await api.get(f"{DEPLOYMENTS}/web/scale")
    scale["spec"]["replicas"] = 1
    assert (await api.request("PUT", f"{DEPLOYMENTS}/web/scale", scale)).json()["spec"] == {"replicas": 1}


async def test_a_scale_is_a_row_for_who_asks_for_tables(api):
    await api.create(DEPLOYMENTS, deployment(replicas=2))
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    table = (await api.request("GET", f"{DEPLOYMENTS}/web/scale", headers=accept)).json()
    assert [column["name"] for column in table["columnDefinitions"]] == [
        "Name",
        "Desired",
        "Available",
        "Age",
    ]
    assert table["rows"][0]["cells"][:3] == ["web", 2, 0]
    yaml = {"Accept": "application/yaml"}
    shown = await api.request("GET", f"{DEPLOYMENTS}/web/scale", headers=yaml)
    assert b"kind: Scale\n" in shown.body


async def test_a_pod_is_bound_and_evicted(api):
    pods = "/api/v1/namespaces/default/pods"
    await api.create("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    await api.create(pods, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    bound = await api.request("POST", f"{pods}/p/binding", {"target": {"kind": "Node", "name": "n1"}})
    assert (bound.status, bound.json()["status"]) == (201, "Success")
    assert (await api.get(f"{pods}/p"))["spec"]["nodeName"] == "n1"
    evicted = await api.request("POST", f"{pods}/p/eviction", {"metadata": {"name": "p"}})
    assert (evicted.status, evicted.json()["status"]) == (201, "Success")
    left = await api.request("GET", f"{pods}/p")
    assert left.status == 404 or left.json()["metadata"]["deletionTimestamp"]


async def test_a_collection_is_deleted_by_selector(api):
    for name in "abc":
        obj = config_map(name)
        obj["metadata"]["labels"] = {"odd": str("ac".count(name))}
        await api.create(CONFIG_MAPS, obj)
    reply = await api.request("DELETE", f"{CONFIG_MAPS}?labelSelector=odd%3D1")
    assert (reply.json()["kind"], len(reply.json()["items"])) == ("ConfigMapList", 2)
    assert [each["metadata"]["name"] for each in (await api.get(CONFIG_MAPS))["items"]] == ["b"]


async def test_dry_run_keeps_nothing(api):
    reply = await api.request("POST", f"{CONFIG_MAPS}?dryRun=All", config_map())
    assert reply.status == 201
    assert (await api.get(CONFIG_MAPS))["items"] == []
    await api.create(CONFIG_MAPS, config_map())
    for query, body in (("?dryRun=All", None), ("", {"dryRun": ["All"]})):
        assert (await api.request("DELETE", f"{CONFIG_MAPS}/a{query}", body)).status == 200
        assert (await api.request("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_unknown_and_double_fields_are_warned_of_or_refused(api):
    double = b'{"metadata":{"name":"x"},"data":{"a":"1","a":"2"},"foo":1}'
    reply = await api.request("POST", CONFIG_MAPS, double)
    assert reply.status == 201
    assert reply.headers.getall("Warning") == [
        '299 - "duplicate field \\"data.a\\""',
        '299 - "unknown field \\"foo\\""',
    ]
    for body in (double, b'{"metadata":{"name":"y"},"foo":1}'):
        reply = await api.request("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", body)
        assert reply.status == 400
        assert "strict decoding error: " in reply.json()["message"]
    silent = await api.request("PUT", f"{CONFIG_MAPS}/x?fieldValidation=Ignore", double)
    assert "Warning" not in silent.headers


async def test_an_old_version_is_answered_in_that_version(api):
    await api.create(DEPLOYMENTS, deployment())
    old = "/apis/extensions/v1beta1/namespaces/default/deployments"
    assert (await api.get(f"{old}/web"))["apiVersion"] == "extensions/v1beta1"
    listed = await api.get(old)
    assert (listed["apiVersion"], listed["items"][0]["apiVersion"]) == ("extensions/v1beta1",) * 2
    assert (await api.get(f"{DEPLOYMENTS}/web"))["apiVersion"] == "apps/v1"


async def test_every_use_of_a_deprecated_version_is_warned_of(api):
    version = {"name": "v1", "served": True, "storage": True, "deprecated": True}
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Toy", "plural": "toys"},
        "versions": [{**version, "schema": {"openAPIV3Schema": {"type": "object"}}}],
    }
    crd = {"metadata": {"name": "toys.example.com"}, "spec": spec}
    await api.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
    toys = "/apis/example.com/v1/namespaces/default/toys"
    sentence = '299 - "example.com/v1 Toy is deprecated"'
    made = await api.request("POST", toys, {"metadata": {"name": "t"}})
    replies = [
        await api.request("GET", f"{toys}{rest}")
        for rest in ("", "/t", "/nothing", "?watch=1&timeoutSeconds=1")
    ]
    for reply in (made, *replies):
        assert reply.headers.getall("Warning") == [sentence]


async def test_pages_of_a_list_are_one_list(api):
    for name in "abcde":
        await api.create(CONFIG_MAPS, config_map(name))
    found, token = [], ""
    while True:
        page = await api.get(f"{CONFIG_MAPS}?limit=2&continue={token}")
        found += [each["metadata"]["name"] for each in page["items"]]
        token = page["metadata"].get("continue")
        if not token:
            break
    assert found == list("abcde")


async def test_a_forgotten_page_is_refused_with_a_token_that_goes_on(api):
    for name in "abc":
        await api.create(CONFIG_MAPS, config_map(name))
    token = (await api.get(f"{CONFIG_MAPS}?limit=2"))["metadata"]["continue"]
    for number in range(9):
        await api.create(CONFIG_MAPS, config_map(f"x{number}"))
    reply = await api.request("GET", f"{CONFIG_MAPS}?limit=2&continue={token}")
    assert (reply.status, reply.json()["reason"]) == (410, "Expired")
    again = reply.json()["metadata"]["continue"]
    page = await api.get(f"{CONFIG_MAPS}?limit=2&continue={again}")
    assert [each["metadata"]["name"] for each in page["items"]] == ["c", "x0"]


async def test_lists_and_objects_are_tables_and_metadata_on_demand(api):
    await api.create(CONFIG_MAPS, config_map(k="1"))
    table = await api.get(CONFIG_MAPS, Accept=TABLE)
    assert (table["kind"], table["rows"][0]["cells"][:2]) == ("Table", ["a", 1])
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert table["metadata"]["resourceVersion"]
    one = await api.get(f"{CONFIG_MAPS}/a?includeObject=Object", Accept=TABLE.replace("v=v1", "v=v1beta1"))
    assert (one["apiVersion"], one["rows"][0]["object"]["data"]) == ("meta.k8s.io/v1beta1", {"k": "1"})
    only = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    listed = await api.get(CONFIG_MAPS, Accept=only)
    assert (listed["kind"], "data" in listed["items"][0]) == ("PartialObjectMetadataList", False)


async def test_large_answers_are_packed_for_those_who_ask(api):
    await api.create(CONFIG_MAPS, config_map(k="x" * 200_000))
    reply = await api.request("GET", CONFIG_MAPS, headers={"Accept-Encoding": "gzip"})
    assert reply.headers["Content-Encoding"] == "gzip"
    reply = await api.request("GET", CONFIG_MAPS, is_raw=True)
    assert "Content-Encoding" not in reply.headers
    assert len(reply.body) > 200_000
    assert gzip.compress(reply.body)


async def test_a_version_that_is_not_reached_is_waited_for_by_the_client(api):
    for path in (CONFIG_MAPS, f"{CONFIG_MAPS}/a"):
        reply = await api.request("GET", f"{path}?resourceVersion=999")
        assert (reply.status, reply.json()["reason"], reply.headers["Retry-After"]) == (504, "Timeout", "1")
