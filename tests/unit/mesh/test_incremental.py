"""A snapshot that remembers the ones before says the same as one made from nothing, after any change."""

import random
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.kit.generated.values import Json
from tests.kit.generated.world import batches, read_world
from tests.unit.mesh.objects import SETTINGS, istio, parse, pod, service, sidecars, to, virtual_service
from tests.unit.mesh.varied import pod_variants, selecting, variants

from convoy.api.base import ApiObject
from convoy.api.kinds import key_of
from convoy.api.meta import ObjectKey
from convoy.api.problems import Problem
from convoy.config.view import ConfigView, build_view
from convoy.mesh.memory import Memory
from convoy.mesh.model import MeshSnapshot
from convoy.mesh.snapshot import build_snapshot
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import XdsModel
from convoy.xds.cache.views import build_model

_TYPES = ("clusters", "endpoints", "listeners", "routes", "secrets", "extensions")


class Mesh:
    """A mesh that changes step by step."""

    def __init__(self) -> None:
        self._objects: dict[ObjectKey, ApiObject] = {}
        self._memory, self._memo = Memory(), Memo()
        self._view: ConfigView | None = None
        self._snapshot: MeshSnapshot | None = None
        self._problems: tuple[Problem, ...] = ()
        self._model: XdsModel | None = None

    def resolve(self, objects: Iterable[ApiObject]) -> MeshSnapshot:
        """The snapshot of these objects, by what is remembered of those before.

        Sources hand over the same Python object for an object that did not change.
        """
        kept = {key_of(obj): obj for obj in objects}
        kept |= {key: old for key, old in self._objects.items() if kept.get(key) == old}
        self._objects = kept
        number = self._view.number + 1 if self._view else 1
        self._view = build_view(number, kept.values(), previous=self._view)
        self._snapshot, self._problems = build_snapshot(
            self._view, SETTINGS, self._snapshot, memory=self._memory
        )
        self._model = build_model(self._snapshot, self._model, self._memo)
        return self._snapshot

    def check(self) -> None:
        """Compare with everything made from nothing."""
        assert self._view is not None
        assert self._snapshot is not None
        assert self._model is not None
        fresh, problems = build_snapshot(self._view, SETTINGS)
        for field in MeshSnapshot.__struct_fields__:
            assert _ordered(getattr(self._snapshot, field)) == _ordered(getattr(fresh, field)), field
        assert self._problems == problems
        assert _versions(self._model) == _versions(build_model(fresh, None, Memo()))


def _ordered(value: Any) -> Any:
    return list(value.items()) if isinstance(value, Mapping) else value


def _versions(model: XdsModel) -> dict[str, list[str]]:
    return {name: [getattr(proxy, each).version for each in _TYPES] for name, proxy in model.proxies.items()}


@pytest.mark.parametrize("seed", range(6))
def test_after_any_changes_everything_is_as_if_made_anew(seed: int) -> None:
    choose = random.Random(seed)
    names = variants()
    mesh, objects = Mesh(), {number: choose.choice(several) for number, several in enumerate(names)}
    for _ in range(40):
        # Now and then several at once, and most often rules.
        for _ in range(choose.choice((1, 1, 1, 3))):
            number = choose.choice((choose.randrange(4), choose.randrange(len(names))))
            if choose.random() < 0.2:
                objects.pop(number, None)
            else:
                objects[number] = choose.choice(names[number])
        mesh.resolve(parse(*(objects[number] for number in sorted(objects))))
        mesh.check()


@pytest.mark.parametrize("seed", range(6))
def test_after_any_changes_of_pods_everything_is_as_if_made_anew(seed: int) -> None:
    choose = random.Random(seed)
    fixed, names = selecting(), pod_variants()
    mesh, objects = Mesh(), {number: choose.choice(several) for number, several in enumerate(names)}
    others = {number: choose.choice(several) for number, several in enumerate(fixed)}
    for _ in range(60):
        for _ in range(choose.choice((1, 1, 1, 4))):
            number = choose.randrange(len(names))
            if choose.random() < 0.3:
                objects.pop(number, None)
            else:
                objects[number] = choose.choice(names[number])
        if choose.random() < 0.1:
            number = choose.randrange(len(fixed))
            others[number] = choose.choice(fixed[number])
        in_order = [*(others[number] for number in sorted(others)), *map(objects.get, sorted(objects))]
        mesh.resolve(parse(*filter(None, in_order)))
        mesh.check()


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches())
def test_any_valid_objects_one_by_one_mean_what_they_mean_together(batch: list[Json]) -> None:
    mesh, found = Mesh(), read_world(batch)
    fixed = len(read_world(()))
    for count in range(fixed, len(found) + 1, 3):
        mesh.resolve(found[:count])
        mesh.check()
    for count in range(fixed, len(found), 5):
        mesh.resolve([*found[:fixed], *found[count:]])
        mesh.check()


def test_one_changed_rule_leaves_all_other_parts_the_same_objects() -> None:
    hosts = [f"s{number}.default.svc.cluster.local" for number in range(3)]
    fixed = [*(service(f"s{number}", 9080, 8080 + number) for number in range(3)), pod("app", "10.0.0.1")]
    rules = [virtual_service(f"s{number}", host, to(host)) for number, host in enumerate(hosts)]
    mesh = Mesh()
    old = mesh.resolve(parse(*fixed, *rules))
    changed = virtual_service("s1", hosts[1], to(hosts[1], timeout="3s"))
    new = mesh.resolve(parse(*fixed, rules[0], changed, rules[2]))
    for field in ("services", "endpoints", "assignments", "workloads", "names", "sources"):
        assert getattr(new, field) is getattr(old, field), field
    before, after = sidecars(old), sidecars(new)
    assert after.upstreams is before.upstreams
    assert after.tcp is before.tcp
    same_ports = [now.port for now, then in zip(after.http, before.http, strict=True) if now is then]
    assert same_ports == [8080, 8082]
    shared = next(routes for routes in after.http if routes.port == 9080)
    then = next(routes for routes in before.http if routes.port == 9080)
    same_hosts = [now.host for now, old in zip(shared.hosts, then.hosts, strict=True) if now is old]
    assert same_hosts == [hosts[0], hosts[2]]


def test_a_virtual_service_made_anew_under_its_name_is_younger_than_others() -> None:
    host = "s.default.svc.cluster.local"
    fixed = [service("s", 9080), pod("app", "10.0.0.1")]
    other = virtual_service("other", host, to(host, timeout="2s"), age=5)
    mesh = Mesh()
    for age in (9, 1):
        mesh.resolve(parse(*fixed, virtual_service("one", host, to(host, timeout="1s"), age=age), other))
        mesh.check()


def test_what_no_snapshot_asks_for_is_forgotten() -> None:
    memory = Memory()
    made: list[str] = []
    for asked in ("one", "two", "two", "one"):
        memory.start()
        memory.recall((asked,), partial(made.append, asked))
    assert made == ["one", "two", "one"]


def test_a_changed_delegate_changes_those_that_name_it() -> None:
    host = "s.default.svc.cluster.local"
    fixed = [service("s", 9080), pod("app", "10.0.0.1")]
    root = virtual_service("root", host, {"delegate": {"name": "child", "namespace": "default"}})
    mesh = Mesh()
    for timeout in ("3s", "4s"):
        child = istio("VirtualService", "child", {"http": [to(host, timeout=timeout)]})
        mesh.resolve(parse(*fixed, root, child))
        mesh.check()
