"""Connections that are not HTTP."""

from typing import Any

from tests.unit.mesh.objects import (
    codes,
    entry,
    pod,
    problems,
    resolve,
    routes,
    service,
    sidecars,
    to,
    virtual_service,
)

from convoy.mesh.model import Resolution, TlsMode

CALLER = pod("caller", "198.18.1.200")
TCP = {"port": 5432, "name": "tcp-db"}
AUTO = {"port": 7000, "name": "thing"}
HEADLESS = {"clusterIP": "None"}


def tcp(*objects: dict[str, Any]) -> dict[tuple[str, int], str]:
    view = sidecars(resolve(CALLER, *objects))
    return {(one.vip, one.port): one.destinations[0].key.hostname for one in view.tcp}


def test_service_is_reached_at_its_address() -> None:
    assert tcp(service("db", TCP, spec={"clusterIP": "198.18.129.1"})) == {
        ("198.18.129.1", 5432): "db.default.svc.cluster.local"
    }


def test_headless_service_is_reached_at_its_pods() -> None:
    pods = [pod("a", "198.18.1.1", app="db"), pod("b", "198.18.1.2", app="db")]
    assert list(tcp(service("db", TCP, spec=HEADLESS), *pods)) == [("198.18.1.1", 5432), ("198.18.1.2", 5432)]


def test_service_without_a_selector_is_left_to_the_address_that_was_called() -> None:
    api = service("kubernetes", TCP, spec={"clusterIP": "198.18.129.1", "selector": {}})
    view = sidecars(resolve(CALLER, api))
    assert [(one.vip, one.port) for one in view.tcp] == [("198.18.129.1", 5432)]
    (upstream,) = view.upstreams
    assert (upstream.resolution, upstream.tls.mode) == (Resolution.ORIGINAL_DST, TlsMode.DISABLE)


def test_service_without_address_gets_every_address() -> None:
    assert list(tcp(service("db", TCP))) == [("0.0.0.0", 5432)]
    assert problems(CALLER, service("db", TCP), service("web", 5432)) == ()


def test_bytes_and_http_share_a_port_except_where_servers_speak_first() -> None:
    mysql = {"port": 3306, "name": "tcp"}
    assert list(tcp(service("db", TCP), service("web", 5432))) == [("0.0.0.0", 5432)]
    assert tcp(service("db", mysql), service("web", 3306)) == {}
    assert codes(problems(CALLER, service("db", mysql), service("web", 3306))) == ["CVY0233"]


def test_oldest_of_two_without_address_counts_and_the_other_is_told() -> None:
    objects = (service("young", TCP, age=1), service("old", TCP, age=2))
    assert tcp(*objects) == {("0.0.0.0", 5432): "old.default.svc.cluster.local"}
    (problem,) = problems(CALLER, *objects)
    assert (problem.code.id, str(problem.key)) == ("CVY0233", "Service default/young")


def test_entries_get_an_address_so_they_do_not_collide() -> None:
    db = {"ports": [{"number": 5432, "name": "tcp", "protocol": "TCP"}]}
    objects = (entry("a.example.com", **db), entry("b.example.com", **db))
    assert len(tcp(*objects)) == 2
    assert problems(CALLER, *objects) == ()


def test_same_address_belongs_to_the_earlier_and_is_told() -> None:
    db = {"ports": [{"number": 5432, "name": "tcp", "protocol": "TCP"}], "addresses": ["240.0.0.3"]}
    objects = (entry("b.example.com", age=2, **db), entry("a.example.com", age=1, **db))
    assert tcp(*objects) == {("240.0.0.3", 5432): "b.example.com"}
    (problem,) = problems(CALLER, *objects)
    assert (problem.code.id, str(problem.key)) == ("CVY0232", "ServiceEntry default/a-example-com")


def test_undeclared_port_is_found_out_per_connection() -> None:
    view = sidecars(resolve(CALLER, service("thing", AUTO, spec={"clusterIP": "198.18.129.1"})))
    (sniffed,) = view.sniffed
    assert (sniffed.vip, sniffed.port) == ("198.18.129.1", 7000)
    assert [one.host for one in sniffed.routes.hosts] == ["thing.default.svc.cluster.local"]
    assert sniffed.destinations[0].key.port == 7000
    assert view.http == ()


def test_http_rules_attach_to_undeclared_ports_but_not_to_tcp() -> None:
    rule = virtual_service("r", "thing", to(("thing", "x")))
    made = service("thing", AUTO, TCP, spec={"clusterIP": "198.18.129.1"})
    view = sidecars(resolve(CALLER, made, rule))
    assert view.sniffed[0].routes.hosts[0].rules[0].origin is not None
    assert view.tcp[0].destinations[0].key.subset == ""
    assert "CVY0209" in codes(problems(CALLER, service("db", TCP), virtual_service("r", "db", to("db"))))


def test_http_ports_have_no_tcp_route() -> None:
    snapshot = resolve(CALLER, service("web", 80, spec={"clusterIP": "198.18.129.1"}))
    assert sidecars(snapshot).tcp == ()
    assert routes(snapshot, "web.default.svc.cluster.local", 80).port == 80


def test_headless_names_and_pods_share_the_rules_for_requests() -> None:
    web = service("web", {"port": 80, "name": "http"}, spec=HEADLESS)
    snapshot = resolve(CALLER, web, pod("a", "198.18.1.1", app="web"))
    domains = routes(snapshot, "web.default.svc.cluster.local", 80).domains
    assert {"web", "*.web", "*.web.default.svc.cluster.local", "198.18.1.1"} <= set(domains)
