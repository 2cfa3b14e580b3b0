"""Facts about the store and the views it gives."""

import asyncio

import msgspec
import pytest
from tests.kit.clocks import FakeClock
from tests.unit.config.manifests import service

from convoy.api.kinds import key_of
from convoy.api.kube.core import Namespace, Pod, Service
from convoy.api.meta import ObjectMeta
from convoy.config.contents import Contents, Located
from convoy.config.folder import Folder
from convoy.config.sources.memory import MemorySource
from convoy.config.store import Composer, Store

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec: {containers: [{name: a}]}
status: {podIP: %s}
---
"""


def pod(name, ip="10.0.0.1"):
    return POD % (name, ip)


def namespace(**labels):
    metadata = ObjectMeta(name="default", labels=labels)
    return Namespace(api_version="v1", kind="Namespace", metadata=metadata)


@pytest.fixture
def folder():
    return Folder()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store(clock):
    return Store(clock=clock)


def put(store, folder, text):
    folder.read("a.yaml", text.encode())
    store.put("files", folder.contents())


async def test_first_contents_go_out_at_once_even_when_empty(store, clock):
    store.put("files", Contents())
    held = await anext(store.held())
    assert (held.view.number, len(held.view), clock.slept) == (1, 0, [])


async def test_views_are_numbered_and_share_unchanged_objects(store, folder):
    states = store.held()
    put(store, folder, service("a") + pod("p"))
    first = await anext(states)
    put(store, folder, service("a", 81) + pod("p"))
    second = await anext(states)
    assert (first.view.number, second.view.number) == (1, 2)
    assert second.view.all(Pod) is first.view.all(Pod)
    assert second.view.all(Service)[0].spec.ports[0].port == 81


async def test_view_says_what_changed_since_the_last_view_that_was_given(store, folder):
    states = store.held()
    put(store, folder, service("a") + pod("p"))
    first = await anext(states)
    put(store, folder, service("a", 81) + pod("p"))
    put(store, folder, service("a", 82) + pod("p") + pod("q"))
    second = await anext(states)
    assert (first.view.base, second.view.base) == (0, 1)
    assert [(change.key.name, change.old) for change in second.view.changes] == [
        ("q", None),
        ("a", first.view.all(Service)[0]),
    ]
    assert all(change.new is second.view.find(change.key) for change in second.view.changes)


async def test_comment_gives_the_same_view_with_new_lines(store, folder):
    states = store.held()
    put(store, folder, service("a"))
    first = await anext(states)
    put(store, folder, "# a comment\n" + service("a"))
    second = await anext(states)
    assert second.view is first.view
    (key,) = second.origins
    assert (first.origins[key].line(), second.origins[key].line()) == (1, 2)


async def test_bad_object_gives_the_same_view_with_a_problem(store, folder):
    states = store.held()
    put(store, folder, service("a"))
    first = await anext(states)
    put(store, folder, service("a", 0))
    second = await anext(states)
    assert second.view is first.view
    assert [problem.field for problem in second.problems] == ["spec.ports[0].port"]


async def test_same_contents_again_wake_nobody(store, folder):
    states = store.held()
    put(store, folder, service("a"))
    await anext(states)
    store.put("files", folder.contents())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(states), 0.01)


async def test_many_changes_in_a_row_become_one_view(store, folder, clock):
    states = store.held()
    put(store, folder, service("a", 1))
    await anext(states)
    for port in range(2, 10):
        put(store, folder, service("a", port))
    held = await anext(states)
    assert (held.view.number, held.view.all(Service)[0].spec.ports[0].port) == (2, 9)
    assert clock.slept == [0.1]


async def test_endpoint_changes_wait_less_when_changes_do_not_end(folder, clock):
    waited = {}
    for name, text in {"pods": pod, "services": service}.items():
        store = Store(clock=clock)
        states = store.held()
        put(store, folder, text("a"))
        await anext(states)
        start = clock.monotonic()
        reader = asyncio.create_task(anext(states))
        for i in range(100):
            put(store, folder, pod("a", f"10.0.0.{i + 2}") if text is pod else service("a", i + 2))
            clock.goes_on(0.01)
            await asyncio.sleep(0)
            if reader.done():
                break
        await reader
        waited[name] = clock.monotonic() - start
        clock.goes_on(10)
    assert waited["pods"] < 0.5 < waited["services"]


def located(*objects):
    return Contents({key_of(obj): Located(obj, None) for obj in objects})


def labelled(pod_object, lookup):
    """An injection in small: pods of labelled namespaces get a label."""
    found = lookup.get(Namespace, "", pod_object.metadata.namespace)
    if found is None or "inject" not in found.metadata.labels:
        return pod_object
    metadata = msgspec.structs.replace(pod_object.metadata, labels={"injected": "yes"})
    return msgspec.structs.replace(pod_object, metadata=metadata)


def plain_pod(name="p", namespace="default"):
    return Pod(api_version="v1", kind="Pod", metadata=ObjectMeta(name=name, namespace=namespace))


def test_pods_are_admitted_and_stay_the_same_object():
    composer = Composer(labelled)
    given = [plain_pod(), namespace(inject="yes")]
    first = composer.compose(located(*given))
    assert first.view.all(Pod)[0].metadata.labels == {"injected": "yes"}
    second = composer.compose(located(*given, plain_pod("q")))
    assert second.view.get(Pod, "default", "p") is first.view.get(Pod, "default", "p")


def test_pods_are_admitted_again_when_what_was_looked_up_changes():
    composer = Composer(labelled)
    one = plain_pod()
    composer.compose(located(one, namespace(inject="yes")))
    after = composer.compose(located(one, namespace()))
    assert after.view.all(Pod)[0] is one


def test_only_pods_whose_neighbours_changed_are_admitted_again():
    admitted = []

    def admit(pod_object, lookup):
        admitted.append(pod_object.metadata.name)
        return labelled(pod_object, lookup)

    composer = Composer(admit)
    here, there = plain_pod("a"), plain_pod("b", "other")
    composer.compose(located(here, there, namespace()))
    composer.compose(located(here, there, plain_pod("c"), namespace()))
    composer.compose(located(here, there, namespace(inject="yes")))
    assert [sorted(admitted[:2]), admitted[2:]] == [["a", "b"], ["c", "a"]]


async def test_memory_source_is_a_source(store):
    source = MemorySource()
    source.write("a.yaml", service("a"))
    source.put(namespace(inject="yes"), plain_pod())
    states = store.held(admit=labelled)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(source.run(store))
        first = await anext(states)
        source.delete(*[key_of(namespace())])
        source.remove("a.yaml")
        second = await anext(states)
        running.cancel()
    assert (len(first.view), first.view.all(Pod)[0].metadata.labels) == (3, {"injected": "yes"})
    assert (len(second.view), second.view.all(Pod)[0].metadata.labels) == (1, {})


async def test_of_an_object_in_two_sources_the_first_by_name_counts(store, folder):
    other = Folder()
    other.read("b.yaml", (service("a", 90) + service("b")).encode())
    store.put("z", other.contents())
    put(store, folder, service("a", 80))
    held = await anext(store.held())
    assert {s.metadata.name: s.spec.ports[0].port for s in held.view.all(Service)} == {"a": 80, "b": 80}
