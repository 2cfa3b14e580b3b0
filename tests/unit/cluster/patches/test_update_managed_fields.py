"""The traces of ordinary writes, in the shape in which Kubernetes leaves them."""

import copy
from datetime import UTC, datetime

import pytest
from tests.unit.cluster.patches.kinds import schema_of, widgets

from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.patches import (
    are_valid_managed_fields,
    keep_times,
    reset_fields,
    update_managed_fields,
)

NOW = datetime(2024, 5, 6, 7, 8, 9, 987654, tzinfo=UTC)
LATER = datetime(2024, 5, 6, 8, 0, 0, tzinfo=UTC)
DEPLOYMENT = schema_of("apps/v1", "Deployment")
CONFIG_MAP = schema_of("v1", "ConfigMap")
WIDGET = widgets()


def write(old, new, *, manager="tester", schema=CONFIG_MAP, version="v1", now=NOW, **more):
    """The object as it would be stored."""
    entries = update_managed_fields(
        old, new, schema=schema, manager=manager, api_version=version, now=now, **more
    )
    stored = copy.deepcopy(new)
    stored["metadata"].pop("managedFields", None)
    if entries:
        stored["metadata"]["managedFields"] = entries
    return stored


def config_map(labels=None, **data):
    metadata = {"name": "c", "namespace": "default", "uid": "u", "resourceVersion": "1", "generation": 1}
    metadata |= {"creationTimestamp": "2024-01-01T00:00:00Z", "selfLink": "/x"}
    labelled = {**metadata, "labels": labels} if labels else metadata
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": labelled, **({"data": data} if data else {})}


def owned(obj, manager, **also):
    """What a manager owns."""
    wanted = {"manager": manager, **also}
    found = [
        entry["fieldsV1"]
        for entry in obj["metadata"].get("managedFields", ())
        if wanted.items() <= entry.items()
    ]
    assert len(found) < 2
    return found[0] if found else None


def test_who_creates_owns_all_but_what_the_server_says():
    assert write(None, config_map({"app": "x"}, a="1", b="2"))["metadata"]["managedFields"] == [
        {
            "manager": "tester",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2024-05-06T07:08:09Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:data": {".": {}, "f:a": {}, "f:b": {}},
                "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            },
        }
    ]


def test_parts_that_built_in_kinds_always_have_are_nobodys():
    container = {"name": "a", "image": "x", "resources": {}, "env": [{"name": "E", "value": "1"}]}
    container["ports"] = [{"containerPort": 443}, {"containerPort": 80, "protocol": "UDP"}]
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": {"a": "b"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [container], "securityContext": {}, "nodeSelector": {"n": "1"}},
        },
    }
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}
    stored = write(None, obj, schema=DEPLOYMENT, version="apps/v1")
    ports = {
        ".": {},
        'k:{"containerPort":80,"protocol":"UDP"}': {".": {}, "f:containerPort": {}, "f:protocol": {}},
        'k:{"containerPort":443,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
    }
    fields = owned(stored, "tester")
    assert fields == {
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}, "f:type": {}},
            "f:template": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
                "f:spec": {
                    "f:containers": {
                        'k:{"name":"a"}': {
                            ".": {},
                            "f:env": {".": {}, 'k:{"name":"E"}': {".": {}, "f:name": {}, "f:value": {}}},
                            "f:image": {},
                            "f:name": {},
                            "f:ports": ports,
                            "f:resources": {},
                        }
                    },
                    "f:nodeSelector": {},
                    "f:securityContext": {},
                },
            },
        }
    }
    item = fields["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"a"}']
    assert list(item["f:ports"]) == list(ports)


def test_custom_kinds_have_nothing_that_is_always_there():
    spec = {
        "map": {"a": "1"},
        "atomicMap": {"a": "1"},
        "numbers": [3],
        "items": [{"name": "i"}],
        "whole": ["x"],
    }
    obj = {
        "metadata": {"name": "w"},
        "spec": spec | {"free": {"any": {"deep": [1]}}},
        "status": {"phase": "p"},
    }
    stored = write(None, obj, schema=WIDGET, version="example.com/v1")
    assert owned(stored, "tester") == {
        "f:spec": {
            ".": {},
            "f:atomicMap": {},
            "f:free": {".": {}, "f:any": {".": {}, "f:deep": {}}},
            "f:items": {".": {}, 'k:{"name":"i","port":80}': {".": {}, "f:name": {}}},
            "f:map": {".": {}, "f:a": {}},
            "f:numbers": {".": {}, "v:3": {}},
            "f:whole": {},
        },
        "f:status": {".": {}, "f:phase": {}},
    }


def test_changed_fields_move_to_who_changed_them():
    created = write(None, config_map(a="1", b="2", c="3"))
    changed = write(created, config_map(a="1", b="9", d="4"), manager="other", now=LATER)
    assert owned(changed, "tester") == {"f:data": {".": {}, "f:a": {}}}
    assert owned(changed, "other") == {"f:data": {"f:b": {}, "f:d": {}}}
    assert [each["time"] for each in changed["metadata"]["managedFields"]] == [
        "2024-05-06T07:08:09Z",
        "2024-05-06T08:00:00Z",
    ]


def test_who_changes_again_keeps_what_he_had():
    created = write(None, config_map(a="1", b="2"))
    changed = write(created, config_map(a="9", b="2"), now=LATER)
    assert owned(changed, "tester") == owned(created, "tester")
    assert changed["metadata"]["managedFields"][0]["time"] == "2024-05-06T08:00:00Z"


def test_what_changes_nothing_leaves_no_trace():
    created = write(None, config_map(a="1"))
    untouched = write(created, config_map(a="1"), manager="other", now=LATER)
    assert untouched["metadata"]["managedFields"] == created["metadata"]["managedFields"]


def test_who_only_removes_is_not_mentioned():
    created = write(None, config_map(a="1", b="2"))
    changed = write(created, config_map(a="1"), manager="other", now=LATER)
    assert [entry["manager"] for entry in changed["metadata"]["managedFields"]] == ["tester"]
    assert owned(changed, "tester") == {"f:data": {".": {}, "f:a": {}}}


def test_subresources_and_versions_have_entries_of_their_own():
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}}
    common = {"schema": DEPLOYMENT, "manager": "m"}
    created = write(None, obj, version="apps/v1", **common)
    scaled = write(created, obj | {"spec": {"replicas": 2}}, version="apps/v1", subresource="scale", **common)
    assert owned(scaled, "m", subresource="scale") == {"f:spec": {"f:replicas": {}}}
    assert [each.get("subresource") for each in scaled["metadata"]["managedFields"]] == ["scale"]
    older = write(scaled, obj | {"spec": {"replicas": 2, "paused": True}}, version="apps/v1beta1", **common)
    assert owned(older, "m", apiVersion="apps/v1beta1") == {"f:spec": {"f:paused": {}}}


def test_what_an_endpoint_resets_is_not_owned_through_it():
    table = ResourceTable(BUILTIN)
    deployments, config_maps = table.find("apps", "v1", "deployments"), table.find("", "v1", "configmaps")
    assert reset_fields(deployments, "") == {"f:status": {}}
    assert reset_fields(deployments, "status") == {"f:spec": {}}
    assert reset_fields(config_maps, "") == {}
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}}
    reset = reset_fields(deployments, "")
    stored = write(None, obj | {"status": {"replicas": 5}}, schema=DEPLOYMENT, reset=reset)
    assert owned(stored, "tester") == {"f:spec": {"f:replicas": {}}}


def test_status_is_tracked_without_the_part_that_is_always_there():
    obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {"replicas": 1}}
    created = write(None, obj, schema=DEPLOYMENT)
    status = {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]}
    changed = write(created, obj | {"status": status}, schema=DEPLOYMENT, manager="c", subresource="status")
    assert owned(changed, "c") == {
        "f:status": {
            "f:conditions": {".": {}, 'k:{"type":"Available"}': {".": {}, "f:status": {}, "f:type": {}}},
            "f:replicas": {},
        }
    }


def test_nameless_managers_are_unknown():
    assert owned(write(None, config_map(a="1"), manager=""), "unknown") == {"f:data": {".": {}, "f:a": {}}}


def test_untracked_objects_stay_untracked():
    assert "managedFields" not in write(config_map(a="1"), config_map(a="2"))["metadata"]


@pytest.mark.parametrize("given", [[], [{}]])
def test_tracking_ends_when_told_so(given):
    created = write(None, config_map(a="1"))
    wanted = config_map(a="2")
    wanted["metadata"]["managedFields"] = given
    assert "managedFields" not in write(created, wanted)["metadata"]
    assert "managedFields" in write(created, wanted, subresource="status")["metadata"]


def entry(**changes):
    made = {"manager": "given", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    return {**made, "time": "2024-01-01T01:00:00+01:00", "fieldsV1": {"f:data": {"f:a": {}}}, **changes}


def test_readable_entries_are_believed():
    created = write(None, config_map(a="1", b="2"))
    wanted = config_map(a="1", b="3")
    wanted["metadata"]["managedFields"] = [entry(), entry(manager="z", operation="Update")]
    changed = write(created, wanted, now=LATER)
    assert [(each["manager"], each["operation"]) for each in changed["metadata"]["managedFields"]] == [
        ("given", "Apply"),
        ("z", "Update"),
        ("tester", "Update"),
    ]
    assert changed["metadata"]["managedFields"][0]["time"] == "2024-01-01T00:00:00Z"
    assert owned(changed, "tester") == {"f:data": {"f:b": {}}}


@pytest.mark.parametrize(
    "given",
    [
        "x",
        {},
        [1],
        [entry(operation="Merge")],
        [entry(apiVersion="")],
        [entry(fieldsType="FieldsV2")],
        [entry(fieldsV1={"bad": {}})],
        [entry(fieldsV1=[1])],
        [entry(time="yesterday")],
        [entry(time=5)],
        [entry(manager=["a"])],
    ],
)
def test_unreadable_entries_are_replaced_by_those_of_the_object(given):
    created = write(None, config_map(a="1"))
    wanted = config_map(a="1")
    wanted["metadata"]["managedFields"] = given
    assert not are_valid_managed_fields(given)
    stored = write(created, wanted)
    assert stored["metadata"]["managedFields"] == created["metadata"]["managedFields"]


def test_new_objects_have_only_their_creator():
    obj = config_map(a="1")
    obj["metadata"]["managedFields"] = [entry()]
    assert are_valid_managed_fields([entry()])
    assert [each["manager"] for each in write(None, obj)["metadata"]["managedFields"]] == ["tester"]


def test_more_than_ten_updates_are_merged_oldest_first():
    obj = write(None, config_map(k0="0"), manager="m00", now=NOW.replace(minute=0))
    for number in range(1, 15):
        data = {f"k{each}": "0" for each in range(number + 1)}
        now = NOW.replace(minute=number, second=0)
        obj = write(obj, config_map(**data), manager=f"m{number:02}", now=now)
    managers = [each["manager"] for each in obj["metadata"]["managedFields"]]
    assert managers == ["ancient-changes", *(f"m{number:02}" for number in range(6, 15))]
    keys = {f"f:k{number}" for number in range(6)}
    assert set(owned(obj, "ancient-changes")["f:data"]) == keys | {"."}


def test_items_without_their_keys_leave_the_entries_as_they_are():
    obj = {"metadata": {"name": "w"}, "spec": {"items": [{"name": "a"}]}}
    created = write(None, obj, schema=WIDGET)
    broken = write(created, {"metadata": {"name": "w"}, "spec": {"items": [{}]}}, schema=WIDGET, manager="o")
    assert broken["metadata"]["managedFields"] == created["metadata"]["managedFields"]
    assert (
        update_managed_fields(None, broken, schema=WIDGET, manager="m", api_version="example.com/v1", now=NOW)
        == []
    )


def test_true_is_not_one():
    created = write(None, {"metadata": {"name": "w"}, "spec": {"free": {"a": True}}}, schema=WIDGET)
    wanted = {"metadata": {"name": "w"}, "spec": {"free": {"a": 1}}}
    assert owned(write(created, wanted, schema=WIDGET, manager="o"), "o") == {
        "f:spec": {"f:free": {"f:a": {}}}
    }
    assert keep_times(created, write(created, wanted, schema=WIDGET)) is not created


def test_objects_that_differ_in_times_only_are_the_old_ones():
    created = write(None, config_map(a="1"))
    again = write(None, config_map(a="1"), now=LATER)
    assert again != created
    assert keep_times(created, again) is created
    other = write(None, config_map(a="2"), now=LATER)
    assert keep_times(created, other) is other
    stranger = write(None, config_map(a="1"), manager="other")
    assert keep_times(created, stranger) is stranger
    assert keep_times(config_map(a="1"), config_map(a="1")) == config_map(a="1")


def test_what_was_given_stays_as_it_was():
    created = write(None, config_map(a="1"))
    wanted = config_map(a="2")
    before = copy.deepcopy((created, wanted))
    write(created, wanted, manager="other")
    assert (created, wanted) == before
