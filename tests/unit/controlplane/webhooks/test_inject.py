"""Facts about the webhook behind `/inject`, asked over HTTP, with namespaces from a real API server."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
from tests.kit.api_server import running_api
from tests.unit.controlplane.conftest import Anonymous, serving_http

from convoy.cluster.patches.json_patch import apply_json_patch
from convoy.config.kube.client import KubeClient
from convoy.config.kube.targets import KubeTarget
from convoy.controlplane.webhooks.inject import InjectionJudge, namespace_reader
from convoy.controlplane.webhooks.server import webhooks_app
from convoy.inject import InjectionSettings

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "reviews-v1-"},
    "spec": {"containers": [{"name": "reviews", "image": "reviews"}]},
}


class Webhook:
    """The API server's side of the webhook."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def ask(self, obj: Any = POD, *, namespace: str = "shop", **changed: Any) -> dict[str, Any]:
        """The response in the webhook's answer."""
        request = {
            "uid": "1",
            "operation": "CREATE",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "namespace": namespace,
            "object": obj,
        } | changed
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        async with self._session.post(self._url, data=msgspec.json.encode(review)) as answer:
            response: dict[str, Any] = msgspec.json.decode(await answer.read())["response"]
        assert response["uid"] == "1"
        return response


def patched(response: dict[str, Any], obj: dict[str, Any] = POD) -> dict[str, Any]:
    operations = msgspec.json.decode(base64.b64decode(response["patch"])) if "patch" in response else []
    return apply_json_patch(obj, operations)


def proxies(obj: dict[str, Any]) -> list[str]:
    return [each["name"] for each in obj["spec"].get("initContainers", [])]


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    async with running_api() as api:
        for name, labels in (("shop", {"istio-injection": "enabled"}), ("plain", {})):
            metadata = {"name": name, "labels": labels}
            await api.create(
                "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            )
        target = KubeTarget(cluster="c", server=api.url, credentials=Anonymous())
        async with KubeClient(target) as client, aiohttp.ClientSession() as session:
            judge = InjectionJudge(InjectionSettings(cluster_id="cluster1"), namespace_reader(client))
            async with serving_http(webhooks_app({"/inject": judge})) as port:
                yield Webhook(f"http://127.0.0.1:{port}/inject", session)


async def test_pod_of_a_labelled_namespace_gets_its_proxy(webhook: Webhook) -> None:
    response = await webhook.ask()
    assert response["allowed"]
    pod = patched(response)
    assert proxies(pod) == ["istio-proxy"]
    assert pod["spec"]["dnsConfig"]["searches"] == ["shop.global", "global"]


async def test_pod_of_another_namespace_stays(webhook: Webhook) -> None:
    response = await webhook.ask(namespace="plain")
    assert response == {"uid": "1", "allowed": True}


async def test_namespace_that_cannot_be_read_counts_as_chosen(webhook: Webhook) -> None:
    assert proxies(patched(await webhook.ask(namespace="gone"))) == ["istio-proxy"]


async def test_only_new_pods_are_injected(webhook: Webhook) -> None:
    for changed in (
        {"operation": "UPDATE"},
        {"operation": "DELETE", "object": None},
        {"subResource": "ephemeralcontainers"},
        {"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}},
        {"object": None},
    ):
        assert await webhook.ask(**changed) == {"uid": "1", "allowed": True}


async def test_writer_is_warned_of_a_pod_that_cannot_have_a_proxy(webhook: Webhook) -> None:
    response = await webhook.ask({**POD, "spec": {**POD["spec"], "hostNetwork": True}})
    assert response["allowed"]
    assert "patch" not in response
    (warning,) = response["warnings"]
    assert "network of its node" in warning


async def test_pod_that_cannot_be_read_is_refused_with_a_sentence(webhook: Webhook) -> None:
    response = await webhook.ask({**POD, "spec": {"containers": {}}})
    assert not response["allowed"]
    assert (response["status"]["code"], response["status"]["reason"]) == (422, "Invalid")
    assert response["status"]["message"].startswith("The pod cannot be given its proxy: spec.containers")
