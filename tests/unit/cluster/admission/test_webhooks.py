"""Webhooks around real writes: what they are told, what their answers do, in which order they are asked."""

import asyncio

import pytest
from tests.unit.cluster.admission.hook_server import add, configure, hook, patch, rule
from tests.unit.cluster.registry.cluster import config_map, options

from convoy.cluster.machinery.requests import DeleteOptions, User
from convoy.cluster.machinery.statuses import StatusError

JANE = User("jane", ("developers",), uid="7", extra={"scopes": ("a", "b")})


async def test_a_webhook_is_told_all_about_a_write(cluster, server):
    await configure(cluster, "validating", hook())
    await cluster.create("configmaps", config_map(), user=JANE)
    (request,) = server.reviews
    assert request.pop("object")["data"] == {"a": "1"}
    assert len(request.pop("uid")) == 36
    kind, resource = (
        {"group": "", "version": "v1", "kind": "ConfigMap"},
        {"group": "", "version": "v1", "resource": "configmaps"},
    )
    assert request == {
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": "c",
        "namespace": "default",
        "operation": "CREATE",
        "userInfo": {
            "username": "jane",
            "uid": "7",
            "groups": ["developers"],
            "extra": {"scopes": ["a", "b"]},
        },
        "oldObject": None,
        "dryRun": False,
        "options": {
            "kind": "CreateOptions",
            "apiVersion": "meta.k8s.io/v1",
            "fieldManager": "kubectl",
            "fieldValidation": "Strict",
        },
    }
    assert server.paths == ["/hook?timeout=10s"]


async def test_deletion_shows_what_goes(cluster, server):
    await cluster.create("configmaps", config_map())
    await configure(cluster, "validating", hook())
    await cluster.delete("configmaps", "c")
    (request,) = server.reviews
    assert (request["operation"], request["object"]) == ("DELETE", None)
    assert request["oldObject"]["data"] == {"a": "1"}


async def test_mutating_webhook_may_refuse_a_deletion(cluster, server):
    await cluster.create("configmaps", config_map())
    await configure(cluster, "mutating", hook())
    server.answers["/hook"] = lambda _: {"allowed": False}
    with pytest.raises(StatusError, match="denied the request without explanation"):
        await cluster.delete("configmaps", "c")


async def test_patch_is_kept(cluster, server):
    await configure(cluster, "mutating", hook())
    server.answers["/hook"] = lambda _: patch(add("/data/b", "2"), add("/metadata/labels", {"x": "y"}))
    made = await cluster.create("configmaps", config_map())
    assert made["data"] == {"a": "1", "b": "2"}
    assert made["metadata"]["labels"] == {"x": "y"}


async def test_patch_that_does_not_apply_fails_the_write(cluster, server):
    await configure(cluster, "mutating", hook(failurePolicy="Ignore"))
    server.answers["/hook"] = lambda _: patch({"op": "remove", "path": "/nothing"})
    with pytest.raises(StatusError) as failed:
        await cluster.create("configmaps", config_map())
    assert (failed.value.code, failed.value.reason) == (500, "InternalError")


async def test_refusal_keeps_code_reason_and_details(cluster, server):
    await configure(cluster, "validating", hook())
    result = {"code": 422, "reason": "Invalid", "message": "no such color", "details": {"name": "c"}}
    server.answers["/hook"] = lambda _: {"allowed": False, "status": result}
    with pytest.raises(StatusError) as refused:
        await cluster.create("configmaps", config_map())
    error = refused.value
    assert (error.code, error.reason, error.details) == (422, "Invalid", {"name": "c"})
    assert error.message == 'admission webhook "hook.example.com" denied the request: no such color'
    assert cluster.find("configmaps", "c") is None


@pytest.mark.parametrize(
    ("result", "code", "end"),
    [
        ({}, 400, "without explanation"),
        ({"code": 200, "reason": "TooBad"}, 400, "denied the request: TooBad"),
    ],
)
async def test_refusal_without_a_message_is_a_bad_request(cluster, server, result, code, end):
    await configure(cluster, "validating", hook())
    server.answers["/hook"] = lambda _: {"allowed": False, "status": result}
    with pytest.raises(StatusError) as refused:
        await cluster.create("configmaps", config_map())
    assert refused.value.code == code
    assert refused.value.message.endswith(end)


async def test_warnings_reach_the_client(cluster, server):
    await configure(cluster, "mutating", hook("one.example.com", path="/one"))
    await configure(cluster, "validating", hook("two.example.com", path="/two"))
    server.answers = {
        "/one": lambda _: {"warnings": ["old field"]},
        "/two": lambda _: {"warnings": ["mind this"]},
    }
    how = options()
    await cluster.registry.create(cluster.resource("configmaps"), "default", config_map(), how)
    assert how.warnings == ["old field", "mind this"]


async def test_mutating_webhooks_are_asked_in_order_and_see_earlier_changes(cluster, server):
    later = [hook(f"{name}.example.com", path=f"/{name}") for name in ("z", "b")]
    await configure(cluster, "mutating", *later, name="second")
    await configure(cluster, "mutating", hook("c.example.com", path="/c"), name="first")
    server.answers["/c"] = lambda _: patch(add("/data/c", "from c"))
    await cluster.create("configmaps", config_map())
    assert [path.partition("?")[0] for path in server.paths] == ["/c", "/z", "/b"]
    assert [review["object"]["data"].get("c") for review in server.reviews] == [None, "from c", "from c"]


async def test_webhook_that_wishes_it_sees_later_changes_once_more(cluster, server):
    def count(request):
        return patch(add("/data/count", request["object"]["data"].get("count", "") + "x"))

    asked = [
        hook("a.example.com", path="/a", reinvocationPolicy="IfNeeded"),
        hook("b.example.com", path="/b", reinvocationPolicy="IfNeeded"),
        hook("c.example.com", path="/c"),
        hook("d.example.com", path="/d", reinvocationPolicy="IfNeeded"),
    ]
    await configure(cluster, "mutating", *asked)
    server.answers = {"/b": count, "/c": lambda _: patch(add("/data/c", "1"))}
    made = await cluster.create("configmaps", config_map())
    assert [path[1] for path in server.paths] == ["a", "b", "c", "d", "a", "b"]
    assert made["data"]["count"] == "xx"


async def test_nobody_is_asked_again_when_nothing_changed(cluster, server):
    again = {"reinvocationPolicy": "IfNeeded"}
    await configure(
        cluster, "mutating", hook("a.a.com", path="/a", **again), hook("b.b.com", path="/b", **again)
    )
    server.answers["/b"] = lambda _: patch({"op": "replace", "path": "/data/a", "value": "1"})
    await cluster.create("configmaps", config_map())
    assert [path[1] for path in server.paths] == ["a", "b"]


async def test_validating_webhooks_are_asked_side_by_side(cluster, server):
    meeting = asyncio.Barrier(2)

    async def meet(_):
        async with asyncio.timeout(5):
            await meeting.wait()
        return {}

    await configure(cluster, "validating", hook("a.a.com", path="/a"), hook("b.b.com", path="/b"))
    server.answers = {"/a": meet, "/b": meet}
    await cluster.create("configmaps", config_map())
    assert len(server.reviews) == 2


async def test_first_refusal_in_order_is_told(cluster, server):
    async def slowly(_):
        await asyncio.sleep(0.05)
        return {"allowed": False, "status": {"message": "slow no"}}

    await configure(cluster, "validating", hook("a.a.com", path="/a"), hook("b.b.com", path="/b"))
    server.answers = {"/a": slowly, "/b": lambda _: {"allowed": False, "status": {"message": "quick no"}}}
    with pytest.raises(StatusError, match="slow no"):
        await cluster.create("configmaps", config_map())


async def test_dry_run_is_said(cluster, server):
    await configure(cluster, "validating", hook())
    how = options(dry_run=True)
    await cluster.registry.create(cluster.resource("configmaps"), "default", config_map(), how)
    assert [review["dryRun"] for review in server.reviews] == [True]


async def test_configurations_of_webhooks_are_told_to_nobody(cluster, server):
    everything = rule("*", "*")
    await configure(cluster, "mutating", hook(rules=[everything]), name="one")
    await configure(cluster, "validating", hook(rules=[everything]), name="two")
    await cluster.registry.delete(
        cluster.resource("mutatingwebhookconfigurations"), "", "one", DeleteOptions(), options()
    )
    assert server.reviews == []


async def test_review_in_the_old_version_is_asked_for(cluster, server):
    await configure(cluster, "mutating", hook(admissionReviewVersions=["v9", "v1beta1", "v1"]))
    server.answers["/hook"] = lambda _: {**patch(add("/data/b", "2")), "uid": "", "patchType": None}
    made = await cluster.create("configmaps", config_map())
    assert made["data"] == {"a": "1", "b": "2"}


async def test_connection_is_used_again(cluster, server):
    await configure(cluster, "mutating", hook())
    await configure(cluster, "validating", hook())
    for name in ("a", "b", "c"):
        await cluster.create("configmaps", config_map(name))
    assert len(server.reviews) == 6
    assert len(server.connections) == 1


async def test_connection_that_was_closed_meanwhile_is_made_anew(cluster, server):
    closing = []

    def close_after(request):
        closing.append(request["name"])
        return {}

    await configure(cluster, "validating", hook())
    server.answers["/hook"] = close_after
    await cluster.create("configmaps", config_map("a"))
    server.drop_connections()
    await cluster.create("configmaps", config_map("b"))
    assert closing == ["a", "b"]


async def test_webhook_at_a_url_is_asked(cluster, server):
    url = {"url": f"https://localhost:{server.port}/there"}
    client = {**url, "caBundle": hook()["clientConfig"]["caBundle"]}
    await configure(cluster, "validating", hook(clientConfig=client))
    await cluster.create("configmaps", config_map())
    assert server.paths == ["/there?timeout=10s"]
