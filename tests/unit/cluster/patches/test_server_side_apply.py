"""Server-side apply by example, in the words of Kubernetes 1.32.

Mostly after https://kubernetes.io/docs/reference/using-api/server-side-apply/.
"""

import copy
from datetime import UTC, datetime

import orjson
import pytest
from tests.unit.cluster.patches.kinds import NUMBER, STRING, schema_of, widgets

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.patches import Fields, server_side_apply, update_managed_fields

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
LATER = datetime(2024, 5, 6, 8, 0, 0, tzinfo=UTC)
DEPLOYMENT = schema_of("apps/v1", "Deployment")
CONFIG_MAP = schema_of("v1", "ConfigMap")
SERVICE = schema_of("v1", "Service")
WIDGET = widgets()
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def config_map(labels=None, **data):
    metadata = {"name": "c", "namespace": "default", **({"labels": labels} if labels else {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **({"data": data} if data else {})}


def deployment(**spec):
    metadata = {"name": "nginx", "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def widget(**spec):
    metadata = {"name": "w", "namespace": "default"}
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata, "spec": spec}


SCHEMAS = {"ConfigMap": CONFIG_MAP, "Deployment": DEPLOYMENT, "Widget": WIDGET, "Service": SERVICE}


def apply(current, applied, manager="applier", *, force=False, now=NOW, schema=None, version="", **more):
    return server_side_apply(
        current,
        applied,
        schema=schema or SCHEMAS[applied["kind"]],
        manager=manager,
        api_version=version or applied["apiVersion"],
        force=force,
        now=now,
        **more,
    )


def update(current, wanted, manager="updater", *, now=NOW, **more):
    wanted = copy.deepcopy(wanted)
    wanted["metadata"].pop("managedFields", None)
    entries = update_managed_fields(
        current,
        wanted,
        schema=SCHEMAS[wanted["kind"]],
        manager=manager,
        api_version=wanted["apiVersion"],
        now=now,
        **more,
    )
    wanted["metadata"]["managedFields"] = entries
    return wanted


def owned(obj, manager, **also) -> Fields | None:
    wanted = {"manager": manager, **also}
    found = [e["fieldsV1"] for e in obj["metadata"].get("managedFields", ()) if wanted.items() <= e.items()]
    assert len(found) < 2
    return found[0] if found else None


def bare(obj):
    """The object without its owners."""
    return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "managedFields"}}


def test_what_is_applied_to_nothing_is_created_and_owned():
    obj = apply(None, config_map({"test-label": "test"}, key="some value"), "kubectl")
    assert bare(obj) == config_map({"test-label": "test"}, key="some value")
    assert obj["metadata"]["managedFields"] == [
        {
            "manager": "kubectl",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": "2024-05-06T07:08:09Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:key": {}}, "f:metadata": {"f:labels": {"f:test-label": {}}}},
        }
    ]


def test_applying_the_same_again_changes_nothing_not_even_the_time():
    obj = apply(None, config_map({"a": "b"}, key="1"))
    assert apply(obj, config_map({"a": "b"}, key="1"), now=LATER) == obj


def test_two_managers_of_different_fields_do_not_meet():
    obj = apply(apply(None, config_map(a="1"), "one"), config_map(b="2"), "two", now=LATER)
    assert bare(obj) == config_map(a="1", b="2")
    assert (owned(obj, "one"), owned(obj, "two")) == ({"f:data": {"f:a": {}}}, {"f:data": {"f:b": {}}})


def test_the_same_value_is_owned_together():
    obj = apply(apply(None, config_map(a="1"), "one"), config_map(a="1"), "two", now=LATER)
    assert owned(obj, "one") == owned(obj, "two") == {"f:data": {"f:a": {}}}
    left = apply(obj, config_map(), "one", now=LATER)
    assert bare(left) == config_map(a="1")
    assert (owned(left, "one"), owned(left, "two")) == (None, {"f:data": {"f:a": {}}})


def test_an_other_value_is_a_conflict():
    obj = apply(None, config_map(a="1"), "one")
    with pytest.raises(StatusError) as refused:
        apply(obj, config_map(a="2"), "two")
    assert refused.value.status == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "one": .data.a',
        "reason": "Conflict",
        "details": {
            "causes": [
                {"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.a"}
            ]
        },
        "code": 409,
    }


def test_conflicts_are_listed_by_manager():
    obj = update(None, config_map(a="1", b="1", c="1"), "editor")
    obj = update(obj, config_map(a="1", b="1", c="2"), "browser", subresource="status")
    with pytest.raises(StatusError) as refused:
        apply(obj, config_map(a="2", b="2", c="3"))
    assert refused.value.message == (
        "Apply failed with 3 conflicts: "
        'conflicts with "browser" with subresource "status" using v1:\n- .data.c\n'
        'conflicts with "editor" using v1:\n- .data.a\n- .data.b'
    )
    assert [cause["field"] for cause in refused.value.details["causes"]] == [".data.c", ".data.a", ".data.b"]


def test_scaling_makes_the_next_apply_a_conflict():
    """The documentation's example of an autoscaler, and of `kubectl scale`."""
    obj = apply(None, deployment(replicas=3), "kubectl")
    scaled = update(obj, deployment(replicas=5), "kubectl-scale", subresource="scale")
    with pytest.raises(StatusError) as refused:
        apply(scaled, deployment(replicas=3), "kubectl")
    assert refused.value.message == (
        'Apply failed with 1 conflict: conflict with "kubectl-scale" with subresource "scale" using apps/v1:'
        " .spec.replicas"
    )
    left = apply(scaled, deployment(paused=False), "kubectl")
    assert left["spec"] == {"replicas": 5, "paused": False}


def test_a_field_is_handed_over_before_it_is_dropped():
    """The documentation's example: who wants to stop managing replicas lets another own them first."""
    obj = apply(None, deployment(replicas=3, paused=False), "kubectl")
    obj = apply(obj, deployment(replicas=3), "handover-to-hpa")
    obj = apply(obj, deployment(paused=False), "kubectl")
    assert obj["spec"] == {"replicas": 3, "paused": False}
    assert owned(obj, "handover-to-hpa") == {"f:spec": {"f:replicas": {}}}
    assert owned(obj, "kubectl") == {"f:spec": {"f:paused": {}}}


def test_force_takes_fields_over():
    obj = apply(None, config_map(a="1", b="1"), "one")
    obj = apply(obj, config_map(a="2"), "two", force=True, now=LATER)
    assert bare(obj) == config_map(a="2", b="1")
    assert (owned(obj, "one"), owned(obj, "two")) == ({"f:data": {"f:b": {}}}, {"f:data": {"f:a": {}}})


def test_who_loses_everything_by_force_is_forgotten():
    obj = apply(apply(None, config_map(a="1"), "one"), config_map(a="2"), "two", force=True)
    assert owned(obj, "one") is None


def test_dropped_fields_are_removed():
    obj = apply(None, config_map({"x": "1", "y": "2"}, a="1", b="2"))
    obj = apply(obj, config_map({"x": "1"}, a="1"), now=LATER)
    assert bare(obj) == config_map({"x": "1"}, a="1")
    assert obj["metadata"]["managedFields"][0]["time"] == "2024-05-06T08:00:00Z"


def test_an_empty_apply_gives_everything_up():
    obj = apply(update(None, config_map(z="0")), config_map({"x": "1"}, a="1"))
    obj = apply(obj, config_map())
    assert bare(obj) == config_map(z="0")
    assert [entry["operation"] for entry in obj["metadata"]["managedFields"]] == ["Update"]
    alone = apply(apply(None, config_map(a="1")), config_map())
    assert alone == config_map()


def test_what_others_updated_stays_when_the_applier_drops_it():
    obj = apply(None, config_map(a="1", b="1"))
    obj = update(obj, config_map(a="1", b="9"))
    obj = apply(obj, config_map(a="1"))
    assert bare(obj) == config_map(a="1", b="9")


def test_containers_and_their_environment_come_and_go():
    def template(*containers):
        return deployment(template={"spec": {"containers": list(containers)}})

    web = {"name": "web", "image": "nginx", "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}
    obj = apply(None, template(web, {"name": "old", "image": "x"}))
    injected = copy.deepcopy(bare(obj))
    injected["spec"]["template"]["spec"]["containers"].insert(0, {"name": "sidecar", "image": "proxy"})
    obj = update(obj, injected, "injector")
    obj = apply(obj, template(web | {"env": [{"name": "B", "value": "3"}]}, {"name": "new", "image": "y"}))
    assert obj["spec"]["template"]["spec"]["containers"] == [
        {"name": "sidecar", "image": "proxy"},
        web | {"env": [{"name": "B", "value": "3"}]},
        {"name": "new", "image": "y"},
    ]


def test_items_are_told_apart_by_all_of_their_keys():
    def service(*ports):
        return {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "s"},
            "spec": {"ports": list(ports)},
        }

    dns = {"port": 53, "protocol": "UDP", "name": "dns"}
    obj = apply(None, service(dns, {"port": 53, "name": "dns-tcp"}))
    ports = owned(obj, "applier")["f:spec"]["f:ports"]
    assert list(ports) == ['k:{"port":53,"protocol":"TCP"}', 'k:{"port":53,"protocol":"UDP"}']
    obj = apply(obj, service({"port": 53, "protocol": "TCP", "name": "dns-tcp"}))
    assert obj["spec"]["ports"] == [{"port": 53, "name": "dns-tcp", "protocol": "TCP"}]


def test_atomic_lists_and_maps_are_owned_as_a_whole():
    obj = apply(None, widget(whole=["a"], atomicMap={"x": "1"}, atomicStruct={"a": "1"}), "one")
    assert owned(obj, "one") == {"f:spec": {"f:atomicMap": {}, "f:atomicStruct": {}, "f:whole": {}}}
    with pytest.raises(
        StatusError, match=r"3 conflicts.*\n- .spec.atomicMap\n- .spec.atomicStruct\n- .spec.whole"
    ):
        apply(obj, widget(whole=["a", "b"], atomicMap={"y": "1"}, atomicStruct={"a": "2"}), "two")
    obj = apply(obj, widget(atomicMap={"y": "2"}), "two", force=True)
    assert obj["spec"] == {"whole": ["a"], "atomicMap": {"y": "2"}, "atomicStruct": {"a": "1"}}


def test_sets_and_maps_are_owned_piece_by_piece():
    obj = apply(None, widget(numbers=[1, 2], map={"x": "1"}), "one")
    obj = apply(obj, widget(numbers=[3, 2], map={"y": "2"}), "two")
    assert obj["spec"] == {"numbers": [1, 3, 2], "map": {"x": "1", "y": "2"}}
    assert owned(obj, "two") == {"f:spec": {"f:map": {"f:y": {}}, "f:numbers": {"v:2": {}, "v:3": {}}}}
    obj = apply(obj, widget(), "one")
    assert obj["spec"] == {"numbers": [3, 2], "map": {"y": "2"}}


def test_what_nobody_described_is_owned_key_by_key():
    obj = apply(None, widget(free={"a": {"b": 1}, "list": [{"c": 1}]}), "one")
    assert owned(obj, "one") == {
        "f:spec": {"f:free": {"f:a": {".": {}, "f:b": {}}, "f:list": {}}},
    }
    obj = apply(obj, widget(free={"a": {"d": 2}}), "two")
    assert obj["spec"]["free"] == {"a": {"b": 1, "d": 2}, "list": [{"c": 1}]}


def test_applied_order_counts_for_applied_items():
    obj = update(None, widget(numbers=[1, 2, 3, 4]))
    assert apply(obj, widget(numbers=[4, 2]))["spec"]["numbers"] == [1, 3, 4, 2]
    assert apply(obj, widget(numbers=[2, 9, 4]))["spec"]["numbers"] == [1, 2, 3, 9, 4]


def test_the_first_apply_finds_a_manager_of_what_was_there():
    obj = config_map({"l": "1"}, a="1")
    obj["metadata"] |= {"uid": "u", "resourceVersion": "7", "creationTimestamp": "2024-01-01T00:00:00Z"}
    with pytest.raises(StatusError, match=r'conflict with "before-first-apply" using v1: \.data\.a'):
        apply(obj, config_map(a="2"))
    applied = apply(obj, config_map(b="2"))
    assert owned(applied, "before-first-apply", operation="Update") == {
        "f:data": {".": {}, "f:a": {}},
        "f:metadata": {"f:labels": {".": {}, "f:l": {}}},
    }


def test_applies_come_before_updates_and_older_ones_first():
    obj = update(None, config_map(a="1"), "u")
    obj = apply(obj, config_map(b="1"), "z", now=NOW)
    obj = apply(obj, config_map(c="1"), "y", now=NOW)
    obj = apply(obj, config_map(d="1"), "a", now=LATER)
    managers = [(each["operation"], each["manager"]) for each in obj["metadata"]["managedFields"]]
    assert managers == [("Apply", "y"), ("Apply", "z"), ("Apply", "a"), ("Update", "u")]


def test_an_applier_stays_one_manager_in_another_version():
    obj = apply(None, widget(map={"x": "1"}, whole=["a"]))
    newer = widget(map={"x": "1"}) | {"apiVersion": "example.com/v2"}
    obj = apply(obj, newer)
    assert obj["spec"] == {"map": {"x": "1"}}
    assert [each["apiVersion"] for each in obj["metadata"]["managedFields"]] == ["example.com/v2"]


def test_status_is_not_owned_through_the_main_resource():
    reset = {"f:status": {}}
    obj = update(None, deployment(replicas=1) | {"status": {"replicas": 1}}, "c")
    obj = apply(obj, deployment(paused=True) | {"status": {"replicas": 9}}, reset=reset)
    assert owned(obj, "applier") == {"f:spec": {"f:paused": {}}}


def test_a_status_is_applied_through_its_subresource():
    obj = apply(None, widget(map={"x": "1"}))
    applied = {**widget(), "status": {"phase": "Ready"}}
    obj = apply(obj, applied, subresource="status", reset={"f:spec": {}})
    assert (obj["spec"], obj["status"]) == ({"map": {"x": "1"}}, {"phase": "Ready"})
    assert owned(obj, "applier", subresource="status") == {"f:status": {"f:phase": {}}}


def test_lists_that_became_atomic_are_owned_as_a_whole():
    obj = apply(None, widget(numbers=[1], nested={"deep": {"p": "1"}}), "one")
    numbers = {"type": "array", "items": NUMBER, "x-kubernetes-list-type": "atomic"}
    deep = {"type": "object", "properties": {"p": STRING}}
    nested = {"type": "object", "properties": {"deep": deep}, "x-kubernetes-map-type": "atomic"}
    stricter = widgets({"type": "object", "properties": {"numbers": numbers, "nested": nested}})
    with pytest.raises(
        StatusError, match=r'2 conflicts: conflicts with "one":\n- .spec.nested\n- .spec.numbers'
    ):
        apply(obj, widget(numbers=[2], nested={"deep": {"p": "2"}}), "two", schema=stricter)
    again = apply(obj, widget(numbers=[1], nested={"deep": {"p": "1"}}), "one", schema=stricter)
    assert owned(again, "one") == {"f:spec": {"f:nested": {}, "f:numbers": {}}}


def client_side(**data):
    """An object as `kubectl apply` leaves it."""
    applied = config_map(**data)
    text = orjson.dumps({**applied, "metadata": {**applied["metadata"], "annotations": {}}}).decode() + "\n"
    applied["metadata"]["annotations"] = {LAST_APPLIED: text}
    return update(None, applied, "kubectl-client-side-apply")


def test_kubectl_may_go_on_with_what_it_applied_on_the_client_side():
    obj = apply(client_side(a="1", b="1"), config_map(a="2"), "kubectl")
    assert obj["data"] == {"a": "2", "b": "1"}
    text = obj["metadata"]["annotations"][LAST_APPLIED]
    assert orjson.loads(text)["data"] == {"a": "2"}
    assert text.endswith("}\n")
    with pytest.raises(StatusError, match=r'conflict with "kubectl-client-side-apply" using v1: \.data\.a'):
        apply(client_side(a="1"), config_map(a="2"), "another")


def test_what_was_changed_since_is_a_conflict_for_kubectl_too():
    obj = client_side(a="1", b="1")
    wanted = bare(obj) | {"data": {"a": "9", "b": "1"}}
    obj = update(obj, wanted, "kubectl-edit")
    with pytest.raises(StatusError) as refused:
        apply(obj, config_map(a="2", b="2"), "kubectl")
    assert (
        refused.value.message
        == 'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a'
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"apiVersion": "v2"}', "5"])
def test_a_useless_annotation_excuses_nothing(text):
    wanted = config_map(a="1")
    wanted["metadata"]["annotations"] = {LAST_APPLIED: text}
    with pytest.raises(StatusError, match="1 conflict"):
        apply(update(None, wanted, "kubectl-client-side-apply"), config_map(a="2"), "kubectl")


def test_kubectls_own_migration_is_believed():
    """kubectl rewrites the entries with a JSON patch before its first server-side apply."""
    obj = client_side(a="1", b="1")
    migrated = copy.deepcopy(obj)
    entry = migrated["metadata"]["managedFields"][0] | {"manager": "kubectl", "operation": "Apply"}
    del entry["fieldsV1"]["f:metadata"]
    migrated["metadata"]["managedFields"] = [entry]
    entries = update_managed_fields(
        obj, migrated, schema=CONFIG_MAP, manager="kubectl", api_version="v1", now=LATER
    )
    migrated["metadata"]["managedFields"] = entries
    assert bare(apply(migrated, config_map(a="1"), "kubectl"))["data"] == {"a": "1"}


def test_nothing_that_was_given_is_changed_or_shared():
    obj, applied = apply(None, widget(free={"a": {"b": 1}}, numbers=[1])), widget(free={"a": {"c": [1]}})
    before = copy.deepcopy((obj, applied))
    result = apply(obj, applied, "other")
    result["spec"]["free"]["a"]["c"].append(2)
    result["spec"]["numbers"].append(2)
    assert (obj, applied) == before


@pytest.mark.parametrize(
    ("applied", "words"),
    [
        (
            widget() | {"apiVersion": "v1"},
            "Incorrect version specified in apply patch. Specified patch version: v1",
        ),
        (
            widget() | {"metadata": {"name": "w", "managedFields": []}},
            "metadata.managedFields must be nil",
        ),
        (
            widget(items=[{"value": "x"}]),
            "failed to create typed patch object (default/w; example.com/v1, Kind=Widget):"
            ' .spec.items: element 0: associative list with keys has an element that omits key field "name"',
        ),
        (widget(items=[{"name": "a"}, {"name": "a", "port": 80}]), 'for key [name="a",port=80]'),
        (widget(items=[5]), "may not have non-map elements"),
        (widget(items=[None]), "may not have a null element"),
        (widget(numbers=[1, 1]), ".spec.numbers: duplicate entries for key [=1]"),
        (widget(numbers=[{}]), "has an element that's a map type"),
        (widget(numbers=[None], items=[{}]), "errors:\n  .spec"),
    ],
)
def test_what_cannot_be_applied_is_a_bad_request(applied, words):
    with pytest.raises(StatusError) as refused:
        apply(None, applied, schema=WIDGET, version="example.com/v1")
    assert refused.value.code == 400
    assert words in refused.value.message


def test_an_object_that_is_broken_itself_cannot_be_applied_to():
    obj = update(None, widget(items=[{"name": "a"}]))
    obj["spec"]["items"].append({})
    with pytest.raises(StatusError, match="failed to create typed live object"):
        apply(obj, widget(items=[{"name": "b"}]))
