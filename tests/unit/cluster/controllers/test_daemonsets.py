"""DaemonSets: which nodes get a pod, and how an update goes through them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cluster.controllers.workloads import obj, pod, template

from convoy.cluster.controllers.daemonsets.plan import (
    build_daemon_pod,
    daemon_status,
    node_of,
    plan_daemons,
    should_run,
)

NOW = datetime(2030, 1, 1, 0, 10, 0, tzinfo=UTC)


def node(name, *, taints=(), **labels):
    return obj("v1", "Node", name, spec={"taints": list(taints)}, labels=labels)


def daemon_set(*, unavailable=1, surge=0, spec=None, **more):
    rolling = {"maxUnavailable": unavailable, "maxSurge": surge}
    wanted = template()
    wanted["spec"] |= spec or {}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return obj("apps/v1", "DaemonSet", "ds", spec={"template": wanted, "updateStrategy": strategy, **more})


def daemon(name, on, *, revision="new", **fields):
    return pod(name, spec={"nodeName": on}, labels={"controller-revision-hash": revision}, **fields)


def names(pods):
    return [each["metadata"]["name"] for each in pods]


TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
DRIVE = {"key": "dedicated", "value": "db", "effect": "NoExecute"}
TOLERATES = {"tolerations": [{"key": "dedicated", "operator": "Exists"}]}


@pytest.mark.parametrize(
    ("where", "spec", "expected"),
    [
        (node("a"), {}, (True, True)),
        (node("a", taints=[TAINT]), {}, (False, True)),
        (node("a", taints=[DRIVE]), {}, (False, False)),
        (node("a", taints=[TAINT]), TOLERATES, (True, True)),
        (node("a", disk="ssd"), {"nodeSelector": {"disk": "ssd"}}, (True, True)),
        (node("a"), {"nodeSelector": {"disk": "ssd"}}, (False, False)),
        (
            node("a", taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]),
            {},
            (True, True),
        ),
    ],
    ids=["plain", "tainted", "driven out", "tolerated", "selected", "not selected", "cordoned"],
)
def test_a_node_suits(where, spec, expected):
    assert should_run(daemon_set(spec=spec), where) == expected


def test_every_node_without_a_pod_gets_one():
    plan = plan_daemons(daemon_set(), [daemon("x", "a")], [node("a"), node("b"), node("c")], "new", NOW)
    assert plan.create == ("b", "c")


def test_the_pod_is_pinned_to_its_node_and_tolerates_what_nodes_suffer_from():
    made = build_daemon_pod(daemon_set(), "b", revision="new")
    assert node_of(made) == "b"
    assert "node.kubernetes.io/unschedulable" in [each["key"] for each in made["spec"]["tolerations"]]
    assert made["metadata"]["labels"]["controller-revision-hash"] == "new"


def test_a_second_pod_on_a_node_is_removed_and_one_where_none_may_stay():
    pods = [daemon("x", "a"), daemon("y", "a"), daemon("z", "b")]
    plan = plan_daemons(daemon_set(), pods, [node("a"), node("b", taints=[DRIVE])], "new", NOW)
    assert names(plan.delete) == ["y", "z"]


def test_a_failed_pod_is_to_be_replaced():
    plan = plan_daemons(daemon_set(), [daemon("x", "a", phase="Failed")], [node("a")], "new", NOW)
    assert (plan.create, names(plan.failed)) == ((), ["x"])


def test_a_node_waits_for_its_ending_pod():
    pods = [daemon("x", "a", deletionTimestamp="2030-01-01T00:00:00Z")]
    assert plan_daemons(daemon_set(), pods, [node("a")], "new", NOW).create == ()


def test_an_update_takes_as_many_pods_as_may_be_unavailable():
    nodes = [node(name) for name in "abcd"]
    pods = [daemon(f"x{name}", name, revision="old") for name in "abcd"]
    assert names(plan_daemons(daemon_set(unavailable=2), pods, nodes, "new", NOW).delete) == ["xa", "xb"]
    pods[3] = daemon("xd", "d", revision="old", ready=False)
    assert names(plan_daemons(daemon_set(), pods, nodes, "new", NOW).delete) == ["xd"]


def test_on_delete_replaces_nothing():
    owner = daemon_set()
    owner["spec"]["updateStrategy"] = {"type": "OnDelete"}
    plan = plan_daemons(owner, [daemon("x", "a", revision="old")], [node("a")], "new", NOW)
    assert (plan.create, plan.delete) == ((), ())


def test_with_a_surge_the_new_pod_comes_before_the_old_one_goes():
    owner = daemon_set(unavailable=0, surge=1)
    old, nodes = (
        [daemon("xa", "a", revision="old"), daemon("xb", "b", revision="old")],
        [node("a"), node("b")],
    )
    assert plan_daemons(owner, old, nodes, "new", NOW).create == ("a",)
    waiting = [*old, daemon("ya", "a", ready=False)]
    assert plan_daemons(owner, waiting, nodes, "new", NOW).delete == ()
    assert names(plan_daemons(owner, [*old, daemon("ya", "a")], nodes, "new", NOW).delete) == ["xa"]


def test_the_status_counts_nodes():
    nodes = [node("a"), node("b"), node("c", taints=[TAINT])]
    pods = [daemon("x", "a"), daemon("z", "c")]
    status, _ = daemon_status(daemon_set(), pods, nodes, "new", NOW)
    assert status == {
        "currentNumberScheduled": 1,
        "numberMisscheduled": 1,
        "desiredNumberScheduled": 2,
        "numberReady": 1,
        "updatedNumberScheduled": 1,
        "numberAvailable": 1,
        "numberUnavailable": 1,
        "observedGeneration": 1,
    }


@settings(max_examples=60)
@given(count=st.integers(1, 8), unavailable=st.integers(1, 4))
def test_an_update_keeps_to_its_limit_and_reaches_every_node(count, unavailable):
    nodes = [node(f"n{number}") for number in range(count)]
    pods = {f"x{n}": daemon(f"x{n}", f"n{n}", revision="old") for n in range(count)}
    made = 0
    for _ in range(60):
        plan = plan_daemons(daemon_set(unavailable=unavailable), pods.values(), nodes, "new", NOW)
        for each in plan.delete:
            del pods[each["metadata"]["name"]]
        for on in plan.create:
            made += 1
            pods[f"y{made}"] = daemon(f"y{made}", on, ready=False)
        ready = [each for each in pods.values() if each["status"]["conditions"][0]["status"] == "True"]
        assert count - len(ready) <= unavailable
        waiting = [each for each in pods.values() if each not in ready]
        if not plan.create and not plan.delete and not waiting:
            break
        if waiting:
            waiting[0]["status"]["conditions"][0]["status"] = "True"
    assert sorted(node_of(each) for each in pods.values()) == sorted(f"n{n}" for n in range(count))
    assert all(each["metadata"]["labels"]["controller-revision-hash"] == "new" for each in pods.values())
