"""Services of type ExternalName."""

from typing import Any

from tests.unit.mesh.objects import (
    codes,
    entry,
    names,
    pod,
    problems,
    resolve,
    routes,
    service,
    shares,
    sidecars,
    to,
    upstream,
    virtual_service,
)

from convoy.mesh.model import Resolution, TlsMode

CALLER = pod("caller", "198.18.1.200")
REVIEWS = service("reviews", 9080, spec={"clusterIP": "198.18.129.1"})
HOST = "reviews.default.svc.cluster.local"
Object = dict[str, Any]


def named(name: str, external: str, *ports: int | Object, **more: Any) -> Object:
    spec = {"type": "ExternalName", "externalName": external}
    return service(name, *ports, spec=spec if ports else {**spec, "ports": []}, **more)


def test_alias_of_a_service_is_a_spelling_of_it() -> None:
    snapshot = resolve(CALLER, REVIEWS, named("old", HOST))
    domains = routes(snapshot, HOST).domains
    assert {"old", "old.default", "old.default.svc.cluster.local"} <= set(domains)
    assert names(snapshot)["old.default.svc.cluster.local"] == ("198.18.129.1",)
    assert len(sidecars(snapshot).upstreams) == 1


def test_alias_of_an_alias_ends_at_the_service_and_a_ring_nowhere() -> None:
    chain = [named("a", "b.default.svc.cluster.local"), named("b", f"{HOST}.".upper())]
    assert "a" in routes(resolve(CALLER, REVIEWS, *chain), HOST).domains
    ring = [named("a", "b.default.svc.cluster.local"), named("b", "a.default.svc.cluster.local")]
    assert codes(problems(CALLER, *ring)) == ["CVY0236", "CVY0236"]


def test_alias_of_an_entry_s_host_is_a_spelling_of_it() -> None:
    snapshot = resolve(CALLER, entry("api.test", port=80), named("api", "api.test", 80))
    assert "api.default" in routes(snapshot, "api.test", 80).domains


def test_destination_that_is_an_alias_means_what_it_names() -> None:
    objects = [CALLER, REVIEWS, named("old", HOST), service("web", 80)]
    objects.append(virtual_service("r", "web", to(("old", "", 0))))
    (rule,) = routes(resolve(*objects), "web.default.svc.cluster.local", 80).rules
    assert shares(rule) == {(HOST, ""): 100}
    assert rule.destinations[0].key.port == 9080
    assert problems(*objects) == ()


def test_name_outside_is_a_service_that_envoy_resolves() -> None:
    snapshot = resolve(CALLER, named("away", "www.example.com", {"port": 80, "name": "http"}))
    found = upstream(snapshot, "away.default.svc.cluster.local", 80)
    assert (found.resolution, found.tls.mode) == (Resolution.DNS, TlsMode.DISABLE)
    assert [(one.address, one.port) for one in found.dns_endpoints] == [("www.example.com", 80)]
    assert "away" in routes(snapshot, "away.default.svc.cluster.local", 80).domains


def test_name_outside_has_an_address_only_where_bytes_need_it() -> None:
    http, tls = {"port": 80, "name": "http"}, {"port": 443, "name": "https"}
    assert "away.default" not in names(resolve(CALLER, named("away", "www.example.com", http)))
    snapshot = resolve(CALLER, named("away", "www.example.com", http, tls))
    (vip,) = names(snapshot)["away.default"]
    assert [(route.vip, route.port) for route in sidecars(snapshot).tcp] == [(vip, 443)]
    assert vip.startswith("240.240.")


def test_name_without_ports_is_left_to_dns() -> None:
    away = named("away", "www.example.com")
    assert sidecars(resolve(CALLER, away)).upstreams == ()
    assert codes(problems(CALLER, away)) == ["CVY0236"]
