"""Where a pod goes, and why it goes nowhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.cluster.controllers.workloads import obj, owned_by

from convoy.cluster.scheduler.planning import Placement, Refusal, plan_placement
from convoy.cluster.scheduler.views import build_view

HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"


def node(name, *, zone="", ready=True, cpu="4", pods="110", taints=(), labels=None, **spec):
    labels = {HOST: name, **({ZONE: zone} if zone else {}), **(labels or {})}
    made = obj("v1", "Node", name, spec={"taints": list(taints), **spec}, labels=labels)
    made["status"] = {
        "allocatable": {"cpu": cpu, "memory": "8Gi", "pods": pods},
        "conditions": [{"type": "Ready", "status": str(ready)}],
    }
    return made


def pod(name="new", *, on="", app="web", cpu=None, ports=(), owner=None, **spec):
    requests = {"cpu": cpu} if cpu else {}
    listed = [{"containerPort": port, "hostPort": port} for port in ports]
    container = {"name": "c", "resources": {"requests": requests}, "ports": listed}
    placed = {"nodeName": on} if on else {}
    made = obj("v1", "Pod", name, spec={"containers": [container], **placed, **spec}, labels={"app": app})
    if owner is not None:
        made["metadata"]["ownerReferences"] = [owned_by(owner)]
    return made


def place(wanted, nodes, *pods):
    decision = plan_placement(wanted, build_view(nodes, pods))
    return decision.node if isinstance(decision, Placement) else decision.message


def term(app, key=HOST):
    return {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key}


def near(app, key=HOST):
    return {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term(app, key)]}}


def away(app, key=HOST):
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term(app, key)]}}


def node_affinity(operator, key, *values):
    expression = {"key": key, "operator": operator, "values": list(values)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def spread(skew=1, key=ZONE, when="DoNotSchedule", **more):
    selector = {"matchLabels": {"app": "web"}}
    return [
        {"maxSkew": skew, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": selector, **more}
    ]


NO_HELP = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
NO_VICTIM = "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("where", "wanted", "others", "reason"),
    [
        (node("a", unschedulable=True), pod(), (), f"1 node(s) were unschedulable. {NO_HELP}"),
        (
            node("a", taints=[TAINT]),
            pod(),
            (),
            f"1 node(s) had untolerated taint {{dedicated: db}}. {NO_HELP}",
        ),
        (
            node("a", ready=False),
            pod(),
            (),
            f"1 node(s) had untolerated taint {{node.kubernetes.io/not-ready: }}. {NO_HELP}",
        ),
        (
            node("a"),
            pod(nodeSelector={"disk": "ssd"}),
            (),
            f"1 node(s) didn't match Pod's node affinity/selector. {NO_HELP}",
        ),
        (
            node("a"),
            pod(affinity=node_affinity("In", ZONE, "east")),
            (),
            f"1 node(s) didn't match Pod's node affinity/selector. {NO_HELP}",
        ),
        (
            node("a", cpu="1"),
            pod(cpu="600m"),
            (pod("x", on="a", cpu="600m"),),
            f"1 Insufficient cpu. {NO_VICTIM}",
        ),
        (node("a", pods="1"), pod(), (pod("x", on="a"),), f"1 Too many pods. {NO_VICTIM}"),
        (
            node("a"),
            pod(ports=[80]),
            (pod("x", on="a", ports=[80]),),
            f"1 node(s) didn't have free ports for the requested pod ports. {NO_VICTIM}",
        ),
        (
            node("a"),
            pod(affinity=near("db")),
            (),
            f"1 node(s) didn't match pod affinity rules. {NO_HELP}",
        ),
        (
            node("a"),
            pod(affinity=away("db")),
            (pod("x", on="a", app="db"),),
            f"1 node(s) didn't match pod anti-affinity rules. {NO_VICTIM}",
        ),
        (
            node("a"),
            pod(),
            (pod("x", on="a", app="db", affinity=away("web")),),
            f"1 node(s) didn't satisfy existing pods anti-affinity rules. {NO_VICTIM}",
        ),
        (
            node("a"),
            pod(topologySpreadConstraints=spread()),
            (),
            f"1 node(s) didn't match pod topology spread constraints (missing required label). {NO_HELP}",
        ),
    ],
    ids=lambda each: "",
)
def test_a_node_will_not_do(where, wanted, others, reason):
    assert place(wanted, [where], *others) == f"0/1 nodes are available: {reason}"


def test_reasons_are_counted_over_all_nodes():
    nodes = [node("a", unschedulable=True), node("b", cpu="1"), node("c", unschedulable=True)]
    available = "0/3 nodes are available"
    helpless = "1 No preemption victims found for incoming pod, 2 Preemption is not helpful for scheduling."
    assert place(pod(cpu="2"), nodes) == (
        f"{available}: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: {available}: {helpless}"
    )


def test_without_nodes_there_is_nothing_to_say_of_them():
    assert plan_placement(pod(), build_view([], [])) == Refusal("no nodes available to schedule pods")


@pytest.mark.parametrize(
    ("wanted", "where"),
    [
        (
            pod(tolerations=[{"key": "dedicated", "operator": "Equal", "value": "db"}]),
            node("a", taints=[TAINT]),
        ),
        (pod(tolerations=[{"operator": "Exists"}]), node("a", taints=[TAINT])),
        (
            pod(tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}]),
            node("a", unschedulable=True),
        ),
        (pod(nodeSelector={"disk": "ssd"}), node("a", labels={"disk": "ssd"})),
        (pod(affinity=node_affinity("NotIn", ZONE, "east")), node("a", zone="west")),
        (pod(affinity=node_affinity("Gt", "cores", "3")), node("a", labels={"cores": "4"})),
        (pod(affinity=near("web")), node("a")),
        (pod(topologySpreadConstraints=spread()), node("a", zone="east")),
    ],
    ids=[
        "tolerated",
        "all tolerated",
        "cordon tolerated",
        "selected",
        "not in",
        "greater",
        "first of its kind",
        "spread",
    ],
)
def test_a_node_will_do(wanted, where):
    assert place(wanted, [where]) == "a"


def test_a_pod_goes_where_its_friends_are():
    nodes = [node("a", zone="east"), node("b", zone="east"), node("c", zone="west")]
    assert place(pod(affinity=near("db")), nodes, pod("x", on="b", app="db")) == "b"
    in_zone = pod(affinity=near("db", ZONE))
    assert place(in_zone, nodes, pod("x", on="b", app="db")) in ("a", "b")


def test_the_emptiest_domain_is_filled_first():
    nodes = [node("a", zone="east"), node("b", zone="west"), node("c", zone="west")]
    wanted = pod(topologySpreadConstraints=spread())
    assert place(wanted, nodes, pod("x", on="b"), pod("y", on="c")) == "a"
    assert place(wanted, nodes, pod("x", on="a"), pod("y", on="c")) in nodes_named(nodes)


def nodes_named(nodes):
    return [each["metadata"]["name"] for each in nodes]


def test_pods_of_one_owner_are_spread_over_nodes_and_zones():
    nodes = [node("a", zone="east"), node("b", zone="east"), node("c", zone="west")]
    owner = obj("apps/v1", "ReplicaSet", "web")
    first = place(pod(owner=owner), nodes)
    second = place(pod(owner=owner), nodes, pod("x", on=first, owner=owner))
    assert {first, second} & {"c"}


def test_a_preferred_node_is_preferred():
    preference = {"matchExpressions": [{"key": "disk", "operator": "Exists"}]}
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 10, "preference": preference}]}
    nodes = [node("a"), node("b", labels={"disk": "ssd"}), node("c")]
    assert place(pod(affinity={"nodeAffinity": wish}), nodes) == "b"


def test_an_unwelcoming_node_comes_last():
    soft = {"key": "old", "effect": "PreferNoSchedule"}
    assert place(pod(), [node("a", taints=[soft]), node("b")], pod("x", on="b"), pod("y", on="b")) == "b"


def test_finished_pods_take_nothing_and_ending_ones_do():
    done = pod("x", on="a", cpu="4")
    done["status"] = {"phase": "Succeeded"}
    assert place(pod(cpu="4"), [node("a")], done) == "a"
    ending = pod("x", on="a", cpu="4")
    ending["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    assert "Insufficient cpu" in place(pod(cpu="4"), [node("a")], ending)


def test_namespaces_bound_the_view_of_neighbours():
    foreign = pod("x", on="a", app="db")
    foreign["metadata"]["namespace"] = "other"
    assert "affinity rules" in place(pod(affinity=near("db")), [node("a")], foreign)
    wanted = pod(affinity=near("db"))
    (only,) = wanted["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    only["namespaceSelector"] = {"matchLabels": {"team": "data"}}
    namespaces = [obj("v1", "Namespace", "other", labels={"team": "data"})]
    view = build_view([node("a")], [foreign], namespaces=namespaces)
    assert plan_placement(wanted, view) == Placement("a")


@settings(max_examples=60)
@given(
    zones=st.lists(st.sampled_from("xyz"), min_size=1, max_size=5),
    sizes=st.lists(st.sampled_from(["100m", "500m", "1"]), max_size=25),
    skew=st.integers(1, 3),
)
def test_no_node_is_overfull_and_no_domain_too_far_ahead(zones, sizes, skew):
    nodes = [node(f"n{number}", zone=zone, cpu="2") for number, zone in enumerate(zones)]
    placed = []
    for number, size in enumerate(sizes):
        wanted = pod(f"p{number}", cpu=size, topologySpreadConstraints=spread(skew))
        decision = plan_placement(wanted, build_view(nodes, placed))
        if isinstance(decision, Placement):
            wanted["spec"]["nodeName"] = decision.node
            placed.append(wanted)
    cpu = dict.fromkeys(nodes_named(nodes), 0)
    counts = dict.fromkeys(zones, 0)
    for each in placed:
        name = each["spec"]["nodeName"]
        cpu[name] += {"100m": 100, "500m": 500, "1": 1000}[
            each["spec"]["containers"][0]["resources"]["requests"]["cpu"]
        ]
        counts[zones[int(name[1:])]] += 1
    assert max(cpu.values()) <= 2000
    assert max(counts.values()) - min(counts.values()) <= skew
