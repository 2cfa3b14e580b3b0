"""Facts about root certificates in namespaces and in webhook configurations."""

import base64
import contextlib

import pytest
from tests.kit.api_server import make_namespace
from tests.kit.waiting import until
from tests.unit.controlplane.writing.conftest import running

from convoy.api.kube.core import Namespace
from convoy.cli.install.roles import VALIDATOR_CONFIGURATION, WEBHOOK_CONFIGURATION
from convoy.cli.install.settings import CONTROL_PLANE
from convoy.config.errors import KubeError
from convoy.config.kube.client import PatchKind
from convoy.config.kube.resources import CONFIG_MAPS, MUTATING_WEBHOOKS, NAMESPACES, VALIDATING_WEBHOOKS
from convoy.controlplane.writing import AuthorityWriter, RootWriter
from convoy.controlplane.writing.authorities import CONFIGURATIONS, SERVICE, plan_bundles
from convoy.controlplane.writing.roots import ROOT_CONFIG_MAP, build_root_map, plan_roots


def namespace(name, **metadata):
    return {"metadata": {"name": name, **metadata}}


async def root_in(guarded, name):
    try:
        found = await guarded.client.get(CONFIG_MAPS, ROOT_CONFIG_MAP, namespace=name)
    except KubeError:
        return None
    return found["data"]["root-cert.pem"]


def writer(roots):
    def make(guarded):
        return lambda leader: RootWriter(guarded.client, leader, roots=lambda: roots[0])

    return make


def test_only_what_differs_is_planned():
    maps = {(name, ROOT_CONFIG_MAP): build_root_map(name, text) for name, text in (("a", "R"), ("b", "S"))}
    maps["c", ROOT_CONFIG_MAP] = {"metadata": {}}
    namespaces = [namespace("a"), namespace("b"), namespace("c"), namespace("d")]
    namespaces.append(namespace("e", deletionTimestamp="2026-01-01T00:00:00Z"))
    assert plan_roots(namespaces, maps, "R") == ["b", "c", "d"]


async def test_every_namespace_gets_the_roots_also_one_that_comes_later(guarded):
    async with running(guarded, writer([b"ROOTS"])(guarded)):
        for name in ("default", "istio-system"):
            assert await until(lambda name=name: root_in(guarded, name)) == "ROOTS"
        await make_namespace(guarded.api.registry, "later")
        assert await until(lambda: root_in(guarded, "later")) == "ROOTS"


async def test_roots_that_somebody_changed_or_deleted_are_restored(guarded):
    async with running(guarded, writer([b"ROOTS"])(guarded)):
        await until(lambda: root_in(guarded, "default"))
        data = {"data": {"root-cert.pem": "EVIL"}}
        await guarded.client.patch(CONFIG_MAPS, ROOT_CONFIG_MAP, data, namespace="default")
        await until(lambda: is_root(guarded, "ROOTS"))
        await guarded.client.delete(CONFIG_MAPS, ROOT_CONFIG_MAP, namespace="default")
        await until(lambda: is_root(guarded, "ROOTS"))


async def is_root(guarded, text):
    return await root_in(guarded, "default") == text


async def test_new_roots_are_written(guarded, monkeypatch):
    monkeypatch.setattr("convoy.controlplane.writing.leading._LOOK_AGAIN", 0.05)
    roots = [b"OLD"]
    async with running(guarded, writer(roots)(guarded)):
        await until(lambda: is_root(guarded, "OLD"))
        roots[0] = b"NEW"
        await until(lambda: is_root(guarded, "NEW"))


async def test_namespace_on_its_way_out_is_left_alone_and_the_others_are_not(guarded):
    await make_namespace(guarded.api.registry, "going")
    await guarded.client.delete(NAMESPACES, "going")
    async with running(guarded, writer([b"ROOTS"])(guarded)):
        assert await until(lambda: root_in(guarded, "default")) == "ROOTS"
        assert await root_in(guarded, "going") is None
        assert (await guarded.client.get(NAMESPACES, "going"))["metadata"]["deletionTimestamp"]


async def test_follower_writes_nothing_until_it_leads(guarded):
    async with contextlib.AsyncExitStack() as reign:
        first = await reign.enter_async_context(running(guarded, identity="first"))
        await first.wait_leader()
        async with running(guarded, writer([b"ROOTS"])(guarded), identity="second") as second:
            await make_namespace(guarded.api.registry, "quiet")
            await until(lambda: guarded.outlets.published.get_nowait().view.get(Namespace, "", "quiet"))
            assert not second.is_leader
            assert await root_in(guarded, "quiet") is None
            await reign.aclose()
            assert await until(lambda: root_in(guarded, "quiet")) == "ROOTS"


def test_names_are_those_of_the_installation():
    assert CONFIGURATIONS == {
        MUTATING_WEBHOOKS: WEBHOOK_CONFIGURATION,
        VALIDATING_WEBHOOKS: VALIDATOR_CONFIGURATION,
    }
    assert SERVICE == CONTROL_PLANE


@pytest.mark.parametrize("resource", CONFIGURATIONS)
async def test_webhooks_of_ours_get_the_roots_and_those_of_others_keep_theirs(guarded, resource):
    name = CONFIGURATIONS[resource]
    await forget_bundles(guarded, resource)

    async def bundles():
        hooks = (await guarded.client.get(resource, name))["webhooks"]
        found = [hook["clientConfig"].get("caBundle") for hook in hooks]
        return found if all(found) else None

    def make(leader):
        return AuthorityWriter(guarded.client, leader, namespace="istio-system", roots=guarded.roots)

    async with running(guarded, make):
        assert {base64.b64decode(each) for each in await until(bundles)} == {guarded.roots()}


async def forget_bundles(guarded, resource):
    name = CONFIGURATIONS[resource]
    hooks = (await guarded.client.get(resource, name))["webhooks"]
    operations = [
        {"op": "remove", "path": f"/webhooks/{number}/clientConfig/caBundle"} for number in range(len(hooks))
    ]
    await guarded.client.patch(resource, name, operations, kind=PatchKind.JSON)


def test_webhooks_elsewhere_are_not_ours():
    service = {"name": "istiod", "namespace": "istio-system"}
    hooks = [
        {"name": "url", "clientConfig": {"url": "https://a.test"}},
        {"name": "other", "clientConfig": {"service": {**service, "namespace": "b"}}},
        {"name": "ours", "clientConfig": {"service": service}},
        {"name": "done", "clientConfig": {"service": service, "caBundle": "Ug=="}},
    ]
    patch = plan_bundles({"webhooks": hooks}, b"R", namespace="istio-system")
    assert patch == [
        {"op": "test", "path": "/webhooks/2/name", "value": "ours"},
        {"op": "add", "path": "/webhooks/2/clientConfig/caBundle", "value": "Ug=="},
    ]
    assert plan_bundles({}, b"R", namespace="istio-system") == []
