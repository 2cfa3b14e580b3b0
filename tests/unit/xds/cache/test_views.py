"""Facts about what views and proxies share."""

import subprocess
import sys
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import parts, samples_of_parts
from tests.kit.parts import assignment, endpoint, upstream
from tests.kit.samples_of_rules import V1, V2

from convoy.mesh.model import Assignment, LocalityPolicy, MeshSnapshot, Vantage
from convoy.xds.cache.consistency import find_inconsistencies
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import ProxyResources, ResourceSet, XdsModel
from convoy.xds.cache.views import build_model

VERSIONS = """
from tests.kit import samples_of_parts
from convoy.xds.cache.memo import Memo
from convoy.xds.cache.resources import SEND_ORDER
from convoy.xds.cache.views import build_model
for name, proxy in build_model(samples_of_parts.everything(), None, Memo()).proxies.items():
    print(name, *(proxy.of_type(type_url).version for type_url in SEND_ORDER))
"""
ROOT = Path(__file__).parents[4]


def mesh(*endpoints: str, apps: tuple[str, ...] = ("app", "twin")) -> MeshSnapshot:
    return parts.snapshot(
        *(parts.workload(app, inbound=samples_of_parts.everything_inbound()) for app in apps),
        sidecars=[samples_of_parts.sidecar()],
        assignments=[assignment(V1, *(endpoint(address) for address in endpoints))],
    )


def sets(proxy: ProxyResources) -> list[ResourceSet]:
    return [proxy.clusters, proxy.endpoints, proxy.listeners, proxy.routes]


def test_proxies_that_are_alike_share_their_resources() -> None:
    model = build_model(mesh("10.0.0.1"), None, Memo())
    assert model.proxies["app.default"] is model.proxies["twin.default"]


def test_proxies_that_differ_inbound_share_what_is_outbound() -> None:
    snapshot = msgspec.structs.replace(
        mesh(apps=("app",)),
        workloads={w.name: w for w in (
            parts.workload("app", inbound=samples_of_parts.everything_inbound()),
            parts.workload("other", inbound=parts.inbound()),
        )},
    )  # fmt: skip
    app, other = build_model(snapshot, None, Memo()).proxies.values()
    assert app.routes is other.routes
    assert app.endpoints is other.endpoints
    assert app.listeners is not other.listeners


def test_endpoint_change_builds_nothing_else() -> None:
    memo = Memo()
    before = build_model(mesh("10.0.0.1"), None, memo)
    built = memo.statistics().built
    after = build_model(mesh("10.0.0.1", "10.0.0.2"), before, memo)
    old, new = before.proxies["app.default"], after.proxies["app.default"]
    assert memo.statistics().built - built == 1  # the assignment
    assert [a is b for a, b in zip(sets(old), sets(new), strict=True)] == [True, False, True, True]


def test_no_change_keeps_every_object_even_with_a_new_memo() -> None:
    before = build_model(mesh("10.0.0.1"), None, Memo())
    after = build_model(mesh("10.0.0.1"), before, Memo())
    assert after.proxies["app.default"] is before.proxies["app.default"]


def test_a_proxy_must_prove_its_workload_s_identity() -> None:
    model = build_model(mesh(apps=("app",)), None, Memo())
    assert model.identities == {"app.default": "spiffe://cluster.local/ns/default/sa/app"}


def test_every_cluster_that_asks_for_endpoints_gets_an_answer() -> None:
    for proxy in build_model(samples_of_parts.everything(), None, Memo()).proxies.values():
        assert find_inconsistencies(proxy).is_servable


def test_clusters_that_routes_name_in_vain_are_listed() -> None:
    view = parts.sidecar_view(http=(parts.routes(parts.host("reviews")),))
    model = build_model(parts.snapshot(parts.workload("app"), sidecars=[view]), None, Memo())
    assert find_inconsistencies(model.proxies["app.default"]).dangling_clusters == (
        "outbound|9080||reviews.default.svc.cluster.local",
    )


def test_a_set_that_lacks_what_others_name_is_not_servable() -> None:
    whole = build_model(mesh("10.0.0.1"), None, Memo()).proxies["app.default"]
    assert "9080" in find_inconsistencies(without(whole, "routes")).routes_without_configuration
    assert find_inconsistencies(without(whole, "endpoints")).clusters_without_assignment


def test_builders_read_nothing_but_their_parts() -> None:
    memo = Memo(checks=True)
    model: XdsModel | None = None
    for _ in range(2):
        model = build_model(samples_of_parts.everything(), model, memo)
    assert memo.statistics().hits > 0


def test_every_process_gives_the_same_versions() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", VERSIONS],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}:{ROOT}/src"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert said != {""}


@given(st.permutations(["a", "b", "c", "d"]))
def test_any_order_of_workloads_gives_the_same_model(order: list[str]) -> None:
    expected = build_model(mesh(apps=("a", "b", "c", "d")), None, Memo())
    built = build_model(mesh(apps=tuple(order)), None, Memo())
    assert list(built.proxies) == list(expected.proxies)
    assert [s.version for p in built.proxies.values() for s in sets(p)] == [
        s.version for p in expected.proxies.values() for s in sets(p)
    ]


def without(proxy: ProxyResources, field: str) -> ProxyResources:
    return msgspec.structs.replace(proxy, **{field: ResourceSet()})


def test_places_part_only_the_endpoints_that_depend_on_them() -> None:
    """Two proxies of one view in two regions."""
    one, other = (
        msgspec.structs.replace(parts.workload(app), vantage=Vantage(place))
        for app, place in (("one", "eu/a"), ("other", "us/b"))
    )
    endpoints = (endpoint("10.0.0.1", locality="eu/a"), endpoint("10.0.0.2", locality="us/b"))
    view = parts.sidecar_view(upstream(V1), upstream(V2))
    assigned = [assignment(upstream_key, *endpoints) for upstream_key in (V1, V2)]
    plain = parts.snapshot(one, other, sidecars=[view], assignments=assigned)
    here, there = build_model(plain, None, Memo()).proxies.values()
    assert here.endpoints is there.endpoints

    ordered = Assignment(V1, endpoints, LocalityPolicy(fails_over=True))
    placed = msgspec.structs.replace(plain, assignments={**plain.assignments, V1: ordered})
    here, there = build_model(placed, None, Memo()).proxies.values()
    assert here.endpoints is not there.endpoints
    assert (here.clusters, here.routes, here.listeners) == (there.clusters, there.routes, there.listeners)
    changed = {name for name in here.endpoints if here.endpoints[name] is not there.endpoints[name]}
    assert changed == {"outbound|9080|v1|reviews.default.svc.cluster.local"}


def test_parts_that_are_the_same_objects_are_not_looked_at_again() -> None:
    memo, snapshot = Memo(), mesh("10.0.0.1")
    before = build_model(snapshot, None, memo)
    asked = memo.statistics()
    after = build_model(msgspec.structs.replace(snapshot, number=2), before, memo)
    assert after.proxies["app.default"] is before.proxies["app.default"]
    assert memo.statistics() == asked


def test_what_is_not_looked_at_again_is_not_forgotten_either() -> None:
    memo, snapshot = Memo(keep_generations=2), mesh("10.0.0.1")
    model = build_model(snapshot, None, memo)
    for number in range(2, 8):
        model = build_model(msgspec.structs.replace(snapshot, number=number), model, memo)
    built = memo.statistics().built
    build_model(mesh("10.0.0.1", "10.0.0.2"), model, memo)
    assert memo.statistics().built - built == 1
