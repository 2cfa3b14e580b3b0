"""Equal input gives equal parts, and what did not change stays the same object."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.mesh.objects import (
    SETTINGS,
    bookinfo,
    destination_rule,
    entry,
    gateway,
    gateway_pod,
    http_server,
    parse,
    passthrough_server,
    peer_authentication,
    pod,
    remote,
    resolve,
    service,
    to,
    virtual_service,
)

from convoy.api.meta import ClusterID
from convoy.config.view import build_view
from convoy.mesh.model import MeshSettings, MeshSnapshot
from convoy.mesh.snapshot import build_snapshot

Object = dict[str, Any]

# Small worlds in which everything may meet everything: few names, few namespaces, many conflicts.
NAMES = st.sampled_from(["a", "b"])
NAMESPACES = st.sampled_from(["default", "web", "istio-system"])
AGES = st.sampled_from([None, 1, 2])
VERSIONS = st.sampled_from(["v1", "v2", "V1"])
HOSTS = st.sampled_from(
    [
        "a",
        "b",
        "a.default.svc.cluster.local",
        "a.web.svc.cluster.local",
        "a.default.global",
        "*.global",
        "c.example.com",
    ]
)
PORTS = st.sampled_from([9080, {"port": 9080, "name": "tcp"}, {"port": 9080, "name": "any"}, 80])


def aged(made: Object, age: int | None) -> Object:
    if age is not None:
        made["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:0{age}Z"
    return made


SERVICES = st.builds(
    lambda name, namespace, port, ip, age: aged(
        service(name, port, namespace=namespace, spec={"clusterIP": ip} if ip else {}), age
    ),
    NAMES,
    NAMESPACES,
    PORTS,
    st.sampled_from(["", "None", "198.18.129.1"]),
    AGES,
)
PODS = st.builds(
    lambda name, app, namespace, version, sidecar: pod(
        f"{name}-{app}-{version.lower()}",
        f"198.18.1.{len(name) + ord(app)}",
        app=app,
        namespace=namespace,
        labels={"version": version},
        sidecar=sidecar,
    ),
    st.sampled_from(["x", "yy"]),
    NAMES,
    NAMESPACES,
    VERSIONS,
    st.booleans(),
)
ENTRIES = st.builds(
    lambda host, namespace, addresses, age, export: aged(
        entry(
            host,
            namespace=namespace,
            name=f"{namespace}-{host}".replace(".", "-"),
            addresses=addresses,
            endpoints=[remote("198.19.0.12"), {"address": "198.19.0.13"}],
            exportTo=export,
        ),
        age,
    ),
    st.sampled_from(["a.default.global", "b.web.global", "a.default.svc.cluster.local", "c.example.com"]),
    NAMESPACES,
    st.sampled_from([[], ["240.0.0.3"]]),
    AGES,
    st.sampled_from([["*"], ["."]]),
)
RULES = st.builds(
    lambda name, host, namespace, subset, tls, age: aged(
        destination_rule(name, host, namespace=namespace, subsets={subset: {"version": subset}}, tls=tls), age
    ),
    NAMES,
    HOSTS,
    NAMESPACES,
    VERSIONS,
    st.sampled_from([None, "ISTIO_MUTUAL", "DISABLE"]),
    AGES,
)
ROUTES = st.builds(
    lambda name, host, namespace, target, version, mesh, age: aged(
        virtual_service(
            name,
            "d.example.com" if host == "*.global" and not mesh else host,
            to((target, version), match=[{"sourceLabels": {"version": version}}]),
            to((target, "")),
            namespace=namespace,
            gateways=["mesh"] if mesh else ["istio-system/in"],
        ),
        age,
    ),
    NAMES,
    HOSTS,
    NAMESPACES,
    st.sampled_from(["a", "a.default.global", "nowhere"]),
    VERSIONS,
    st.booleans(),
    AGES,
)
POLICIES = st.builds(
    lambda name, namespace, mode, age: aged(peer_authentication(name, mode, namespace=namespace), age),
    NAMES,
    NAMESPACES,
    st.sampled_from(["STRICT", "DISABLE", "UNSET"]),
    AGES,
)
GATEWAYS = st.just(gateway("in", http_server("*"), passthrough_server("*.global", "*.local")))
GATEWAY_PODS = st.just(gateway_pod())

WORLDS = st.lists(
    st.one_of(SERVICES, PODS, ENTRIES, RULES, ROUTES, POLICIES, GATEWAYS, GATEWAY_PODS),
    max_size=14,
    unique_by=lambda one: (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]),
)


def build(objects: list[Any], previous: MeshSnapshot | None = None) -> tuple[MeshSnapshot, Any]:
    return build_snapshot(build_view(1, objects), SETTINGS, previous)


def parts(snapshot: MeshSnapshot) -> list[Any]:
    return [getattr(snapshot, field) for field in MeshSnapshot.__struct_fields__ if field != "number"]


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(world=WORLDS, random=st.randoms(use_true_random=False))
def test_order_of_objects_makes_no_difference(world: list[Object], random: Any) -> None:
    objects = parse(*world)
    shuffled = list(objects)
    random.shuffle(shuffled)

    (first, told), (second, told_again) = build(objects), build(shuffled)

    assert first == second
    assert repr(parts(first)) == repr(parts(second)), "the order of mappings counts, too"
    assert told == told_again


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(world=WORLDS)
def test_building_again_gives_the_same_objects(world: list[Object]) -> None:
    objects = parse(*world)
    first, _ = build(objects)
    second, _ = build(objects, first)

    assert all(new is old for new, old in zip(parts(second), parts(first), strict=True))


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(world=WORLDS, more=st.one_of(SERVICES, PODS, RULES, ROUTES))
def test_previous_snapshot_never_shows_in_the_result(world: list[Object], more: Object) -> None:
    before, _ = build(parse(*world))
    key = (more["kind"], more["metadata"]["namespace"], more["metadata"]["name"])
    kept = [
        one for one in world if (one["kind"], one["metadata"]["namespace"], one["metadata"]["name"]) != key
    ]
    after = parse(*kept, more)

    assert build(after, before)[0] == build(after)[0]


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(world=WORLDS)
def test_snapshot_is_consistent(world: list[Object]) -> None:
    snapshot, _ = build(parse(*world))
    for key, view in {**snapshot.sidecar_views, **snapshot.gateway_views}.items():
        for upstream in view.upstreams:
            if upstream.resolution == "ENDPOINTS":
                assert snapshot.assignment(key, upstream.key) is not None
            if upstream.tls.mode != "DISABLE":
                assert upstream.tls.identities or upstream.tls.identity_prefixes
        assert len({one.key for one in view.upstreams}) == len(view.upstreams)
    for gateway_view in snapshot.gateway_views.values():
        for passthrough in gateway_view.passthrough:
            names = [name.lower() for route in passthrough.routes for name in route.server_names]
            assert len(names) == len(set(names))
            keys = {one.key for one in gateway_view.upstreams}
            assert {route.key for route in passthrough.routes} <= keys
    for view in snapshot.sidecar_views.values():
        for port in view.http:
            domains = [domain for host in port.hosts for domain in host.domains]
            assert len(domains) == len(set(domains))
        addresses = [(one.vip, one.port) for one in (*view.tcp, *view.sniffed)]
        assert len(addresses) == len(set(addresses))
    for workload in snapshot.workloads.values():
        assert workload.view in {**snapshot.sidecar_views, **snapshot.gateway_views}


CLUSTER = MeshSettings(cluster_id=ClusterID("cluster1"))


def after(*change: Object) -> tuple[MeshSnapshot, MeshSnapshot]:
    objects = bookinfo("cluster1")
    before = resolve(*objects, settings=CLUSTER)
    return before, resolve(*objects, *change, settings=CLUSTER, previous=before)


@pytest.mark.parametrize(
    "unrelated",
    [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "default"}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "elsewhere"}},
        pod("alone", "198.18.1.99", sidecar=False, namespace="elsewhere"),
        destination_rule(
            "private", "details.default.svc.cluster.local", namespace="elsewhere", tls="DISABLE"
        ),
        virtual_service("private", "details", to("details"), namespace="elsewhere", export_to=["."]),
    ],
    ids=lambda one: one["kind"],
)
def test_unrelated_object_changes_no_part(unrelated: Object) -> None:
    before, now = after(unrelated)

    assert all(new is old for new, old in zip(parts(now), parts(before), strict=True))


def test_second_replica_leaves_views_untouched() -> None:
    second = pod(
        "reviews-v1-b", "198.18.1.50", app="reviews", account="bookinfo-reviews", labels={"version": "v1"}
    )
    before, now = after(second)

    assert now.sidecar_views is before.sidecar_views
    assert now.gateway_views is before.gateway_views
    assert now.names is before.names
    changed = {key.hostname for key, one in now.assignments.items() if one is not before.assignments[key]}
    assert changed == {"reviews.default.svc.cluster.local"}


def test_new_account_changes_only_the_upstreams_of_its_service() -> None:
    second = pod("reviews-v1-b", "198.18.1.50", app="reviews", account="other", labels={"version": "v1"})
    before, now = after(second)
    (old,), (new,) = before.sidecar_views.values(), now.sidecar_views.values()

    changed = {
        one.key.hostname for one, was in zip(new.upstreams, old.upstreams, strict=True) if one is not was
    }
    assert changed == {"reviews.default.svc.cluster.local"}
    assert (new.http, new.tcp) == (old.http, old.tcp)
    assert new.http is old.http


def test_changed_route_leaves_clusters_and_other_ports_untouched() -> None:
    route = virtual_service("reviews", "reviews", to(("reviews", "v1")))
    objects = bookinfo("cluster1")
    before = resolve(*objects, settings=CLUSTER)
    kept = [one for one in objects if (one["kind"], one["metadata"]["name"]) != ("VirtualService", "reviews")]
    now = resolve(*kept, route, settings=CLUSTER, previous=before)
    (old,), (new,) = before.sidecar_views.values(), now.sidecar_views.values()

    assert new.upstreams is old.upstreams
    changed = [(port, was) for port, was in zip(new.http, old.http, strict=True) if port is not was]
    ((port, was),) = changed
    hosts = [host.host for host, old_host in zip(port.hosts, was.hosts, strict=True) if host is not old_host]
    assert (port.port, hosts) == (9080, ["reviews.default.svc.cluster.local"])


def test_labels_nobody_matches_on_change_nothing() -> None:
    objects = bookinfo("cluster1")
    before = resolve(*objects, settings=CLUSTER)
    for one in objects:
        one["metadata"].setdefault("labels", {})["unrelated"] = "yes"
        one["metadata"].setdefault("annotations", {})["note"] = "yes"
    now = resolve(*objects, settings=CLUSTER, previous=before)

    assert all(new is old for new, old in zip(parts(now), parts(before), strict=True))
