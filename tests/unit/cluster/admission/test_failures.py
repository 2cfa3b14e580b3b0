"""Webhooks that cannot be asked: what a write fails with, what goes on without them, and where."""

import asyncio

import pytest
from aiohttp import web
from tests.kit.certificates import Authority
from tests.unit.cluster.admission.hook_server import add, bundle, configure, hook, patch, rule, running_hooks
from tests.unit.cluster.registry.cluster import config_map, options

from convoy.cluster.machinery.statuses import StatusError

HOOK = 'failed calling webhook "hook.example.com": '
POST = 'failed to call webhook: Post "https://hook.hooks.svc:443/hook?timeout=10s": '


async def failure(cluster, **how):
    with pytest.raises(StatusError) as failed:
        await cluster.create("configmaps", config_map(), **how)
    assert (failed.value.code, failed.value.reason) == (500, "InternalError")
    message = failed.value.message
    assert message.startswith(f"Internal error occurred: {HOOK}")
    return message.removeprefix(f"Internal error occurred: {HOOK}")


def with_client(**client):
    made = hook()
    return hook(clientConfig={**made["clientConfig"], **client})


async def test_refused_connection_is_told_in_known_words(cluster, server):
    await configure(cluster, "validating", hook())
    async with running_hooks("unused") as other:
        server.port = other.port
    assert await failure(cluster) == f"{POST}dial tcp 10.0.0.7:443: connect: connection refused"


async def test_missing_service_is_told(cluster):
    service = {"namespace": "hooks", "name": "gone", "port": 8443}
    await configure(cluster, "mutating", with_client(service=service))
    message = (
        'failed to call webhook: Post "https://gone.hooks.svc:8443/?timeout=10s": service "gone" not found'
    )
    assert await failure(cluster) == message


async def test_unknown_authority_is_told(cluster):
    await configure(cluster, "validating", with_client(caBundle=bundle(Authority("other"))))
    words = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    assert await failure(cluster) == POST + words


async def test_authority_of_the_machine_is_not_that_of_a_bundle(cluster):
    made = hook()
    del made["clientConfig"]["caBundle"]
    await configure(cluster, "validating", made)
    assert "certificate signed by unknown authority" in await failure(cluster)


async def test_certificate_of_another_name_is_refused(cluster, server):
    await configure(cluster, "validating", hook())
    async with running_hooks("other.hooks.svc") as other:
        server.port = other.port
        assert "tls: failed to verify certificate" in await failure(cluster)
        assert other.reviews == []


async def test_silence_ends_after_the_webhooks_own_time(cluster, server):
    await configure(cluster, "validating", hook(timeoutSeconds=1))
    server.answers["/hook"] = lambda _: asyncio.sleep(30, {})
    message = await failure(cluster)
    assert message == f"{POST.replace('10s', '1s')}context deadline exceeded"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "the server could not find the requested resource"),
        (503, "the server is currently unable to handle the request"),
        (500, "an error on the server ('out of order') has prevented the request from succeeding"),
        (302, "the server rejected our request for an unknown reason"),
    ],
)
async def test_http_errors_are_told(cluster, server, status, words):
    await configure(cluster, "validating", hook())
    server.answers["/hook"] = lambda _: web.Response(status=status, text="out of order")
    assert await failure(cluster) == f"failed to call webhook: {words}"


@pytest.mark.parametrize("kind", ["mutating", "validating"])
async def test_webhook_that_may_be_ignored_stops_nothing(cluster, server, kind):
    await configure(cluster, kind, hook(failurePolicy="Ignore"))
    server.answers["/hook"] = lambda _: web.Response(status=500)
    made = await cluster.create("configmaps", config_map())
    assert made["data"] == {"a": "1"}


async def test_refusal_counts_whatever_the_policy_for_failures(cluster, server):
    await configure(cluster, "validating", hook(failurePolicy="Ignore"))
    server.answers["/hook"] = lambda _: {"allowed": False}
    with pytest.raises(StatusError, match="denied the request"):
        await cluster.create("configmaps", config_map())


BAD = {
    "not json": (lambda _: web.Response(text="<html>"), "couldn't get version/kind; json parse error"),
    "a list": (lambda _: web.json_response([]), "an AdmissionReview is an object"),
    "no response": (lambda _: web.json_response({"kind": "x"}), "webhook response was absent"),
    "another kind": (
        lambda _: web.json_response({"apiVersion": "v1", "kind": "Pod", "response": {}}),
        "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got v1, Kind=Pod",
    ),
    "another uid": (lambda _: {"uid": "1"}, 'got "1"'),
    "bad status": (lambda _: {"status": "no"}, "status is not an object"),
    "no patch": (lambda _: {"patchType": "JSONPatch"}, "response.patchType but not response.patch"),
    "no patch type": (
        lambda _: {**patch(add("/a", 1)), "patchType": None},
        "response.patch but not response.patchType",
    ),
    "other patch type": (
        lambda _: {**patch(add("/a", 1)), "patchType": "Merge"},
        'invalid response.patchType of "Merge"',
    ),
    "patch not encoded": (lambda _: {"patch": "{}", "patchType": "JSONPatch"}, "received undecodable patch"),
    "patch no list": (
        lambda _: {"patch": "e30=", "patchType": "JSONPatch"},
        "received undecodable patch in webhook response: it is no list",
    ),
}


@pytest.mark.parametrize("case", BAD)
async def test_answer_that_cannot_be_used_is_a_failure(cluster, server, case):
    server.answers["/hook"], words = BAD[case]
    await configure(cluster, "mutating", hook())
    assert words in await failure(cluster)


async def test_validating_webhook_may_not_patch(cluster, server):
    await configure(cluster, "validating", hook())
    server.answers["/hook"] = lambda _: patch(add("/data/b", "2"))
    assert "validating webhook may not return response.patch" in await failure(cluster)


async def test_system_namespaces_go_on_without_a_dead_webhook(cluster, server):
    await configure(cluster, "mutating", hook())
    await configure(cluster, "validating", hook())
    server.answers["/hook"] = lambda _: web.Response(status=503)
    for namespace in ("kube-system", "hooks"):  # the latter is where the webhook itself runs
        how = options()
        await cluster.registry.create(cluster.resource("configmaps"), namespace, config_map(), how)
        (warning,) = how.warnings
        assert "was passed over" in warning
    await failure(cluster)


async def test_nodes_go_on_without_a_dead_webhook(cluster, server):
    await configure(cluster, "validating", hook(rules=[rule("*")]))
    server.answers["/hook"] = lambda _: web.Response(status=503)
    await cluster.create("nodes", {"metadata": {"name": "node1"}}, namespace="")
    await cluster.create("namespaces", {"metadata": {"name": "istio-system"}}, namespace="")
    with pytest.raises(StatusError, match="failed calling webhook"):
        await cluster.create("namespaces", {"metadata": {"name": "shop"}}, namespace="")


async def test_webhook_that_lives_is_heard_in_system_namespaces(cluster, server):
    await configure(cluster, "validating", hook())
    server.answers["/hook"] = lambda _: {"allowed": False}
    with pytest.raises(StatusError, match="denied the request"):
        await cluster.create("configmaps", config_map(), namespace="kube-system")
