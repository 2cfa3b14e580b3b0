"""Facts about views: order, look-up and sharing."""

import random

import pytest

from convoy.api.kinds import key_of
from convoy.api.kube.core import Namespace, Pod, Service
from convoy.api.meta import ObjectKey, ObjectMeta
from convoy.config.view import build_view, change_view


def obj(kind, name, *, namespace="default", created=""):
    metadata = ObjectMeta(name=name, namespace=namespace, creation_timestamp=created)
    return kind(api_version="v1", kind=kind.KIND, metadata=metadata)


def test_objects_are_sorted_by_age_then_name_then_namespace():
    objects = [
        obj(Pod, "b"),
        obj(Pod, "a", namespace="z"),
        obj(Pod, "a"),
        obj(Pod, "0", created="2024-01-02T00:00:00Z"),
        obj(Pod, "9", created="2024-01-01T00:00:00Z"),
    ]
    for order in (objects, objects[::-1]):
        view = build_view(1, order)
        names = [(pod.metadata.namespace, pod.metadata.name) for pod in view.all(Pod)]
        assert names == [("default", "a"), ("z", "a"), ("default", "b"), ("default", "9"), ("default", "0")]


def test_object_is_found_by_name_in_its_kind():
    pod, service, namespace = obj(Pod, "a"), obj(Service, "a"), obj(Namespace, "default", namespace="")
    view = build_view(1, [pod, service, namespace])
    assert view.get(Pod, "default", "a") is pod
    assert view.get(Service, "default", "a") is service
    assert view.get(Pod, "other", "a") is None
    assert view.get(Namespace, "", "default") is namespace
    assert view.get(Namespace, "default", "default") is namespace
    assert view.find(ObjectKey("Pod", "default", "a")) is pod
    assert len(view) == 3


def test_kind_none_of_whose_objects_changed_is_the_same_tuple():
    pod, service = obj(Pod, "a"), obj(Service, "a")
    before = build_view(1, [pod, service])
    after = build_view(2, [service, pod, obj(Service, "b")], previous=before)
    assert after.all(Pod) is before.all(Pod)
    assert after.all(Service) is not before.all(Service)


def test_few_changes_among_many_objects_keep_the_order():
    chance = random.Random(1)

    def some_pod(number):
        created = f"2030-01-0{chance.randint(1, 9)}T00:00:00Z"
        return obj(Pod, f"p{number}", namespace=chance.choice(("a", "b")), created=created)

    view = build_view(1, map(some_pod, range(200)))
    for _ in range(50):
        objects = {key_of(new): new for new in map(some_pod, chance.sample(range(220), 3))}
        gone = chance.choice(list(view.by_key))
        changed = change_view(view, {**objects, gone: None})
        expected = {**view.by_key, **objects}
        del expected[gone]
        assert changed.all(Pod) == build_view(1, expected.values()).all(Pod)
        assert changed.by_key == expected
        view = changed


def test_view_cannot_be_changed():
    with pytest.raises(AttributeError):
        build_view(1, []).number = 2


def test_changes_lead_from_one_view_to_the_next():
    kept, changed, gone, new = obj(Pod, "a"), obj(Pod, "b"), obj(Service, "a"), obj(Service, "b")
    before = build_view(1, [kept, changed, gone])
    other = obj(Pod, "b", created="2024-01-01T00:00:00Z")
    after = build_view(2, [kept, other, new], previous=before)
    assert (before.base, before.changes, after.base) == (0, (), 1)
    said = [(str(change.key), change.old, change.new) for change in after.changes]
    assert said == [
        ("Pod default/b", changed, other),
        ("Service default/a", gone, None),
        ("Service default/b", None, new),
    ]


def test_all_objects_come_kind_by_kind():
    view = build_view(1, [obj(Service, "a"), obj(Pod, "b"), obj(Pod, "a")])
    assert [(o.kind, o.metadata.name) for o in view] == [("Pod", "a"), ("Pod", "b"), ("Service", "a")]
