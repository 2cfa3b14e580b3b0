"""Rules for connections: `tls` and `tcp` of VirtualServices."""

from typing import Any

from tests.unit.mesh.objects import (
    entry,
    istio,
    pod,
    problems,
    resolve,
    service,
    sidecars,
)

from convoy.mesh.l4_rules import is_matchable, settled_subnets
from convoy.mesh.model import TcpRoute

CALLER = pod("caller", "198.18.1.200", app="caller")
VIP = "198.18.129.1"
TLS = {"port": 443, "name": "https"}
TCP = {"port": 5432, "name": "tcp"}
Object = dict[str, Any]


def rules(name: str, *hosts: str, age: int = 0, **spec: Any) -> Object:
    more: Object = {"age": age} if age else {}
    return istio("VirtualService", name, {"hosts": list(hosts), **spec}, **more)


def to(*targets: tuple[str, int] | str, **match: Any) -> Object:
    """One rule to hosts, or (host, weight)."""
    parts = [(target, 0) if isinstance(target, str) else target for target in targets]
    route = [
        {"destination": {"host": host}, **({"weight": weight} if weight else {})} for host, weight in parts
    ]
    return {"route": route, **({"match": [match]} if match else {})}


def made(*objects: Object) -> tuple[TcpRoute, ...]:
    return sidecars(resolve(CALLER, *objects)).tcp


def short(route: TcpRoute) -> tuple[str, tuple[str, ...], tuple[str, ...], dict[str, int]]:
    """Address, server names, networks, and shares by the first label of the host."""
    shares = {one.key.hostname.partition(".")[0]: one.weight for one in route.destinations}
    return route.vip, route.server_names, route.subnets, shares


def plain(name: str, *ports: Object, **more: Any) -> Object:
    return service(name, *ports, **more)


class TestTls:
    def test_port_without_rules_is_told_by_its_address(self) -> None:
        (route,) = made(plain("web", TLS, spec={"clusterIP": VIP}))
        assert short(route) == (VIP, (), (), {"web": 100})

    def test_port_without_an_address_is_told_by_its_name(self) -> None:
        https: Object = {
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
            "location": "MESH_EXTERNAL",
        }
        one = entry("*.a.example.com", **https, resolution="STATIC", endpoints=[{"address": "1.2.3.4"}])
        two = entry("*.b.example.com", **https, resolution="STATIC", endpoints=[{"address": "1.2.3.5"}])
        assert [short(route)[:2] for route in made(one, two)] == [
            ("0.0.0.0", ("*.a.example.com",)),
            ("0.0.0.0", ("*.b.example.com",)),
        ]

    def test_rules_choose_by_name_and_leave_nothing_to_the_service(self) -> None:
        web = plain("web", TLS, spec={"clusterIP": VIP})
        other = plain("other", TLS, spec={"clusterIP": "198.18.129.2"})
        host = "web.default.svc.cluster.local"
        rule = rules(
            "r",
            "web",
            host,
            "x.test",
            tls=[to(("web", 80), ("other", 20), sniHosts=[host]), to("other", sniHosts=["X.test"])],
        )
        routes = [short(route) for route in made(web, other, rule) if route.vip == VIP]
        assert routes == [
            (VIP, (host,), (), {"web": 80, "other": 20}),
            (VIP, ("x.test",), (), {"other": 100}),
        ]

    def test_first_of_two_rules_for_a_name_counts(self) -> None:
        web = plain("web", TLS, spec={"clusterIP": VIP})
        first = rules("a", "web", "*.test", tls=[to("web", sniHosts=["a.test", "b.test"])], age=2)
        second = rules("b", "web", "*.test", tls=[to("other", sniHosts=["b.test", "c.test"])], age=1)
        routes = [short(route)[1:] for route in made(web, second, first)]
        assert routes == [
            (("a.test", "b.test"), (), {"web": 100}),
            (("c.test",), (), {"other": 100}),
        ]

    def test_networks_are_told_apart_under_one_name(self) -> None:
        web = plain("web", TLS, spec={"clusterIP": VIP})
        tls = [
            to("a", sniHosts=["x.test"], destinationSubnets=["198.18.0.7/16"]),
            to("b", sniHosts=["x.test"], destinationSubnets=["198.18.0.0/16", "10.0.0.0/8"]),
        ]
        routes = [short(route)[1:] for route in made(web, rules("r", "web", "x.test", tls=tls))]
        assert routes == [
            (("x.test",), ("10.0.0.0/8",), {"b": 100}),
            (("x.test",), ("198.18.0.0/16",), {"a": 100}),
        ]

    def test_rules_hold_for_the_port_and_the_caller_they_name(self) -> None:
        web = plain("web", TLS, spec={"clusterIP": VIP})
        for match, wanted in (
            ({"port": 443}, "other"),
            ({"port": 8443}, "web"),
            ({"sourceLabels": {"app": "caller"}}, "other"),
            ({"sourceLabels": {"app": "else"}}, "web"),
            ({"sourceNamespace": "default"}, "other"),
            ({"sourceNamespace": "else"}, "web"),
            ({"gateways": ["mesh"]}, "other"),
            ({"gateways": ["some"]}, "web"),
        ):
            rule = rules(
                "r",
                "web",
                "x.test",
                gateways=["mesh", "some"],
                tls=[to("other", sniHosts=["x.test"], **match)],
            )
            (route,) = made(web, rule)
            assert list(short(route)[3]) == [wanted], match

    def test_wildcard_host_has_the_rules_of_names_that_it_covers(self) -> None:
        ports = [{"number": 443, "name": "tls", "protocol": "TLS"}]
        everything = entry("*.example.com", ports=ports, location="MESH_EXTERNAL", resolution="NONE")
        rule = rules("r", "www.example.com", tls=[to("*.example.com", sniHosts=["www.example.com"])])
        (route,) = made(everything, rule)
        assert (route.vip, route.server_names) == ("0.0.0.0", ("www.example.com",))
        assert route.destinations[0].key.hostname == "*.example.com"

    def test_rules_for_bytes_do_not_count(self) -> None:
        (route,) = made(plain("web", TLS, spec={"clusterIP": VIP}), rules("r", "web", tcp=[to("other")]))
        assert short(route)[3] == {"web": 100}


class TestTcp:
    def test_rule_without_conditions_takes_everything(self) -> None:
        (route,) = made(
            plain("db", TCP, spec={"clusterIP": VIP}),
            rules("r", "db", tcp=[to(("db", 1), ("other", 3)), to("never")]),
        )
        assert short(route) == (VIP, (), (), {"db": 1, "other": 3})

    def test_what_rules_leave_goes_to_the_service(self) -> None:
        rule = rules("r", "db", tcp=[to("other", destinationSubnets=["198.18.129.0/28"])])
        routes = [short(route) for route in made(plain("db", TCP, spec={"clusterIP": VIP}), rule)]
        assert routes == [
            (VIP, (), (), {"db": 100}),
            (VIP, (), ("198.18.129.0/28",), {"other": 100}),
        ]

    def test_rules_of_several_objects_add_up_oldest_first(self) -> None:
        old = rules("old", "db", tcp=[to("a", destinationSubnets=["198.18.129.0/28"])], age=9)
        young = rules("young", "*.default.svc.cluster.local", tcp=[to("b")], age=1)
        routes = [short(route)[2:] for route in made(plain("db", TCP, spec={"clusterIP": VIP}), young, old)]
        assert routes == [((), {"b": 100}), (("198.18.129.0/28",), {"a": 100})]

    def test_destination_port_is_the_services_only_one_or_the_listeners(self) -> None:
        objects = [
            plain("db", TCP, spec={"clusterIP": VIP}),
            plain("single", {"port": 7, "name": "tcp"}, spec={"clusterIP": "198.18.129.2"}),
            rules("r", "db", tcp=[to(("single", 1), ("unknown", 1))]),
        ]
        route = next(route for route in made(*objects) if route.vip == VIP)
        assert [one.key.port for one in route.destinations] == [7, 5432]

    def test_bytes_of_an_undeclared_port_follow_the_rules_too(self) -> None:
        thing = plain("thing", {"port": 7000, "name": "thing"}, spec={"clusterIP": VIP})
        view = sidecars(resolve(CALLER, thing, rules("r", "thing", tcp=[to("other")])))
        (sniffed,) = view.sniffed
        assert (view.tcp, sniffed.destinations[0].key.hostname.partition(".")[0]) == ((), "other")

    def test_networks_of_an_entry_are_where_it_is_reached(self) -> None:
        ports = [{"number": 5432, "name": "tcp", "protocol": "TCP"}]
        db = entry("db.test", ports=ports, addresses=["10.1.0.0/16", "10.9.9.9"], resolution="NONE")
        assert [short(route)[:3] for route in made(db)] == [
            ("0.0.0.0", (), ("10.1.0.0/16",)),
            ("10.9.9.9", (), ()),
        ]


def test_two_undeclared_ports_without_an_address_share_the_requests() -> None:
    port = {"port": 7000, "name": "thing"}
    (sniffed,) = sidecars(resolve(CALLER, plain("a", port, age=2), plain("b", port, age=1))).sniffed
    assert [host.host.partition(".")[0] for host in sniffed.routes.hosts] == ["a", "b"]
    assert sniffed.destinations[0].key.hostname.startswith("a.")


def test_only_whole_labels_of_a_server_name_may_be_open() -> None:
    names = ("a.test", "*.test", "*", "*a.test", "a.*", "*.a.*")
    assert list(filter(is_matchable, names)) == ["a.test", "*.test", "*"]


def test_every_address_is_no_condition() -> None:
    assert settled_subnets(["10.0.0.1/8", "10.0.0.0/8", "fd00::/8"]) == ("10.0.0.0/8", "fd00::/8")
    assert settled_subnets(["10.0.0.0/8", "0.0.0.0/0"]) == ()


class TestChecks:
    def told(self, *objects: Object) -> list[tuple[str, str]]:
        return [(problem.code.id, problem.field) for problem in problems(CALLER, *objects)]

    def test_rules_for_connections_that_no_port_has_are_told(self) -> None:
        web = plain("web", {"port": 80, "name": "http"}, spec={"clusterIP": VIP})
        rule = rules("r", "web", "x.test", tls=[to("web", sniHosts=["x.test"])], tcp=[to("web")])
        assert ("CVY0213", "spec.tls") in self.told(web, rule)
        assert ("CVY0213", "spec.tcp") in self.told(web, rule)

    def test_rules_that_connections_meet_are_not(self) -> None:
        both = plain("web", TLS, TCP, spec={"clusterIP": VIP})
        target = {"destination": {"host": "web", "port": {"number": 443}}}
        tls = {"match": [{"sniHosts": ["web"]}], "route": [target]}
        assert self.told(both, rules("r", "web", tls=[tls], tcp=[{"route": [target]}])) == []

    def test_half_open_labels_are_told(self) -> None:
        web = plain("web", TLS, spec={"clusterIP": VIP})
        rule = rules("r", "web", "*x.test", tls=[to("web", sniHosts=["*x.test"])])
        assert ("CVY0213", "spec.tls[0].match[0].sniHosts[0]") in self.told(web, rule)

    def test_destinations_and_their_subsets_are_looked_for(self) -> None:
        web = plain("web", TLS, spec={"clusterIP": VIP})
        rule = rules("r", "web", tls=[to("nobody", sniHosts=["web"])])
        assert ("CVY0202", "spec.tls[0].route[0].destination.host") in self.told(web, rule)

    def test_several_objects_with_rules_for_connections_are_no_conflict(self) -> None:
        web = plain("web", TLS, TCP, spec={"clusterIP": VIP})
        target = {"destination": {"host": "web", "port": {"number": 443}}}
        one = rules("a", "web", tls=[{"match": [{"sniHosts": ["web"]}], "route": [target]}], age=2)
        assert self.told(web, one, rules("b", "web", tcp=[{"route": [target]}], age=1)) == []
