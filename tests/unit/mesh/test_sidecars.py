"""What a Sidecar lets its workloads see."""

import pytest
from tests.unit.mesh.objects import (
    entry,
    istio,
    kube,
    peer_authentication,
    pod,
    problems,
    resolve,
    service,
    to,
    virtual_service,
)

from convoy.api import codes
from convoy.mesh.model import Fallback, Protocol, UpstreamKey

DOMAIN = "svc.cluster.local"


def sidecar(name="default", *hosts, namespace="default", selects=None, **spec):
    """A Sidecar with one egress listener for these hosts, or with the fields given."""
    full = {"egress": [{"hosts": list(hosts)}]} if hosts else {}
    if selects:
        full["workloadSelector"] = {"labels": {"app": selects}}
    more = {field: spec.pop(field) for field in ("age",) if field in spec}
    return istio("Sidecar", name, {**full, **spec}, namespace=namespace, **more)


def listener(number, *hosts, protocol="HTTP", **more):
    """An egress listener of a port."""
    port = {"number": number, "protocol": protocol, "name": f"port-{number}"}
    return {"port": port, "hosts": list(hosts), **more}


MESH = (
    pod("client", "10.0.0.1"),
    service("here", 8000),
    service("db", {"name": "tcp", "port": 5432}, spec={"clusterIP": "10.1.0.1"}),
    service("there", 8000, {"name": "http-more", "port": 8001}, namespace="other"),
    service("far", 8000, namespace="third"),
    entry("api.example.com", namespace="third", port=80),
)


def view_of(snapshot, name="client.default"):
    return snapshot.sidecar_views[snapshot.workloads[name].view]


def clusters(view):
    return {upstream.key.hostname.removesuffix(f".{DOMAIN}") for upstream in view.upstreams}


def hosts(view, port):
    [routes] = [routes for routes in view.http if routes.port == port]
    return {host.host.removesuffix(f".{DOMAIN}") for host in routes.hosts}


EVERYTHING = {"here.default", "db.default", "there.other", "far.third", "api.example.com"}


@pytest.mark.parametrize(
    ("imports", "seen"),
    [
        (["*/*"], EVERYTHING),
        (["./*"], {"here.default", "db.default"}),
        (["other/*"], {"there.other"}),
        ([f"*/here.default.{DOMAIN}"], {"here.default"}),
        ([f"third/here.default.{DOMAIN}"], set()),
        (["*/*.example.com"], {"api.example.com"}),
        ([f"*/*.third.{DOMAIN}"], {"far.third"}),
        (["~/*"], set()),
        (["~/*", "other/*"], {"there.other"}),
        (["OTHER/*"], {"there.other"}),
    ],
)
def test_imports_limit_services_and_names(imports, seen):
    snapshot = resolve(*MESH, sidecar("default", *imports))
    view = view_of(snapshot)
    assert clusters(view) == seen
    assert (
        hosts(view, 8000) == {host for host in seen if ".example" not in host and "db" not in host}
        if any(routes.port == 8000 for routes in view.http)
        else not {"here.default", "there.other", "far.third"} & seen
    )
    names = snapshot.scoped_names[view.key]
    assert {name.removesuffix(f".{DOMAIN}") for name in names if name.endswith((DOMAIN, ".com"))} == {
        host for host in seen if host in ("db.default", "api.example.com")
    }


def test_without_a_sidecar_everything_is_seen():
    snapshot = resolve(*MESH)
    assert clusters(view_of(snapshot)) == EVERYTHING
    assert snapshot.scoped_names == {}


class TestSelection:
    ROOT = sidecar("root", "./*", namespace="istio-system")
    OF_NAMESPACE = sidecar("namespace", "other/*")
    OF_WORKLOAD = sidecar("workload", "third/*", selects="client")

    @pytest.mark.parametrize(
        ("sidecars", "seen"),
        [
            ([ROOT], {"here.default", "db.default"}),
            ([ROOT, OF_NAMESPACE], {"there.other"}),
            ([ROOT, OF_NAMESPACE, OF_WORKLOAD], {"far.third", "api.example.com"}),
            ([OF_NAMESPACE, sidecar("elsewhere", "~/*", namespace="third")], {"there.other"}),
            ([sidecar("others", "~/*", selects="nobody")], EVERYTHING),
            ([sidecar("unused", "~/*", selects="client", namespace="istio-system")], EVERYTHING),
            ([sidecar("a", "~/*", age=1), sidecar("b", "other/*", age=2)], {"there.other"}),
        ],
    )
    def test_workload_then_namespace_then_root(self, sidecars, seen):
        assert clusters(view_of(resolve(*MESH, *sidecars))) == seen

    def test_own_namespace_of_the_root_default_is_the_workloads(self):
        snapshot = resolve(*MESH, pod("guest", "10.0.0.2", namespace="other"), self.ROOT)
        assert clusters(view_of(snapshot, "guest.other")) == {"there.other"}

    def test_sidecars_that_say_the_same_share_a_view(self):
        pods = [pod(f"p{i}", f"10.0.1.{i}") for i in range(1, 6)]
        sidecars = [sidecar(f"s{i}", "./*", selects=f"p{i}") for i in range(1, 6)]
        assert len(resolve(*MESH, *pods, *sidecars).sidecar_views) == 2

    def test_one_that_says_nothing_of_egress_limits_nothing(self):
        inbound = sidecar("inbound", selects="client", outboundTrafficPolicy={"mode": "ALLOW_ANY"})
        snapshot = resolve(*MESH, inbound)
        assert clusters(view_of(snapshot)) == EVERYTHING


class TestRules:
    ROUTED = virtual_service("far", f"far.third.{DOMAIN}", to(f"there.other.{DOMAIN}"), namespace="third")

    def test_destinations_of_imported_rules_are_reached_but_not_seen(self):
        view = view_of(resolve(*MESH, self.ROUTED, sidecar("default", "third/*")))
        assert clusters(view) == {"far.third", "api.example.com", "there.other"}
        assert hosts(view, 8000) == {"far.third"}

    @pytest.mark.parametrize(("imports", "target"), [("default/*", "here.default"), ("*/*", "far.third")])
    def test_rules_count_only_when_their_namespace_is_imported(self, imports, target):
        foreign = virtual_service(
            "far", f"here.default.{DOMAIN}", to(f"far.third.{DOMAIN}"), namespace="other"
        )
        view = view_of(resolve(*MESH, foreign, sidecar("default", imports)))
        [here] = [host for routes in view.http for host in routes.hosts if host.host.startswith("here")]
        assert here.rules[0].destinations[0].key.hostname == f"{target}.{DOMAIN}"

    def test_a_destination_that_is_not_imported_is_sent_to_on_its_own_port(self):
        single = service("single", 7000, namespace="third")
        routed = virtual_service("here", "here", to(f"single.third.{DOMAIN}"))
        view = view_of(resolve(*MESH, single, routed, sidecar("default", "./*")))
        [routes] = [routes for routes in view.http if routes.port == 8000]
        assert routes.hosts[0].rules[0].destinations[0].key.port == 7000


class TestPorts:
    def test_a_listener_with_a_port_has_it_alone(self):
        scope = sidecar(egress=[listener(8000, "other/*"), {"hosts": ["./*"]}])
        view = view_of(resolve(*MESH, scope))
        assert hosts(view, 8000) == {"there.other"}
        assert [routes.port for routes in view.http] == [8000]
        assert {route.port for route in view.tcp} == {5432}
        assert clusters(view) == {"there.other", "here.default", "db.default"}

    def test_a_listener_says_what_is_spoken_there(self):
        scope = sidecar(egress=[listener(8000, "other/*", protocol="TCP")])
        view = view_of(resolve(*MESH, scope))
        assert view.http == ()
        assert [(route.port, route.destinations[0].key.hostname) for route in view.tcp] == [
            (8000, f"there.other.{DOMAIN}")
        ]
        assert {upstream.protocol for upstream in view.upstreams} == {Protocol.HTTP}

    def test_names_do_not_depend_on_ports(self):
        scope = sidecar(egress=[listener(1234, "./*"), {"hosts": ["third/*"]}])
        snapshot = resolve(*MESH, scope)
        assert clusters(view_of(snapshot)) == {"far.third", "api.example.com"}


class TestAddresses:
    def test_a_bound_listener_answers_at_its_address(self):
        scope = sidecar(egress=[listener(8000, "*/*", bind="127.0.0.1", captureMode="NONE")])
        [one] = view_of(resolve(*MESH, scope)).bound
        assert (one.address, one.port, one.is_bound, one.tcp) == ("127.0.0.1", 8000, True, ())
        assert [host.host for host in one.routes.hosts] == [
            f"{name}.{DOMAIN}" for name in ("far.third", "here.default", "there.other")
        ]
        assert one.routes.fallback is Fallback.BLOCK

    def test_without_an_address_one_that_is_bound_is_at_loopback(self):
        scope = sidecar(egress=[listener(5432, "*/*", protocol="TCP", captureMode="NONE")])
        [one] = view_of(resolve(*MESH, scope)).bound
        [route] = one.tcp
        assert (one.address, one.routes, route.vip) == ("127.0.0.1", None, "127.0.0.1")
        assert route.destinations[0].key == UpstreamKey(f"db.default.{DOMAIN}", 5432)

    def test_captured_connections_to_an_address_may_go_on(self):
        scope = sidecar(egress=[listener(8000, "./*", bind="10.9.9.9")])
        [one] = view_of(resolve(*MESH, scope)).bound
        assert (one.address, one.is_bound) == ("10.9.9.9", False)
        assert one.routes.fallback is Fallback.PASSTHROUGH

    def test_an_address_without_a_port_is_for_the_ports_of_the_services(self):
        scope = sidecar(egress=[{"bind": "127.0.0.3", "captureMode": "NONE", "hosts": ["./*"]}])
        found = view_of(resolve(*MESH, scope)).bound
        assert [(one.address, one.port) for one in found] == [("127.0.0.3", 5432), ("127.0.0.3", 8000)]

    def test_a_socket_takes_requests_for_all_ports(self):
        scope = sidecar(egress=[listener(0, "*/*", bind="unix:///run/mesh.sock")])
        [one] = view_of(resolve(*MESH, scope)).bound
        assert (one.address, one.port, one.is_bound) == ("/run/mesh.sock", 0, True)
        domains = {domain: host for host in one.routes.hosts for domain in host.domains}
        assert domains[f"there.other.{DOMAIN}"].rules[0].destinations[0].key.port == 8000
        assert domains[f"there.other.{DOMAIN}:8001"].rules[0].destinations[0].key.port == 8001
        assert "here" in domains
        assert "here:8000" in domains

    def test_a_socket_may_carry_bytes(self):
        scope = sidecar(egress=[listener(0, "./*", protocol="TCP", bind="unix://@db")])
        [one] = view_of(resolve(*MESH, scope)).bound
        assert one.address == "@db"
        assert one.routes is None
        assert one.tcp[0].destinations[0].key.hostname == f"db.default.{DOMAIN}"


class TestUnknownTraffic:
    @pytest.mark.parametrize(
        ("policy", "allows_any"),
        [({"mode": "ALLOW_ANY"}, True), ({"mode": "REGISTRY_ONLY"}, False), ({}, False)],
    )
    def test_the_sidecar_decides(self, policy, allows_any):
        view = view_of(resolve(*MESH, sidecar("default", "*/*", outboundTrafficPolicy=policy)))
        assert view.allows_any is allows_any
        expected = Fallback.PASSTHROUGH if allows_any else Fallback.BLOCK
        assert {routes.fallback for routes in view.http} == {expected}

    def test_a_proxy_gets_it(self):
        proxy = {
            "mode": "ALLOW_ANY",
            "egressProxy": {"host": f"far.third.{DOMAIN}", "port": {"number": 8000}},
        }
        view = view_of(resolve(*MESH, sidecar("default", "./*", outboundTrafficPolicy=proxy)))
        key = UpstreamKey(f"far.third.{DOMAIN}", 8000)
        assert view.egress_proxy == key
        assert {routes.egress_proxy for routes in view.http} == {key}
        assert key in {upstream.key for upstream in view.upstreams}


def test_config_of_a_mesh_may_forbid_unknown_traffic_for_those_without_a_sidecar():
    config = kube("ConfigMap", "istio", {}, namespace="istio-system")
    del config["spec"]
    config["data"] = {"mesh": "outboundTrafficPolicy: {mode: REGISTRY_ONLY}"}
    assert view_of(resolve(*MESH, config)).allows_any is False


class TestProblems:
    def told(self, *objects):
        return [
            (problem.key.name, problem.field, problem.code)
            for problem in problems(*MESH, *objects)
            if problem.key and problem.key.kind == "Sidecar"
        ]

    def test_one_for_the_same_workloads_is_ignored(self):
        same = [sidecar(name, "./*", age=age) for name, age in (("young", 1), ("old", 2))]
        selecting = [sidecar(name, "./*", selects="client", age=age) for name, age in (("a", 2), ("b", 1))]
        assert self.told(*same, *selecting) == [
            ("b", "spec.workloadSelector", codes.IGNORED_SIDECAR),
            ("young", "spec", codes.IGNORED_SIDECAR),
        ]

    def test_a_host_that_is_no_service_is_told(self):
        hosts = ("./*", "~/*", f"*/here.default.{DOMAIN}", "./nothing.test", "other/api.example.com")
        assert self.told(sidecar("default", *hosts)) == [
            ("default", f"spec.egress[0].hosts[{index}]", codes.NOTHING_IMPORTED) for index in (3, 4)
        ]

    def test_tls_beside_that_of_the_mesh_is_told(self):
        tls = {"mode": "SIMPLE", "serverCertificate": "/a", "privateKey": "/b"}
        ingress = {"port": {"number": 9000, "protocol": "HTTPS", "name": "https"}, "tls": tls}
        own = sidecar("own", ingress=[ingress])
        assert self.told(own) == [("own", "spec.ingress[0].tls", codes.INGRESS_TLS_UNUSED)]
        assert self.told(own, peer_authentication("off", "DISABLE")) == []


def test_many_workloads_share_the_views_of_their_namespaces():
    namespaces = [f"n{i}" for i in range(10)]
    pods = [pod(f"p{i}", f"10.1.{i // 250}.{i % 250 + 1}", namespace=namespaces[i % 10]) for i in range(200)]
    scopes = [sidecar("scope", "./*", "default/*", namespace=namespace) for namespace in namespaces]
    snapshot = resolve(*pods, *scopes)
    assert len(snapshot.workloads) == 200
    assert len(snapshot.sidecar_views) == 10
