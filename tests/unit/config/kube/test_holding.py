"""Facts about a cluster's objects as one set."""

import random

import pytest

from convoy.api import codes
from convoy.api.kinds import BY_NAME
from convoy.api.kube.core import Pod
from convoy.api.meta import ObjectKey
from convoy.config.contents import ContentsChange
from convoy.config.kube.definitions import defines
from convoy.config.kube.holding import Holding
from convoy.config.kube.listings import WatchEvent
from convoy.config.kube.objects import read_object

POD, RULE, NAMESPACE = BY_NAME["Pod"], BY_NAME["DestinationRule"], BY_NAME["Namespace"]


def pod(name="p", **more):
    spec = {"containers": [{"name": "a", "image": "a"}], **more.pop("spec", {})}
    metadata = {"name": name, "namespace": "default", "uid": f"uid of {name}", **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, **more}


def rule(name="r", host="a", version="1", **spec):
    metadata = {"name": name, "namespace": "default", "uid": f"uid of {name}", "resourceVersion": version}
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": metadata,
        "spec": {"host": host, **spec},
    }


def hosts(holding):
    return {key.name: found.obj.spec.host for key, found in holding.contents().objects.items()}


def changed(type_, obj):
    return WatchEvent(type_, obj)


@pytest.fixture
def holding():
    return Holding(cluster="east")


def test_field_that_is_newer_than_this_program_is_left_out_of_kubernetes_own_kinds():
    given = pod(
        spec={"hostnameOverride": "x", "containers": [{"name": "a", "image": "a", "newer": {"a": 1}}]},
        status={"podIP": "198.18.1.1", "phase": "Running"},
    )
    read = read_object(given, POD, cluster="east")
    assert read.problems == ()
    assert (read.obj.spec.containers[0].name, read.obj.status.pod_ip) == ("a", "198.18.1.1")


def test_of_a_pod_only_what_the_mesh_reads_is_kept(holding):
    variables = [{"name": "ISTIO_META_NETWORK", "value": "n"}, {"name": "POD_IP", "valueFrom": {}}]
    proxy = {"name": "istio-proxy", "image": "p", "args": ["proxy", "router"], "env": variables}
    app = {"name": "app", "env": [{"name": "PASSWORD", "value": "x"}], "ports": [{"containerPort": 80}]}
    spec = {"containers": [app], "initContainers": [proxy], "serviceAccountName": "a", "nodeName": "n"}
    status = {"phase": "Running", "podIP": "198.18.1.1", "startTime": "2030-01-01T00:00:00Z"}
    found = read_object(pod(spec={**spec, "volumes": [{"name": "v"}]}, status=status), POD, cluster="").obj
    assert found.spec.volumes == []
    assert (found.spec.service_account_name, found.spec.node_name) == ("a", "n")
    assert [(each.name, each.ports[0].container_port, each.env) for each in found.spec.containers] == [
        ("app", 80, [])
    ]
    (kept,) = found.spec.init_containers
    assert (kept.args, [each.value for each in kept.env], kept.image) == (["proxy", "router"], ["n", ""], "")
    assert (found.status.pod_ip, found.status.start_time) == ("198.18.1.1", "")
    holding.change(POD, changed("ADDED", pod(spec=spec)))
    assert not holding.change(
        POD, changed("MODIFIED", pod(spec={**spec, "containers": [{**app, "env": []}]}))
    )


def test_what_is_no_mapping_where_one_belongs_is_a_problem():
    for spec in ({"containers": ["a"]}, {"containers": {"a": 1}}, {"initContainers": [None]}):
        read = read_object(pod(spec=spec), POD, cluster="")
        assert (read.obj, bool(read.problems)) == (None, True)


def test_unknown_field_of_istios_kinds_is_a_problem():
    read = read_object(rule(nonsense=1), RULE, cluster="east")
    assert [(p.code, p.field, p.cluster, p.key) for p in read.problems] == [
        (codes.UNKNOWN_FIELD, "spec.nonsense", "east", ObjectKey("DestinationRule", "default", "r"))
    ]
    assert read.obj is None


def test_wrong_type_in_kubernetes_own_kinds_is_a_problem_of_that_object():
    given = pod(spec={"nodeName": 7, "newer": 1})
    read = read_object(given, POD, cluster="east")
    assert (read.obj, [p.code for p in read.problems]) == (None, [codes.WRONG_TYPE])


def test_nulls_mean_what_they_mean_in_a_file():
    assert read_object(rule(trafficPolicy=None), RULE, cluster="").problems == ()
    read = read_object(rule(exportTo=[None]), RULE, cluster="")
    assert [p.code for p in read.problems] == [codes.NULL_ELEMENT]


def test_what_the_cluster_writes_is_left_out():
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "kept": "yes"}
    counted = {"generation": 7, "resourceVersion": "9", "managedFields": [{"manager": "x"}]}
    condition = {"type": "Ready", "status": "True", "lastProbeTime": "2030-01-01T00:00:00Z"}
    status = {"conditions": [condition], "containerStatuses": [{"restartCount": 3}], "podIP": "198.18.1.1"}
    given = pod(metadata={"annotations": annotations, **counted}, status=status)
    obj = read_object(given, POD, cluster="").obj
    assert obj.metadata.annotations == {"kept": "yes"}
    assert (obj.metadata.generation, obj.metadata.resource_version, obj.metadata.managed_fields) == (
        0,
        "",
        [],
    )
    assert (obj.status.container_statuses, obj.status.conditions[0].last_probe_time) == ([], None)
    assert (obj.status.conditions[0].type, obj.status.pod_ip) == ("Ready", "198.18.1.1")
    assert given["metadata"]["resourceVersion"] == "9", "the given object stays as it is"


def test_order_of_events_of_different_objects_does_not_matter():
    events = [changed("ADDED", rule(f"r{n}", f"h{n}", str(n))) for n in range(6)]
    events.append(changed("ADDED", rule("bad", nonsense=1)))
    contents = []
    for seed in range(5):
        holding = Holding(cluster="east")
        for event in random.Random(seed).sample(events, len(events)):
            holding.change(RULE, event)
        contents.append(holding.contents())
    assert all(each == contents[0] for each in contents)
    assert len(contents[0].objects) == 6


def test_only_what_the_mesh_reads_counts_as_a_change(holding):
    assert holding.replace(RULE, [rule()])
    before = holding.contents().objects[ObjectKey("DestinationRule", "default", "r")]
    conditions = {**rule(version="2"), "status": {"conditions": [{"type": "Reconciled", "status": "True"}]}}
    assert not holding.change(RULE, changed("MODIFIED", conditions))
    key = ObjectKey("DestinationRule", "default", "r")
    assert holding.contents().objects[key] is before
    assert holding.state_of(key).status == conditions["status"]
    assert holding.state_of(key).resource_version == "2"
    assert holding.change(RULE, changed("MODIFIED", rule(host="b", version="3")))


def test_change_tells_what_became_of_the_contents_since_the_last_one(holding):
    holding.replace(RULE, [rule("a"), rule("b"), rule("bad", nonsense=1)])
    first = holding.take_change()
    assert (first.objects, first.problems) == (holding.contents().objects, holding.contents().problems)
    assert holding.take_change() == ContentsChange()
    holding.change(RULE, changed("MODIFIED", rule("a", "c", "2")))
    holding.change(RULE, changed("MODIFIED", rule("a", "d", "3")))
    holding.change(RULE, changed("DELETED", rule("b")))
    second = holding.take_change()
    assert {key.name: found and found.obj.spec.host for key, found in second.objects.items()} == {
        "a": "d",
        "b": None,
    }
    assert second.problems is None
    holding.change(RULE, changed("DELETED", rule("bad")))
    assert holding.take_change() == ContentsChange({}, ())


def test_listing_again_tells_what_was_deleted_meanwhile(holding):
    holding.replace(RULE, [rule("a"), rule("b")])
    assert holding.replace(RULE, [rule("b")])
    assert hosts(holding) == {"b": "a"}
    assert not holding.replace(RULE, [rule("b")])


def test_deletion_of_what_is_not_there_is_no_change(holding):
    assert not holding.change(RULE, changed("DELETED", rule()))


def test_refused_version_leaves_the_previous_one_in_force_until_the_object_is_another(holding):
    holding.replace(RULE, [rule()])
    holding.change(RULE, changed("MODIFIED", rule(version="2", nonsense=1)))
    key = ObjectKey("DestinationRule", "default", "r")
    assert hosts(holding) == {"r": "a"}
    assert holding.state_of(key).is_refused
    holding.change(RULE, changed("MODIFIED", rule(version="3", other=1)))
    assert hosts(holding) == {"r": "a"}
    another = rule(version="4", nonsense=1)
    another["metadata"]["uid"] = "of another one"
    assert holding.change(RULE, changed("MODIFIED", another))
    assert hosts(holding) == {}
    assert holding.change(RULE, changed("MODIFIED", rule(version="5", host="b")))
    assert (hosts(holding), holding.contents().problems) == ({"r": "b"}, ())


def test_same_name_in_different_namespaces_are_different_objects(holding):
    holding.replace(POD, [pod(), pod(metadata={"namespace": "other"})])
    found = holding.contents().objects
    assert [key.namespace for key in found] == ["default", "other"]
    assert all(isinstance(each.obj, Pod) for each in found.values())


def test_what_is_in_no_namespace_has_none_in_its_key(holding):
    holding.replace(NAMESPACE, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}])
    assert list(holding.contents().objects) == [ObjectKey("Namespace", "", "default")]


def definition(*versions, **more):
    served = [{"name": name, "served": is_served} for name, is_served in versions]
    return {"metadata": {}, "spec": {"versions": served}, **more}


@pytest.mark.parametrize(
    ("given", "does"),
    [
        (definition(("v1", True)), True),
        (definition(("v2", True), ("v1beta1", True)), True),
        (definition(("v1", False)), False),
        (definition(("v2", True)), False),
        (definition(("v1", True), metadata={"deletionTimestamp": "2030-01-01T00:00:00Z"}), False),
        (
            definition(("v1", True), status={"conditions": [{"type": "NamesAccepted", "status": "False"}]}),
            False,
        ),
        (definition(("v1", True), status={"conditions": [{"type": "Established", "status": "False"}]}), True),
    ],
)
def test_definition_defines_a_kind_when_it_serves_a_version_that_is_read(given, does):
    assert defines(given, RULE) is does
