"""Gateways: where they listen, what they route, whom they let in from other clusters."""

from typing import Any

import pytest
from tests.unit.mesh.objects import (
    codes,
    entry,
    gateway,
    gateway_pod,
    http_server,
    passthrough_server,
    pod,
    problems,
    remote,
    resolve,
    service,
    shares,
    to,
)
from tests.unit.mesh.objects import destination_rule as rule
from tests.unit.mesh.objects import virtual_service as vs

from convoy.mesh.model import GatewayView, MeshSnapshot, PassthroughRoute

Objects = dict[str, Any]

FRONT = service(
    "gateway",
    {"port": 80, "name": "http2", "targetPort": 8080},
    {"port": 15443, "name": "tls"},
    namespace="istio-system",
    spec={"selector": {"istio": "gateway"}, "type": "LoadBalancer"},
)
PAGE = service("page", 9080)


def only_view(snapshot: MeshSnapshot) -> GatewayView:
    (found,) = snapshot.gateway_views.values()
    return found


def hosts(*objects: Objects, listen_port: int = 8080) -> dict[str, list[dict[tuple[str, str], int]]]:
    view = only_view(resolve(gateway_pod(), FRONT, PAGE, *objects))
    (http,) = (one for one in view.http if one.listen_port == listen_port)
    return {host.host: [shares(found) for found in host.rules] for host in http.routes.hosts}


def bound(
    name: str, host: str | list[str], *http: Objects, to_gateway: str = "istio-system/web", **more: Any
) -> Objects:
    return vs(name, host, *http, gateways=[to_gateway], **more)


def page(subset: str = "", **more: Any) -> Objects:
    return to(("page", subset), **more)


PAGE_HOST = "page.default.svc.cluster.local"


def test_server_listens_where_the_service_leads() -> None:
    assert list(hosts(gateway("web", http_server("*")), bound("page", "a.example.com", page()))) == [
        "a.example.com"
    ]


def test_without_a_service_the_number_itself_counts() -> None:
    view = only_view(resolve(gateway_pod(), PAGE, gateway("web", http_server("*", port=8081))))
    assert [http.listen_port for http in view.http] == [8081]


@pytest.mark.parametrize(
    ("server", "routed", "wanted"),
    [
        ("*", "a.example.com", ["a.example.com"]),
        ("*.example.com", "*", ["*.example.com"]),
        ("*.example.com", "a.example.com", ["a.example.com"]),
        ("a.example.com", "*.example.com", ["a.example.com"]),
        ("b.example.com", "a.example.com", []),
        ("default/*", "a.example.com", ["a.example.com"]),
        ("web/*", "a.example.com", []),
        ("./*", "a.example.com", []),
    ],
)
def test_hosts_are_what_server_and_rule_share(server: str, routed: str, wanted: list[str]) -> None:
    assert list(hosts(gateway("web", http_server(server)), bound("page", routed, page()))) == wanted


@pytest.mark.parametrize(
    ("name", "namespace", "is_bound"),
    [
        ("istio-system/web", "default", True),
        ("web", "default", False),
        ("web", "istio-system", True),
        ("default/web", "default", False),
    ],
)
def test_gateway_is_named_with_its_namespace(name: str, namespace: str, is_bound: bool) -> None:
    made = bound("page", "a.example.com", to(PAGE_HOST), to_gateway=name, namespace=namespace)
    assert bool(hosts(gateway("web", http_server("*")), made)) is is_bound


def test_several_virtual_services_add_up_with_everything_last() -> None:
    match = [{"uri": {"exact": "/a"}}]
    found = hosts(
        gateway("web", http_server("*")),
        bound("b-old", "a.example.com", page("old-a", match=match), page("old"), age=3),
        bound("a-young", "a.example.com", page("young-a", match=match), page("young"), age=1),
    )
    assert [next(iter(share)) for share in found["a.example.com"]] == [
        (PAGE_HOST, "old-a"),
        (PAGE_HOST, "young-a"),
        (PAGE_HOST, "old"),
    ]


def test_rules_may_be_for_one_gateway() -> None:
    made = vs(
        "page",
        "a.example.com",
        page("gate", match=[{"gateways": ["istio-system/web"]}]),
        page("mesh"),
        gateways=["mesh", "istio-system/web"],
    )
    assert hosts(gateway("web", http_server("*")), made)["a.example.com"] == [{(PAGE_HOST, "gate"): 100}]


def test_gateway_has_only_the_upstreams_it_routes_to() -> None:
    other = service("other", 9080)
    view = only_view(
        resolve(
            gateway_pod(),
            FRONT,
            PAGE,
            other,
            gateway("web", http_server("*")),
            bound("p", "a.example.com", page()),
        )
    )
    assert [one.key.hostname for one in view.upstreams] == [PAGE_HOST]


def test_ports_of_another_kind_are_held_back() -> None:
    objects = (
        gateway("a-first", http_server("*", port=15443), age=2),
        gateway("b-second", passthrough_server("*.global"), age=1),
    )
    view = only_view(resolve(gateway_pod(), FRONT, PAGE, *objects))
    assert [http.listen_port for http in view.http] == [15443]
    assert view.passthrough == ()
    (problem,) = problems(gateway_pod(), FRONT, PAGE, *objects)
    assert (problem.code.id, problem.field) == ("CVY0243", "spec.servers[0].port")


def test_router_arguments_make_a_gateway() -> None:
    made = gateway_pod(
        spec={"containers": [{"name": "istio-proxy", "image": "p", "args": ["proxy", "router"]}]}
    )
    del made["metadata"]["annotations"]
    assert resolve(made).workloads["gateway.istio-system"].inbound is None


def test_gateways_told_apart_by_selectors_have_views_of_their_own() -> None:
    snapshot = resolve(
        gateway_pod(),
        gateway_pod("other", "198.18.1.4"),
        PAGE,
        gateway("web", http_server("*")),
        gateway("more", http_server("*", port=81), selects="other"),
    )
    assert [[http.listen_port for http in view.http] for view in snapshot.gateway_views.values()] == [
        [80],
        [81],
    ]


class TestPassthrough:
    def routes(self, *objects: Objects, admits: tuple[str, ...] = ("*.global",)) -> list[PassthroughRoute]:
        made = gateway("in", passthrough_server(*admits))
        self.snapshot = resolve(gateway_pod(), made, *objects)
        view = only_view(self.snapshot)
        return [route for passthrough in view.passthrough for route in passthrough.routes]

    def names(self, *objects: Objects, admits: tuple[str, ...] = ("*.global",)) -> list[tuple[str, ...]]:
        return [route.server_names for route in self.routes(*objects, admits=admits)]

    @pytest.mark.parametrize(
        ("admits", "wanted"),
        [
            (("*.global",), ("outbound_.9080_._.page.default.global",)),
            (("*.local",), ("outbound_.9080_._.page.default.svc.cluster.local",)),
            (
                ("*.local", "*.global"),
                ("outbound_.9080_._.page.default.svc.cluster.local", "outbound_.9080_._.page.default.global"),
            ),
            (("page.default.global",), ("outbound_.9080_._.page.default.global",)),
            (("default/*.global",), ("outbound_.9080_._.page.default.global",)),
            (("web/*.global",), None),
            (("*.example.com",), None),
        ],
    )
    def test_names_as_far_as_the_server_admits_them(
        self, admits: tuple[str, ...], wanted: tuple[str, ...] | None
    ) -> None:
        assert self.names(PAGE, admits=admits) == ([wanted] if wanted else [])

    def test_every_port_and_subset_has_its_name(self) -> None:
        made = rule("r", "page", subsets={"v1": {"version": "v1"}, "v2": {"version": "v2"}})
        assert [name for (name,) in self.names(service("page", 80, 81), made)] == [
            f"outbound_.{port}_.{subset}_.page.default.global"
            for port in (80, 81)
            for subset in ("", "v1", "v2")
        ]

    def test_only_pods_that_accept_mutual_tls(self) -> None:
        self.routes(
            PAGE, pod("a", "198.18.1.1", app="page"), pod("b", "198.18.1.2", app="page", sidecar=False)
        )
        (assignment,) = (one for key, one in self.snapshot.assignments.items() if key.is_passthrough)
        assert [one.address for one in assignment.endpoints] == ["198.18.1.1"]

    def test_local_service_is_what_a_global_name_means(self) -> None:
        # An entry for a cluster's own service must not take the way in away from it.
        own = entry("page.default.global", endpoints=[remote("198.19.0.11")])
        (route,) = self.routes(PAGE, own)
        assert route.key.hostname == PAGE_HOST

    def test_entry_is_served_where_no_local_service_is(self) -> None:
        made = entry("page.default.global", endpoints=[remote("198.19.0.12")])
        (route,) = self.routes(made)
        assert route.server_names == ("outbound_.9080_._.page.default.global",)
        (upstream,) = only_view(self.snapshot).upstreams
        assert [one.address for one in upstream.dns_endpoints] == ["198.19.0.12"]

    def test_external_services_are_not_served(self) -> None:
        assert self.names(entry("api.example.com", location="MESH_EXTERNAL"), admits=("*.example.com",)) == []

    def test_of_subsets_that_differ_in_case_the_first_is_served(self) -> None:
        older = rule("old", "page", subsets={"v1": {"version": "v1"}}, age=2)
        younger = rule("young", "page", subsets={"V1": {"version": "v2"}}, age=1)
        assert [route.key.subset for route in self.routes(PAGE, older, younger)] == ["", "v1"]
        found = problems(gateway_pod(), PAGE, older, younger)
        assert "CVY0223" in codes(found)


def test_gateway_addresses_are_those_of_its_load_balancer() -> None:
    front = FRONT | {
        "status": {"loadBalancer": {"ingress": [{"ip": "198.19.0.11"}, {"hostname": "GW.example.com"}]}}
    }
    snapshot = resolve(gateway_pod(), front)

    assert {(one.address, one.port, one.listen_port) for one in snapshot.gateway_addresses} == {
        (address, port, listen_port)
        for address in ("198.19.0.11", "gw.example.com", "gateway.cluster1.convoy.test")
        for port, listen_port in ((80, 8080), (15443, 15443))
    }
