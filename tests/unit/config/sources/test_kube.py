"""Facts about objects that are read from a cluster's API."""

import asyncio
import contextlib
import gc

import msgspec
import pytest
from tests.kit.api_server import running_api
from tests.kit.waiting import until
from tests.unit.config.kube.clients import client_of
from tests.unit.config.kube.definitions import ISTIO_KINDS, definition
from tests.unit.config.kube.relay import relayed

from convoy.api import codes
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kinds import BY_NAME
from convoy.api.kube.core import ConfigMap, Pod, Service
from convoy.api.meta import ObjectKey
from convoy.config.holdoff import HoldOff
from convoy.config.kube import following
from convoy.config.kube.resources import resource_of
from convoy.config.sources.kube import KubeSource
from convoy.config.store import Store
from convoy.kit.latest import LatestValue

SERVICES = "/api/v1/namespaces/default/services"
PODS = "/api/v1/namespaces/default/pods"
RULES = "/apis/networking.istio.io/v1/namespaces/default/virtualservices"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(following, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(following, "LONGEST_DELAY", 0.1)


@pytest.fixture
async def api():
    async with running_api(log_length=64) as api:
        for kind in ISTIO_KINDS:
            await api.create(CRDS, definition(kind))
        yield api


class Watched:
    """A running source, and the newest state it led to."""

    def __init__(self, source):
        self.source = source
        self.held = None
        self.states = LatestValue()

    async def keep(self, states):
        async for held in states:
            self.states.set(held)

    def ports(self):
        return {s.metadata.name: s.spec.ports[0].port for s in self.held.view.all(Service)}

    def hosts(self):
        return {each.metadata.name: each.spec.hosts for each in self.held.view.all(VirtualService)}

    def problems(self):
        return [(problem.code, str(problem.key), problem.cluster) for problem in self.held.problems]

    async def wait(self, condition):
        async with asyncio.timeout(20):
            async for held in self.states.watch():
                self.held = held
                if condition(self):
                    return

    async def is_quiet(self, seconds=0.15):
        """Whether nothing is handed over for a while."""
        before = self.states.number
        await asyncio.sleep(seconds)
        return self.states.number == before


@contextlib.asynccontextmanager
async def watching(client, *, is_waited_for=True, **options):
    store = Store(hold=HoldOff(quiet=0))
    watched = Watched(KubeSource(client, **options))
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(watched.source.run(store)),
            tasks.create_task(watched.keep(store.held())),
        ]
        if is_waited_for:
            await watched.wait(lambda w: True)
        yield watched
        for task in running:
            task.cancel()


def service(name, port=80, **metadata):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default", **metadata},
        "spec": {"ports": [{"port": port}], "selector": {"app": name}},
    }


def rule(name, host="a", **spec):
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"hosts": [host], "http": [{"route": [{"destination": {"host": host}}]}], **spec},
    }


async def test_cluster_is_read_at_the_start(api):
    await api.create(SERVICES, service("a"))
    await api.create(RULES, rule("a"))
    async with client_of(api.url) as client, watching(client) as w:
        assert (w.ports(), w.hosts(), w.states.number) == ({"a": 80}, {"a": ["a"]}, 1)
        assert w.source.is_synced
        assert w.source.faults == {}


async def test_changed_new_and_deleted_objects_are_noticed(api):
    await api.create(SERVICES, service("a"))
    async with client_of(api.url) as client, watching(client) as w:
        await api.request("PUT", f"{SERVICES}/a", service("a", 81))
        await w.wait(lambda w: w.ports() == {"a": 81})
        await api.create(SERVICES, service("b"))
        await w.wait(lambda w: w.ports() == {"a": 81, "b": 80})
        await api.request("DELETE", f"{SERVICES}/a")
        await w.wait(lambda w: w.ports() == {"b": 80})
        await api.create(SERVICES, service("a", 82))
        await w.wait(lambda w: w.ports() == {"a": 82, "b": 80})


async def test_what_the_cluster_writes_is_no_change(api):
    await api.create(RULES, rule("a"))
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    await api.create(PODS.replace("pods", "serviceaccounts"), {"metadata": {"name": "default"}})
    await api.create(PODS, {"apiVersion": "v1", "kind": "Pod", **pod})
    async with client_of(api.url) as client, watching(client) as w:
        view = w.held.view
        status = {"status": {"conditions": [{"type": "Reconciled", "status": "True"}]}}
        await client.patch(_resource("VirtualService"), "a", status, subresource="status")
        probed = {"containerStatuses": [{"name": "a", "ready": True}], "startTime": "2030-01-01T00:00:00Z"}
        await client.patch(_resource("Pod"), "p", {"status": probed}, subresource="status")
        assert await w.is_quiet()
        state = w.source.state_of(ObjectKey("VirtualService", "default", "a"))
        assert (state.status, state.generation, state.is_refused) == (status["status"], 1, False)
        await api.create(SERVICES, service("b"))
        await w.wait(lambda w: w.ports())
        assert w.held.view.all(Pod) is view.all(Pod)
        assert w.held.view.all(VirtualService) is view.all(VirtualService)
        (found,) = view.all(VirtualService)
        assert (found.metadata.resource_version, found.metadata.managed_fields) == ("", [])


def _resource(kind):
    return resource_of(BY_NAME[kind], BY_NAME[kind].api_versions[0])


async def test_bad_object_costs_only_itself_and_its_place_is_cluster_and_object(api):
    await api.create(RULES, rule("good"))
    await api.create(RULES, rule("bad", nonsense=True))
    await api.create(RULES, rule("worse", http="text"))
    async with client_of(api.url) as client, watching(client) as w:
        assert list(w.hosts()) == ["good"]
        assert w.problems() == [
            (codes.UNKNOWN_FIELD, "VirtualService default/bad", "east"),
            (codes.WRONG_TYPE, "VirtualService default/worse", "east"),
        ]
        said = " ".join(str(w.held.problems[0]).split())
        assert said.startswith("cluster east, VirtualService default/bad, spec.nonsense: unknown field.")
        assert w.source.state_of(ObjectKey("VirtualService", "default", "bad")).is_refused
        await api.request("DELETE", f"{RULES}/bad")
        await w.wait(lambda w: len(w.problems()) == 1)


async def test_object_that_turns_bad_keeps_its_previous_version(api):
    made = await api.create(RULES, rule("a"))
    async with client_of(api.url) as client, watching(client) as w:
        await client.update(_resource("VirtualService"), {**made, "spec": {"hosts": 7}})
        await w.wait(lambda w: w.problems())
        assert w.hosts() == {"a": ["a"]}
        await api.request("DELETE", f"{RULES}/a")
        await api.create(RULES, rule("a", nonsense=True))
        await w.wait(lambda w: not w.hosts() and w.problems())
        assert [code for code, _, _ in w.problems()] == [codes.UNKNOWN_FIELD]


async def test_problem_between_objects_has_the_cluster_as_its_place(api):
    await api.create(RULES, rule("a"))
    async with client_of(api.url) as client, watching(client, cluster="west") as w:
        key = ObjectKey("VirtualService", "default", "a")
        assert (w.held.origins[key].cluster, w.held.origins[key].file) == ("west", "")


async def test_nothing_is_handed_over_before_every_kind_was_listed(api):
    await api.create(SERVICES, service("a"))
    async with relayed(api.url) as relay, client_of(relay.url) as client:
        await relay.close()
        async with watching(client, is_waited_for=False) as w:
            assert await w.is_quiet()
            assert not w.source.is_synced
            assert set(w.source.faults) >= {"Service", "VirtualService"}
            await relay.open()
            await w.wait(lambda w: True)
            assert w.ports() == {"a": 80}
            await asyncio.wait_for(w.source.wait_synced(), 1)
            await until(lambda: not w.source.faults)


async def test_server_that_is_away_changes_nothing_and_changes_arrive_afterwards(api):
    await api.create(SERVICES, service("a"))
    await api.create(SERVICES, service("b"))
    async with relayed(api.url) as relay, client_of(relay.url) as client, watching(client) as w:
        await relay.close()
        await api.request("DELETE", f"{SERVICES}/a")
        await api.create(SERVICES, service("c"))
        for port in range(1, 80):  # more than the API server remembers
            await api.request("PUT", f"{SERVICES}/c", service("c", port))
        assert await w.is_quiet()
        assert w.ports() == {"a": 80, "b": 80}
        await relay.open()
        await w.wait(lambda w: w.ports() == {"b": 80, "c": 79})


async def test_missing_definition_means_no_objects_until_it_appears():
    async with running_api() as api, client_of(api.url) as client, watching(client) as w:
        assert (w.hosts(), w.problems(), w.source.faults) == ({}, [], {})
        kind = BY_NAME["VirtualService"]
        await asyncio.sleep(0.3)  # by now it is looked for rarely; the definition itself wakes it
        await api.create(CRDS, definition(kind, versions=("v1beta1",)))
        old = {**rule("a"), "apiVersion": "networking.istio.io/v1beta1"}
        await api.create(RULES.replace("/v1/", "/v1beta1/"), old)
        async with asyncio.timeout(2):
            await w.wait(lambda w: w.hosts() == {"a": ["a"]})
        await api.request("DELETE", f"{CRDS}/virtualservices.networking.istio.io")
        await w.wait(lambda w: w.hosts() == {})


async def test_kind_that_is_out_of_sight_keeps_its_objects(api, monkeypatch):
    """A server that answers 404 although the definition is there, as while it starts."""
    await api.create(RULES, rule("a"))
    async with relayed(api.url) as relay, client_of(relay.url) as client, watching(client) as w:

        async def change(host):
            patch = {"spec": rule("a", host)["spec"]}
            media_type = {"Content-Type": "application/merge-patch+json"}
            assert (await api.request("PATCH", f"{RULES}/a", patch, headers=media_type)).status == 200

        await change("b")
        await w.wait(lambda w: w.hosts() == {"a": ["b"]})
        hidden = True
        open_ = client._connections.open

        async def opened(attempt, request):
            if hidden and request.path.endswith("/virtualservices"):
                request = msgspec.structs.replace(request, path="/apis/example.com/v1/things")
            return await open_(attempt, request)

        monkeypatch.setattr(client._connections, "open", opened)
        await relay.cut()
        await change("c")
        assert await w.is_quiet(0.3)
        hidden = False
        await w.wait(lambda w: w.hosts() == {"a": ["c"]})


async def test_role_that_lacks_a_kind_is_told_and_the_source_waits(api):
    await api.create(SERVICES, service("a"))
    async with client_of(api.url, user="reader") as client, watching(client, is_waited_for=False) as w:
        await until(lambda: "Service" in w.source.faults)
        assert not w.source.is_synced
        assert 'the role of reader lacks "list" on services' in str(w.source.faults["Service"])


async def test_secrets_are_not_read_unless_asked_for(api):
    for name, kind in (("cert", "Opaque"), ("release", "helm.sh/release.v1")):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind}
        await api.create("/api/v1/namespaces/default/secrets", secret)
    api.authorizer.asked.clear()
    async with client_of(api.url) as client:
        async with watching(client) as w:
            assert not [key for key in w.held.view.by_key if key.kind == "Secret"]
        assert {"secrets", "configmaps", "serviceaccounts"}.isdisjoint(
            asked.resource for asked in api.authorizer.asked
        )
        async with watching(client, kinds=[BY_NAME["Secret"]]) as w:
            assert [key.name for key in w.held.view.by_key] == ["cert"]


def settings(name, text="", namespace="istio-system"):
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mesh": text}}


async def test_of_config_maps_only_that_of_the_mesh_is_read(api):
    maps = "/api/v1/namespaces/istio-system/configmaps"
    with contextlib.suppress(AssertionError):
        await api.create("/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": "istio-system"}})
    for name in ("istio", "other"):
        await api.create(maps, settings(name, "connectTimeout: 1s"))
    await api.create("/api/v1/namespaces/default/configmaps", settings("istio", namespace="default"))

    def read(w):
        return {
            f"{each.metadata.namespace}/{each.metadata.name}": each.data
            for each in w.held.view.all(ConfigMap)
        }

    async with client_of(api.url) as client, watching(client, mesh_namespace="istio-system") as w:
        assert read(w) == {"istio-system/istio": {"mesh": "connectTimeout: 1s"}}
        await api.request("PUT", f"{maps}/istio", settings("istio", "connectTimeout: 2s"))
        await w.wait(lambda w: read(w) == {"istio-system/istio": {"mesh": "connectTimeout: 2s"}})


async def test_lists_are_not_kept_once_they_were_read(api):
    await api.create(SERVICES, service("a"))
    async with client_of(api.url) as client, watching(client) as w:
        assert w.ports() == {"a": 80}
        lists = [each.items for each in gc.get_objects() if isinstance(each, following.Relisted)]
        assert lists
        assert not any(lists)
