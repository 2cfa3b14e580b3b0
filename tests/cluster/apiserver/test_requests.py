"""Requests that are not plain: who asks, odd paths and methods, too much, too little, and other documents."""

import asyncio

import pytest
from tests.kit.api_server import running_api

CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


async def test_unknown_paths_are_not_found_in_plain_text(api):
    for path in (
        "/nothing",
        "/api/v2/pods",
        "/api/v1/nothings",
        "/apis/none/v1/x",
        "/api/v1/pods/x",
        "/api/v1/namespaces/default/nodes",
        f"{CONFIG_MAPS}/a/nothing",
        f"{CONFIG_MAPS}/a/status/more",
        "/api/v1/namespaces//configmaps",
    ):
        reply = await api.request("GET", path)
        assert (reply.status, reply.body) == (404, b"404 page not found\n"), path
        assert reply.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/configmaps"),
        ("DELETE", "/api/v1/configmaps"),
        ("PUT", CONFIG_MAPS),
        ("POST", f"{CONFIG_MAPS}/a"),
        ("OPTIONS", CONFIG_MAPS),
        ("DELETE", "/api/v1/namespaces/default/pods/p/status"),
        ("POST", "/healthz/x"),
        ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
        ("PURGE", CONFIG_MAPS),
    ],
)
async def test_methods_that_do_not_fit_are_refused(api, method, path):
    reply = await api.request(method, path)
    assert (reply.status, reply.json()["reason"]) == (405, "MethodNotAllowed")


async def test_nobody_is_refused_except_where_anybody_may_ask(api):
    reply = await api.request("GET", CONFIG_MAPS, headers={"X-User": "nobody"})
    assert (reply.status, reply.json()["reason"]) == (401, "Unauthorized")
    for path in ("/healthz", "/readyz", "/livez", "/version", "/version/"):
        assert (await api.request("GET", path, headers={"X-User": "nobody"})).status == 200


async def test_a_user_learns_only_that_they_may_not(api):
    for path in (f"{CONFIG_MAPS}/a", "/api/v1/namespaces/default/nothings/a"):
        reply = await api.request("GET", path, headers={"X-User": "bob"})
        assert (reply.status, reply.json()["reason"]) == (403, "Forbidden")
        assert 'User "bob" cannot get resource' in reply.json()["message"]
    reply = await api.request("GET", "/openapi/v3", headers={"X-User": "bob"})
    assert (reply.status, 'path "/openapi/v3"' in reply.json()["message"]) == (403, True)


@pytest.mark.parametrize(
    ("method", "path", "verb", "name"),
    [
        ("GET", CONFIG_MAPS, "list", ""),
        ("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=x", "watch", ""),
        ("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Da", "list", "a"),
        ("DELETE", CONFIG_MAPS, "deletecollection", ""),
        ("PATCH", f"{CONFIG_MAPS}/a", "patch", "a"),
        ("PUT", f"{CONFIG_MAPS}/a", "update", "a"),
        ("GET", f"{CONFIG_MAPS}/a", "get", "a"),
    ],
)
async def test_access_is_asked_in_the_words_of_rbac(api, method, path, verb, name):
    await api.request(method, path)
    asked = api.authorizer.asked[-1]
    assert (asked.verb, asked.resource, asked.namespace, asked.name) == (verb, "configmaps", "default", name)


async def test_too_large_a_body_is_refused(api):
    body = b'{"metadata":{"name":"a"},"data":{"k":"' + b"x" * (3 << 20) + b'"}}'
    reply = await api.request("POST", CONFIG_MAPS, body)
    assert (reply.status, reply.json()["reason"]) == (413, "RequestEntityTooLarge")

    async def chunks():
        for start in range(0, len(body), 1 << 16):
            yield body[start : start + (1 << 16)]

    async with api.session.post(api.url + CONFIG_MAPS, data=chunks()) as response:
        assert response.status == 413


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type", "code"),
    [
        ("POST", CONFIG_MAPS, b"", "application/json", 400),
        ("POST", CONFIG_MAPS, b"{", "application/json", 400),
        ("POST", CONFIG_MAPS, b"[]", "application/json", 400),
        ("POST", CONFIG_MAPS, b"{}", "text/plain", 415),
        ("POST", CONFIG_MAPS, b"{}", "application/json", 422),
        ("POST", CONFIG_MAPS, b'{"metadata":[]}', "application/json", 400),
        ("POST", CONFIG_MAPS, b'{"metadata":{"name":5}}', "application/json", 400),
        ("POST", CONFIG_MAPS, b'{"kind":"Pod","metadata":{"name":"a"}}', "application/json", 400),
        ("POST", CONFIG_MAPS, b"k8s\0rubbish", "application/vnd.kubernetes.protobuf", 400),
        ("PATCH", f"{CONFIG_MAPS}/a", b"{}", "application/json-patch+json", 400),
        ("PATCH", f"{CONFIG_MAPS}/a", b"[3]", "application/json-patch+json", 400),
        ("PATCH", f"{CONFIG_MAPS}/a", b"[]", "application/merge-patch+json", 400),
        ("PATCH", f"{CONFIG_MAPS}/a", b"{}", "application/apply-patch+yaml", 422),
        ("DELETE", f"{CONFIG_MAPS}/a", b'{"kind":"Pod"}', "application/json", 400),
        ("DELETE", f"{CONFIG_MAPS}/a", b'{"dryRun":["Some"]}', "application/json", 422),
        ("GET", f"{CONFIG_MAPS}?limit=x", None, "", 400),
        ("GET", f"{CONFIG_MAPS}?continue=x", None, "", 400),
        ("GET", f"{CONFIG_MAPS}?watch=1&resourceVersion=x", None, "", 400),
        ("GET", f"{CONFIG_MAPS}?includeObject=Some", None, "", 400),
        ("GET", f"{CONFIG_MAPS}?" + "a=1&" * 2000, None, "", 400),
    ],
)
async def test_malformed_requests_are_refused_with_a_status(api, method, path, body, content_type, code):
    headers = {"Content-Type": content_type} if content_type else {}
    reply = await api.request(method, path, body, headers=headers)
    assert (reply.status, reply.json()["kind"], reply.json()["code"]) == (code, "Status", code)


async def send(api, data):
    """What the server answers to these bytes."""
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00 this is TLS\r\n\r\n",
        b"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /api/v1/pods HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_with_a_status(api, data):
    reply = await send(api, data)
    assert reply.split()[1] == b"400"
    assert b'"kind":"Status"' in reply


async def test_a_failure_of_our_own_is_told_to_the_log_only(api, monkeypatch, capsys):
    monkeypatch.setattr(api.registry, "get", lambda *_: {}["secret"])
    reply = await api.request("GET", f"{CONFIG_MAPS}/a")
    assert (reply.status, reply.json()["reason"]) == (500, "InternalError")
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    assert "secret" in "".join(capsys.readouterr())


async def test_documents_are_served_with_tags(api):
    reply = await api.request("GET", "/apis")
    assert reply.json()["kind"] == "APIGroupList"
    again = await api.request("GET", "/apis", headers={"If-None-Match": reply.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    reply = await api.request("GET", "/api", headers={"Accept": aggregated})
    assert reply.headers["Content-Type"] == aggregated.partition(",")[0]
    assert {"apps", "batch"} <= {group["name"] for group in (await api.get("/apis"))["groups"]}
    assert (await api.get("/apis/apps"))["kind"] == "APIGroup"
    assert (await api.get("/api/v1"))["kind"] == "APIResourceList"


async def test_openapi_is_served(api):
    index = await api.get("/openapi/v3")
    path = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
    reply = await api.request("GET", path)
    assert "immutable" in reply.headers["Cache-Control"]
    assert reply.json()["openapi"].startswith("3.")
    assert (await api.get("/openapi/v2"))["swagger"] == "2.0"
    gnostic = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    reply = await api.request("GET", "/openapi/v2", headers={"Accept": gnostic})
    assert "protobuf" in reply.headers["Content-Type"]


async def test_every_path_may_have_a_prefix():
    async with running_api(prefix="/clusters/east") as api:
        assert (await api.get("/version"))["minor"] == "32"
        assert (await api.get(CONFIG_MAPS))["items"] == []
        async with api.session.get(api.url.removesuffix("/clusters/east") + "/version") as response:
            assert response.status == 404


async def test_watches_end_cleanly_when_the_server_does():
    async with running_api() as api, api.session.get(f"{api.url}{CONFIG_MAPS}?watch=1") as response:
        for task in asyncio.all_tasks():
            if task.get_name() == "api":
                task.cancel()
        async with asyncio.timeout(5):
            assert await response.content.read() == b""


async def test_objects_survive_a_restart(tmp_path):
    path = tmp_path / "objects.db"
    async with running_api(path) as api:
        made = await api.create(CONFIG_MAPS, {"metadata": {"name": "a"}})
    async with running_api(path) as api:
        assert await api.get(f"{CONFIG_MAPS}/a") == made
        assert (await api.get(CONFIG_MAPS))["metadata"]["resourceVersion"] == "2"
