"""What a DestinationRule says that Envoy reads where traffic comes in."""

from typing import Any

from tests.unit.mesh.objects import (
    SETTINGS,
    gateway,
    gateway_pod,
    http_server,
    istio,
    kube,
    pod,
    resolve,
    routes,
    service,
    sidecars,
    to,
    virtual_service,
)
from tests.unit.mesh.objects import destination_rule as rule

from convoy.mesh.model import ConnectionPolicy, HashPolicy, HashSource, MeshSnapshot, Tunnel

HOST = "reviews.default.svc.cluster.local"
BY_HEADER = {"consistentHash": {"httpHeaderName": "x-user"}}
HASHED = (HashPolicy(HashSource.HEADER, "x-user"),)


def mesh(policy: dict[str, Any], *objects: dict[str, Any], **more: Any) -> MeshSnapshot:
    """A service with HTTP, bytes, and a port of which nobody knows, and a rule for it."""
    return resolve(
        service("reviews", 9080, {"name": "tcp-db", "port": 5432}, {"name": "any", "port": 7000}),
        service("ratings", 9080),
        pod("reviews", "198.18.1.1"),
        rule("reviews", "reviews", trafficPolicy=policy, **more),
        *objects,
        settings=SETTINGS,
    )


def test_routes_to_a_hashing_upstream_are_hashed_and_no_others() -> None:
    snapshot = mesh({"loadBalancer": BY_HEADER})
    assert [one.hash_policies for one in routes(snapshot, HOST).rules] == [HASHED]
    other = routes(snapshot, "ratings.default.svc.cluster.local").rules
    assert [one.hash_policies for one in other] == [()]
    (sniffed,) = sidecars(snapshot).sniffed
    assert [one.hash_policies for host in sniffed.routes.hosts for one in host.rules] == [HASHED]


def test_a_subset_may_hash_for_itself() -> None:
    hashing = {"loadBalancer": {"consistentHash": {"useSourceIp": True}}}
    subset = {"name": "v1", "labels": {"version": "v1"}, "trafficPolicy": hashing}
    rules = rule("reviews", "reviews")
    rules["spec"]["subsets"] = [subset]
    snapshot = resolve(
        service("reviews", 9080),
        pod("reviews", "198.18.1.1"),
        rules,
        virtual_service(
            "reviews", "reviews", to(("reviews", "v1"), match=[{"uri": {"prefix": "/v1"}}]), to("reviews")
        ),
    )
    found = [one.hash_policies for one in routes(snapshot, HOST).rules]
    assert found == [(HashPolicy(HashSource.SOURCE_IP),), ()]


def test_a_gateways_routes_are_hashed_too() -> None:
    target = {"host": HOST, "port": {"number": 9080}}
    snapshot = mesh(
        {"loadBalancer": BY_HEADER},
        gateway_pod(),
        kube(
            "Service",
            "gateway",
            {"ports": [{"port": 80}], "selector": {"istio": "gateway"}},
            namespace="istio-system",
        ),
        gateway("front", http_server("*")),
        virtual_service(
            "front", "reviews.test", {"route": [{"destination": target}]}, gateways=["istio-system/front"]
        ),
    )
    (view,) = snapshot.gateway_views.values()
    (http,) = view.http
    assert [one.hash_policies for host in http.routes.hosts for one in host.rules] == [HASHED]


def test_connections_of_bytes_have_their_upstreams_policy() -> None:
    tunnel = {"targetHost": "far.test", "targetPort": 443}
    idle = {"tcp": {"idleTimeout": "5s"}}
    view = sidecars(mesh({"tunnel": tunnel, "connectionPool": idle}))
    policy = ConnectionPolicy(idle_ms=5000, tunnel=Tunnel("far.test:443"))
    (tcp,), (sniffed,) = view.tcp, view.sniffed
    assert [one.connections for one in (*tcp.destinations, *sniffed.destinations)] == [policy, policy]


def test_listeners_that_a_sidecar_opens_are_no_exception() -> None:
    listener = {"port": {"number": 9080, "protocol": "HTTP", "name": "http"}, "bind": "127.0.0.1"}
    scope = istio("Sidecar", "default", {"egress": [{**listener, "hosts": ["./*"]}, {"hosts": ["./*"]}]})
    (bound,) = sidecars(mesh({"loadBalancer": BY_HEADER}, scope)).bound
    assert bound.routes
    (reviews,) = (one for one in bound.routes.hosts if one.host == HOST)
    assert [one.hash_policies for one in reviews.rules] == [HASHED]


def test_a_view_without_such_policies_stays_as_it_is() -> None:
    snapshot = mesh({"loadBalancer": {"simple": "RANDOM"}})
    assert all(not one.hash_policies for one in routes(snapshot, HOST).rules)
