"""Facts about the status of objects in a cluster: what the mesh makes of them, written once."""

import asyncio

from tests.kit.waiting import until
from tests.unit.controlplane.writing.conftest import running
from tests.unit.mesh.objects import gateway, gateway_pod

from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kinds import BY_NAME
from convoy.cluster.apiserver.access import Decision
from convoy.config.kube.resources import resource_of
from convoy.controlplane.writing import StatusWriter

RULES = resource_of(BY_NAME["VirtualService"], "networking.istio.io/v1")
GATEWAYS = resource_of(BY_NAME["Gateway"], "networking.istio.io/v1beta1")
SERVICES = "/api/v1/namespaces/default/services"
SERVICE = {"metadata": {"name": "reviews"}, "spec": {"ports": [{"port": 9080, "name": "http"}]}}


def rule(name="a", **destination):
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "hosts": ["reviews"],
            "http": [{"route": [{"destination": {"host": "reviews", **destination}}]}],
        },
    }


def writer(guarded):
    def make(leader):
        return StatusWriter(
            guarded.client,
            leader,
            published=guarded.outlets.published,
            state_of=guarded.source.state_of,
        )

    return make


async def condition(guarded, name="a"):
    """The condition once it is about the object's newest version."""
    found = await guarded.client.get(RULES, name)
    for each in found.get("status", {}).get("conditions", ()):
        if each["observedGeneration"] == found["metadata"]["generation"]:
            return each
    return None


async def reconciled(guarded, status, name="a"):
    found = await condition(guarded, name)
    return found if found and found["status"] == status else None


async def test_status_follows_what_the_mesh_makes_of_the_object(guarded):
    await guarded.api.create(SERVICES, SERVICE)
    async with running(guarded, writer(guarded)):
        await guarded.client.create(RULES, rule(subset="v9"))
        found = await until(lambda: reconciled(guarded, "False"))
        assert "[CVY0201]" in found["message"]
        told = (await guarded.client.get(RULES, "a"))["status"]["validationMessages"]
        assert [each["type"]["code"] for each in told if each["level"] == "ERROR"] == ["CVY0201"]
        await guarded.client.patch(RULES, "a", {"spec": rule()["spec"]}, namespace="default")
        assert (await until(lambda: reconciled(guarded, "True")))["message"] == "In force."
        assert not (await guarded.client.get(RULES, "a"))["status"].get("validationMessages")


async def test_status_changes_with_a_neighbour(guarded):
    await guarded.api.create(SERVICES, SERVICE)
    async with running(guarded, writer(guarded)):
        await guarded.client.create(RULES, rule())
        await until(lambda: reconciled(guarded, "True"))
        other = {"metadata": {"name": "other"}, "spec": {"ports": [{"port": 1}]}}
        await guarded.api.create(SERVICES, other)
        await guarded.api.request("DELETE", f"{SERVICES}/reviews")
        assert "[CVY0202]" in (await until(lambda: reconciled(guarded, "False")))["message"]


async def test_gateway_is_told_which_of_its_secrets_may_not_be_read(guarded):
    allows = guarded.api.authorizer.allows
    guarded.api.authorizer.allows = lambda user, asked: (
        Decision(False) if asked.resource == "secrets" else allows(user, asked)
    )
    namespace = "/api/v1/namespaces/istio-system"
    await guarded.api.create(f"{namespace}/serviceaccounts", {"metadata": {"name": "default"}})
    await guarded.api.create(f"{namespace}/pods", gateway_pod())
    tls = {"mode": "SIMPLE", "credentialName": "web"}
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    await guarded.client.create(GATEWAYS, gateway("shop", {"port": port, "hosts": ["a.test"], "tls": tls}))
    async with running(guarded, writer(guarded)):

        async def told():
            found = await guarded.client.get(GATEWAYS, "shop", namespace="istio-system")
            messages = found.get("status", {}).get("validationMessages", ())
            return [each["message"] for each in messages if each["type"]["code"] == "CVY0314"]

        [message] = await until(told)
    assert message.startswith("Secret istio-system/web: The control plane may not read it")
    assert "kubectl create rolebinding istiod-credentials -n istio-system" in message


async def test_own_writes_lead_to_no_view_and_no_further_write(guarded):
    await guarded.api.create(SERVICES, SERVICE)
    async with running(guarded, writer(guarded)):
        await guarded.client.create(RULES, rule())
        await until(lambda: reconciled(guarded, "True"))
        version = (await guarded.client.get(RULES, "a"))["metadata"]["resourceVersion"]
        key = next(key for key in guarded.outlets.published.get_nowait().view.by_key if key.name == "a")
        await until(lambda: guarded.source.state_of(key).resource_version == version)
        number = guarded.outlets.published.number
        await asyncio.sleep(0.4)
        assert guarded.outlets.published.number == number
        assert (await guarded.client.get(RULES, "a"))["metadata"]["resourceVersion"] == version


async def test_object_that_was_kept_without_being_asked_about_is_told_to_be_refused(guarded):
    admission, guarded.api.registry.admission = guarded.api.registry.admission, None
    bad = rule("b")
    bad["spec"]["htp"] = []
    await guarded.client.create(RULES, bad)
    guarded.api.registry.admission = admission
    async with running(guarded, writer(guarded)):
        found = await until(lambda: reconciled(guarded, "False", "b"))
    assert found["reason"] == "Refused"
    assert 'Did you mean "http"?' in found["message"]
    assert guarded.outlets.published.get_nowait().view.get(VirtualService, "default", "b") is None


async def test_all_objects_are_told_when_a_replica_begins_to_lead(guarded):
    await guarded.api.create(SERVICES, SERVICE)
    for number in range(20):
        await guarded.client.create(RULES, rule(f"r{number}"))
    async with running(guarded, writer(guarded)):
        for number in range(20):
            assert await until(lambda name=f"r{number}": condition(guarded, name))
