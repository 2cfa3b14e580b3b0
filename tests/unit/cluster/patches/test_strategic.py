"""Strategic merge by example; what it does in general is compared with kubectl in tests/cluster/patches."""

import copy

import pytest
from tests.unit.cluster.patches.kinds import schema_of

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.patches import apply_strategic_merge

POD = schema_of("v1", "Pod")
DEPLOYMENT = schema_of("apps/v1", "Deployment")
SERVICE = schema_of("v1", "Service")


def pod(*containers, **spec):
    return {"metadata": {"name": "p"}, "spec": {"containers": list(containers), **spec}}


def names(obj, field="containers"):
    return [item["name"] for item in obj["spec"][field]]


def patched(spec, patch):
    return apply_strategic_merge({"metadata": {"name": "p"}, "spec": spec}, {"spec": patch}, POD)["spec"]


def test_items_are_merged_by_key_and_new_ones_come_first():
    obj = pod({"name": "a", "image": "one"}, {"name": "b", "image": "two"})
    patch = {"spec": {"containers": [{"name": "b", "image": "three"}, {"name": "c"}]}}
    result = apply_strategic_merge(obj, patch, POD)
    assert result["spec"]["containers"] == [
        {"name": "a", "image": "one"},
        {"name": "b", "image": "three"},
        {"name": "c"},
    ]
    result = apply_strategic_merge(obj, {"spec": {"containers": [{"name": "c"}]}}, POD)
    assert names(result) == ["c", "a", "b"]


def test_nothing_that_was_given_is_changed():
    obj = pod({"name": "a", "env": [{"name": "X", "value": "1"}]})
    patch = {"spec": {"containers": [{"name": "a", "$retainKeys": ["name", "env"], "env": []}]}}
    before = copy.deepcopy((obj, patch))
    apply_strategic_merge(obj, patch, POD)["spec"]["containers"][0]["env"].append(1)
    assert (obj, patch) == before


def test_order_is_taken_from_the_patch():
    obj = pod({"name": "a"}, {"name": "b"}, {"name": "c"})
    order = [{"name": "c"}, {"name": "d"}, {"name": "a"}]
    patch = {"spec": {"$setElementOrder/containers": order, "containers": [{"name": "d"}]}}
    assert names(apply_strategic_merge(obj, patch, POD)) == ["b", "c", "d", "a"]


def test_order_alone_moves_items():
    obj = pod({"name": "a"}, {"name": "b"})
    order = [{"name": "b"}, {"name": "a"}]
    patch = {"spec": {"$setElementOrder/containers": order}}
    assert names(apply_strategic_merge(obj, patch, POD)) == ["b", "a"]


def test_items_are_deleted_and_lists_replaced():
    obj = pod({"name": "a"}, {"name": "b"})
    patch = {"spec": {"containers": [{"name": "a", "$patch": "delete"}]}}
    assert names(apply_strategic_merge(obj, patch, POD)) == ["b"]
    patch = {"spec": {"containers": [{"name": "c"}, {"$patch": "replace"}]}}
    assert names(apply_strategic_merge(obj, patch, POD)) == ["c"]


def test_objects_are_replaced_and_deleted():
    spec = {"containers": [], "securityContext": {"runAsUser": 1, "fsGroup": 2}}
    replaced = patched(spec, {"securityContext": {"$patch": "replace", "runAsUser": 3}})
    assert replaced["securityContext"] == {"runAsUser": 3}
    assert patched(spec, {"securityContext": {"$patch": "delete"}})["securityContext"] == {}


def test_retained_keys_are_all_that_stays():
    spec = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert apply_strategic_merge({"spec": spec}, patch, DEPLOYMENT)["spec"] == {
        "strategy": {"type": "Recreate"}
    }


def test_a_volume_changes_its_source():
    spec = {"containers": [], "volumes": [{"name": "v", "emptyDir": {}}]}
    change = {"name": "v", "configMap": {"name": "c"}, "$retainKeys": ["name", "configMap"]}
    assert patched(spec, {"volumes": [change]})["volumes"] == [{"name": "v", "configMap": {"name": "c"}}]


def test_values_are_added_to_sets_and_deleted_from_them():
    obj = {"metadata": {"finalizers": ["a", "b"]}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}}
    assert apply_strategic_merge(obj, patch, POD) == {"metadata": {"finalizers": ["c", "b"]}}
    patch = {"metadata": {"finalizers": ["b", "a"]}}
    assert apply_strategic_merge(obj, patch, POD) == {"metadata": {"finalizers": ["b", "a"]}}


def test_lists_without_a_key_are_replaced():
    spec = {"containers": [], "tolerations": [{"key": "a"}, {"key": "b"}]}
    assert patched(spec, {"tolerations": [{"key": "c"}]})["tolerations"] == [{"key": "c"}]


def test_null_deletes_and_is_not_brought_in():
    spec = {"containers": [], "nodeName": "n", "nodeSelector": {"a": "1", "b": "2"}}
    patch = {
        "nodeName": None,
        "hostname": None,
        "nodeSelector": {"a": None},
        "securityContext": {"fsGroup": None},
    }
    assert patched(spec, patch) == {"containers": [], "nodeSelector": {"b": "2"}, "securityContext": {}}


def test_ports_of_a_service_are_told_apart_by_number():
    obj = {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 443, "name": "b"}]}}
    patch = {"spec": {"ports": [{"port": 443, "nodePort": 30000}]}}
    ports = apply_strategic_merge(obj, patch, SERVICE)["spec"]["ports"]
    assert ports == [{"port": 80, "name": "a"}, {"port": 443, "name": "b", "nodePort": 30000}]


@pytest.mark.parametrize(
    ("patch", "code", "words"),
    [
        ([], 400, "invalid JSON document"),
        ({"spec": {"$retainKeys": "a"}}, 400, "invalid patch format of retainKeys"),
        ({"spec": {"$retainKeys": ["a"], "nodeName": "b"}}, 400, "invalid patch format of retainKeys"),
        ({"metadata": {"$deleteFromPrimitiveList": ["a"]}}, 400, "invalid patch format of primitive list"),
        ({"spec": {"$setElementOrderx/containers": []}}, 400, "invalid patch format of setElementOrder list"),
        ({"spec": {"$setElementOrder/containers": "a"}}, 422, "but received a str"),
        (
            {"spec": {"$setElementOrder/nothing": []}},
            422,
            "unable to find api field in struct PodSpec for the",
        ),
        ({"spec": {"containers": [{"image": "x"}]}}, 422, "does not contain declared merge key: name"),
        ({"spec": {"containers": [{"$patch": "delete"}]}}, 422, "does not contain declared merge key: name"),
        ({"spec": {"containers": ["a"]}}, 422, "list element types are not identical"),
        ({"spec": {"containers": [None]}}, 422, "list element types are not identical"),
        ({"spec": {"containers": [["a"]]}}, 422, "lists of lists are not supported"),
        ({"spec": {"containers": [{"name": "b", "$patch": "merge"}]}}, 422, "cannot yet be specified"),
        ({"spec": {"containers": [{"name": "b", "$patch": "odd"}]}}, 422, "unknown patch type: odd"),
        ({"spec": {"$patch": "odd"}}, 422, "unknown patch type: odd"),
        (
            {"spec": {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "b"}]}},
            422,
            "doesn't match $setElementOrder list",
        ),
        (
            {"spec": {"$setElementOrder/containers": [{}], "containers": [{"name": "b"}]}},
            422,
            "merge key: name",
        ),
    ],
)
def test_bad_patches_are_refused(patch, code, words):
    with pytest.raises(StatusError) as refused:
        apply_strategic_merge(pod({"name": "a"}), patch, POD)
    assert refused.value.code == code
    assert words in refused.value.message
