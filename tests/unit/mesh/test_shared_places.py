"""Whatever services and rules there are, no proxy gets two claims on the same connections or requests.

Envoy refuses a listener with two filter chains that match alike, and a route configuration in which a domain
is said twice: one such mistake would hold up every other change.
"""

from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.mesh.objects import SETTINGS, Object, entry, istio, parse, pod, service

from convoy.config.view import build_view
from convoy.mesh.model import MeshSnapshot, SidecarView
from convoy.mesh.snapshot import build_snapshot
from convoy.xds.build.listeners_outbound import build_outbound_listener
from convoy.xds.build.outbound_plan import plan_listeners, plan_routes
from convoy.xds.build.routes import build_route_configuration

NAMES = st.sampled_from(("a", "b", "c"))
NUMBERS = st.sampled_from((80, 443, 3306))
PORTS = st.builds(
    lambda kind, number: {"port": number, "name": f"{kind}-{number}"},
    st.sampled_from(("http", "tcp", "tls", "any", "grpc-web")),
    NUMBERS,
)
SERVICES = st.builds(
    lambda name, ports, spec, age: service(
        name, *{port["port"]: port for port in ports}.values(), spec=spec, age=age
    ),
    NAMES,
    st.lists(PORTS, min_size=1, max_size=3),
    st.sampled_from(
        (
            {"clusterIP": "198.18.129.1"},
            {"clusterIP": "198.18.129.2"},
            {"clusterIP": "None"},
            {},
            {"type": "ExternalName", "externalName": "www.example.com"},
            {"type": "ExternalName", "externalName": "a.default.svc.cluster.local"},
        )
    ),
    st.integers(1, 3),
)
ENTRIES = st.builds(
    lambda host, protocol, number, addresses, age: entry(
        host,
        name=f"{host.replace('*', 'any').replace('.', '-')}-{age}",
        ports=[{"number": number, "name": "port", "protocol": protocol}],
        addresses=addresses,
        resolution="STATIC",
        endpoints=[{"address": "10.9.9.9"}],
        age=age,
    ),
    st.sampled_from(("*.x.test", "www.x.test", "*.y.test", "www.y.test")),
    st.sampled_from(("HTTP", "TCP", "TLS", "")),
    NUMBERS,
    st.sampled_from(([], ["10.0.0.0/8"], ["10.0.0.0/8", "10.1.0.0/16"], ["10.1.1.1"], ["198.18.129.1"])),
    st.integers(1, 3),
)
SUBNETS = st.lists(st.sampled_from(("10.0.0.0/8", "10.1.2.3/8", "10.1.0.0/16", "0.0.0.0/0")), max_size=2)


def _rule(kind: str, matches: list[list[str]], target: str) -> Object:
    route = [{"destination": {"host": target, "port": {"number": 80}}}]
    names = ["www.x.test", "*.y.test"]
    made: list[Any] = [{"destinationSubnets": subnets} for subnets in matches]
    if kind == "tls":
        made = [{**match, "sniHosts": names[i % 2 :]} for i, match in enumerate(made or [{}])]
    return {"match": made, "route": route}


RULES = st.builds(
    lambda name, kind, matches, target, age: istio(
        "VirtualService",
        f"{name}-{age}",
        {"hosts": [name, "www.x.test", "*.y.test"], kind: [_rule(kind, matches, target)]},
        age=age,
    ),
    NAMES,
    st.sampled_from(("tls", "tcp")),
    st.lists(SUBNETS, max_size=3),
    NAMES,
    st.integers(1, 3),
)


def _distinct(objects: list[Object]) -> list[Object]:
    return list({(one["kind"], one["metadata"]["name"]): one for one in objects}.values())


WORLDS = st.lists(st.one_of(SERVICES, ENTRIES, RULES), min_size=1, max_size=8).map(_distinct)
PODS = [pod("one", "198.18.1.1", app="a"), pod("two", "198.18.1.2", app="b")]


def _build(objects: list[Any]) -> MeshSnapshot:
    return build_snapshot(build_view(1, objects), SETTINGS)[0]


def _claims(view: SidecarView) -> Counter[tuple[str, int, str, str]]:
    claims: Counter[tuple[str, int, str, str]] = Counter()
    for route in view.tcp:
        for name in route.server_names or ("",):
            claims.update((route.vip, route.port, name, subnet) for subnet in route.subnets or ("",))
    for sniffed in view.sniffed:
        claims.update((sniffed.vip, sniffed.port, "", subnet) for subnet in sniffed.subnets or ("",))
    return claims


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(world=WORLDS)
def test_connections_and_requests_are_claimed_once(world: list[Object]) -> None:
    snapshot = _build(parse(*PODS, *world))
    for view in snapshot.sidecar_views.values():
        assert max(_claims(view).values(), default=1) == 1
        listeners = [build_outbound_listener(plan) for plan in plan_listeners(view)]
        assert len({one.name for one in listeners}) == len(listeners)
        for listener in listeners:
            matches = [one.filter_chain_match.SerializeToString() for one in listener.filter_chains]
            assert len(matches) == len(set(matches))
        for table in plan_routes(view):
            built = build_route_configuration(table.name, table.routes)
            domains = Counter(domain.lower() for host in built.virtual_hosts for domain in host.domains)
            assert max(domains.values()) == 1, domains


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(world=WORLDS, random=st.randoms(use_true_random=False))
def test_order_of_objects_makes_no_difference(world: list[Object], random: Any) -> None:
    objects = parse(*PODS, *world)
    shuffled = list(objects)
    random.shuffle(shuffled)
    assert repr(_build(objects)) == repr(_build(shuffled))
