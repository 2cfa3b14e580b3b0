"""A cluster gives the view that a folder with the same objects gives, whatever happens to them and when.

The cluster's API server is a real one of ours, with Istio's real definitions. A walk makes, changes, deletes
and makes again random objects, good and bad; after every few steps the source's view is compared with that of
a folder into which each object was written as the API server shows it (as `kubectl get -o yaml` would).
"""

import asyncio
import random

import msgspec
import orjson
import pytest
from tests.cluster.kube_source.manifests import NOT_READY, READY, generated, key_of, written
from tests.kit.api_server import running_api
from tests.kit.waiting import until
from tests.unit.config.kube.clients import client_of
from tests.unit.config.kube.relay import relayed

from convoy.api.crds import build_crds
from convoy.api.kinds import BY_NAME, KINDS
from convoy.api.kube.core import Node, Pod
from convoy.api.meta import ClusterID
from convoy.config.errors import KubeError
from convoy.config.folder import Folder
from convoy.config.holdoff import HoldOff
from convoy.config.kube import following
from convoy.config.kube.resources import resource_of
from convoy.config.sources.kube import KubeSource
from convoy.config.store import Composer, Store
from convoy.kit.latest import LatestValue
from convoy.mesh.model import MeshSettings
from convoy.mesh.snapshot import build_snapshot

SETTINGS = MeshSettings(cluster_id=ClusterID("east"))
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(following, "FIRST_DELAY", 0.02)
    monkeypatch.setattr(following, "LONGEST_DELAY", 0.1)


def as_the_mesh_reads_it(obj):
    """Without what a cluster writes into objects and the mesh does not read."""
    metadata = obj.metadata
    annotations = {name: value for name, value in metadata.annotations.items() if name != LAST_APPLIED}
    obj = msgspec.structs.replace(
        obj,
        metadata=msgspec.structs.replace(
            metadata,
            annotations=annotations,
            resource_version="",
            generation=0,
            managed_fields=[],
        ),
    )
    if BY_NAME[obj.kind].group:
        return msgspec.structs.replace(obj, status=type(obj.status)())
    if isinstance(obj, Pod):
        conditions = [type(each)(type=each.type, status=each.status) for each in obj.status.conditions]
        status = type(obj.status)(
            phase=obj.status.phase,
            pod_ip=obj.status.pod_ip,
            pod_ips=obj.status.pod_ips,
            host_ip=obj.status.host_ip,
            conditions=conditions,
        )
        return msgspec.structs.replace(obj, spec=spec_as_the_mesh_reads_it(obj.spec), status=status)
    if isinstance(obj, Node):
        return msgspec.structs.replace(obj, spec={}, status={})
    return obj


def spec_as_the_mesh_reads_it(spec):
    def reduced(container):
        is_proxy = container.name == "istio-proxy"
        started = {"args": container.args, "env": container.env} if is_proxy else {}
        return type(container)(name=container.name, ports=container.ports, **started)

    return type(spec)(
        containers=[*map(reduced, spec.containers)],
        init_containers=[*map(reduced, spec.init_containers)],
        service_account_name=spec.service_account_name,
        service_account=spec.service_account,
        node_name=spec.node_name,
    )


def resource(kind):
    return resource_of(BY_NAME[kind], BY_NAME[kind].api_versions[0])


class Walk:
    """Random writes to a cluster, and the folder that says the same."""

    def __init__(self, client, seed, *, is_plain=False):
        self._client = client
        self._is_plain = is_plain
        self._chance = random.Random(seed)
        self._folder = Folder(cluster="east")
        self._present = {}
        self.refused = 0

    async def prepare(self):
        for definition in build_crds():
            await self._client.apply(definition)
        namespaces = {key_of(obj)[1] for obj in written()} | {"shop"}
        for name in sorted(namespaces - {""}):
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            await self._client.apply(namespace)
            account = {"apiVersion": "v1", "kind": "ServiceAccount"}
            await self._client.apply({**account, "metadata": {"name": "default", "namespace": name}})
            await self._write(("Namespace", "", name))
            await self._write(("ServiceAccount", name, "default"))

    async def step(self):
        makes_new = not self._is_plain and self._chance.random() < 0.5
        obj = generated(self._chance) if makes_new else self._chance.choice(written())
        key = key_of(obj)
        try:
            if key in self._present and self._chance.random() < 0.3 and key[0] != "Namespace":
                await self._delete(key)
            elif key[0] == "Pod":
                await self._put_pod(key, obj)
            else:
                await self._client.apply(obj)
        except KubeError as error:
            if error.status not in (400, 403, 409, 422):
                raise
            self.refused += 1
        await self._write(key)

    async def _delete(self, key):
        kind, namespace, name = key
        await self._client.delete(resource(kind), name, namespace=namespace)

    async def _put_pod(self, key, obj):
        """A pod's spec stays; it is deleted and made anew, or only its readiness changes."""
        if key in self._present and self._chance.random() < 0.3:
            await self._delete(key)
            return
        if key not in self._present:
            account = obj["spec"].get("serviceAccountName", "default")
            await self._client.apply(
                {
                    "apiVersion": "v1",
                    "kind": "ServiceAccount",
                    "metadata": {"name": account, "namespace": key[1]},
                }
            )
            await self._write(("ServiceAccount", key[1], account))
            await self._client.create(resource("Pod"), {**obj, "status": {}})
        conditions = self._chance.choice((READY, NOT_READY))
        address = obj.get("status", {}).get("podIP", "")
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": conditions}
        counted = {"containerStatuses": [], "observedGeneration": 1, "startTime": "2030-01-01T00:00:00Z"}
        await self._client.patch(
            resource("Pod"), key[2], {"status": {**status, **counted}}, namespace=key[1], subresource="status"
        )

    async def _write(self, key):
        """The object's file as of now."""
        kind, namespace, name = key
        try:
            obj = await self._client.get(resource(kind), name, namespace=namespace)
        except KubeError as error:
            if not error.is_not_found:
                raise
            self._present.pop(key, None)
            self._folder.forget("/".join(key))
        else:
            self._present[key] = obj
            self._folder.read("/".join(key), orjson.dumps(obj))
        self._folder.contents()

    def expected(self):
        """What a folder of these files means."""
        return Composer().compose(self._folder.contents())


def objects_of(held):
    return {key: as_the_mesh_reads_it(obj) for key, obj in held.view.by_key.items()}


def problems_of(held):
    return sorted((str(p.key), p.code.id, p.field, p.message, p.cluster) for p in held.problems)


def snapshot_of(held):
    return msgspec.structs.replace(build_snapshot(held.view, SETTINGS)[0], number=0)


async def assert_same(states, walk):
    """The source's newest state comes to be what is expected."""
    expected = walk.expected()
    objects, problems = objects_of(expected), problems_of(expected)

    def is_same():
        held = states.get_nowait()
        return dict(held.view.by_key) == objects and problems_of(held) == problems

    try:
        async with asyncio.timeout(5):
            await until(is_same)
    except TimeoutError:
        held = states.get_nowait()
        assert dict(held.view.by_key) == objects
        assert problems_of(held) == problems
        raise
    held = states.get_nowait()
    assert snapshot_of(held) == snapshot_of(expected)
    assert {origin.cluster for origin in held.origins.values()} == {"east"}


async def keep(states, held_states):
    async for held in held_states:
        states.set(held)


@pytest.mark.parametrize(("seed", "log_length"), [(0, 4096), (1, 4096), (2, 4096), (3, 4), (4, 4)])
async def test_cluster_gives_the_view_of_a_folder(seed, log_length):
    """A server that remembers little is listed again; who does not see every version keeps another one of
    an object that is refused now, so no object changes there.
    """
    chance = random.Random(seed)
    async with (
        running_api(log_length=log_length) as api,
        relayed(api.url) as relay,
        client_of(api.url) as client,
        client_of(relay.url) as reader,
        asyncio.TaskGroup() as tasks,
    ):
        walk = Walk(client, seed, is_plain=log_length < 100)
        await walk.prepare()
        for _ in range(20):
            await walk.step()
        store = Store(hold=HoldOff(quiet=0))
        states = LatestValue()
        source = KubeSource(reader, kinds=KINDS)
        running = [
            tasks.create_task(source.run(store)),
            tasks.create_task(keep(states, store.held())),
        ]
        await states.wait_newer(0)
        for _ in range(8):
            await assert_same(states, walk)
            happens = chance.choice(("nothing", "cut", "away"))
            if happens == "away":
                await relay.close()
            for _ in range(10):
                await walk.step()
                if happens == "cut":
                    await relay.cut()
            if happens == "away":
                await relay.open()
        await assert_same(states, walk)
        for task in running:
            task.cancel()
    assert walk.refused < 60, "most writes are to be accepted"


async def test_late_source_gives_the_view_of_one_that_saw_everything():
    """What was refused is forgotten by who comes late; all else is the same, in the same order."""
    async with running_api() as api, client_of(api.url) as client:
        walk = Walk(client, 99)
        await walk.prepare()
        for _ in range(60):
            await walk.step()
        views = []
        for _ in range(2):
            store = Store(hold=HoldOff(quiet=0))
            task = asyncio.create_task(KubeSource(client).run(store))
            views.append((await anext(store.held())).view)
            task.cancel()
            await asyncio.wait([task])
    first, second = views
    assert list(first) == list(second)
    assert {kind.KIND for kind in first.by_kind} >= {"Pod", "Service", "VirtualService"}
