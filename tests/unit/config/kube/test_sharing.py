"""Facts about what decoded objects share."""

import gc

import msgspec

from convoy.api.kinds import KINDS
from convoy.api.kube.core import Pod
from convoy.config.kube.sharing import share_empties

GIVEN = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "labels": {"a": "b"}},
    "spec": {"containers": [{"name": "a", "args": ["x"]}, {"name": "b"}], "volumes": []},
}


def test_empty_containers_are_shared_and_all_else_stays():
    objects = [msgspec.convert(GIVEN, Pod) for _ in range(2)]
    for each in objects:
        share_empties(each)
    one, other = objects
    assert one == other == msgspec.convert(GIVEN, Pod)
    assert one.spec.volumes is one.spec.containers[1].args is other.metadata.finalizers
    assert one.metadata.annotations is other.spec.containers[0].resources
    assert one.metadata.labels is not other.metadata.labels
    assert msgspec.to_builtins(one) == msgspec.to_builtins(msgspec.convert(GIVEN, Pod))


def test_objects_of_every_kind_are_nothing_to_the_garbage_collector():
    for kind in KINDS:
        given = {"apiVersion": kind.api_versions[0], "kind": kind.name, "metadata": {"name": "a"}}
        try:
            obj = msgspec.convert(given, kind.struct)
        except msgspec.ValidationError:  # a kind with required fields
            assert not kind.struct.__struct_config__.gc
        else:
            assert not gc.is_tracked(obj)
            assert not gc.is_tracked(obj.metadata)
