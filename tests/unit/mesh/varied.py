"""Objects that may stand under one name, for tests that change a mesh step by step."""

from collections.abc import Sequence
from typing import Any

from tests.unit.mesh.objects import (
    Object,
    destination_rule,
    entry,
    gateway,
    gateway_pod,
    http_server,
    istio,
    kube,
    peer_authentication,
    pod,
    service,
    to,
    virtual_service,
)

REVIEWS, RATINGS = "reviews.default.svc.cluster.local", "ratings.default.svc.cluster.local"
UNKNOWN = "a.example.com"
_TCP = {"name": "tcp-db", "port": 9000}
_ANY = {"name": "any", "port": 9080}


def variants() -> Sequence[Sequence[Object]]:
    """For every name the objects that may stand under it."""
    return (
        _rules("a", REVIEWS),
        _rules("b", REVIEWS),
        _rules("c", RATINGS, namespace="other"),
        _rules("d", UNKNOWN),
        (istio("VirtualService", "child", {"http": [to(REVIEWS)]}), _child(exportTo=["."])),
        _policies("a", REVIEWS),
        _policies("b", "*.default.svc.cluster.local", namespace="other"),
        tuple(_sidecar(host) for host in ("default/*", "./*", f"default/{REVIEWS}")),
        (entry(UNKNOWN), entry(UNKNOWN, exportTo=["."]), entry(UNKNOWN, ports=[_port("tcp", "TCP")])),
        tuple(gateway("gateway", http_server(host)) for host in ("*", REVIEWS)),
        tuple(peer_authentication("default", mode) for mode in ("STRICT", "DISABLE")),
        tuple(map(_mesh, _CONFIGURATIONS)),
        (service("reviews", 9080), service("reviews", 9080, _TCP), service("reviews", _ANY)),
        (service("ratings", 9080), service("ratings", 9080, 9081)),
        tuple(
            pod("reviews-1", one, app="reviews", labels={"version": "v1"}) for one in ("10.0.0.1", "10.0.0.2")
        ),
        tuple(pod("ratings-1", "10.0.0.3", app="ratings", labels={"version": v}) for v in ("v1", "v2")),
        (pod("caller", "10.0.0.4", namespace="other", labels={"version": "v2"}),),
        (gateway_pod(),),
    )


_CONFIGURATIONS = (
    "outboundTrafficPolicy: {mode: REGISTRY_ONLY}",
    "defaultHttpRetryPolicy: {attempts: 5}",
    "discoverySelectors: [{matchLabels: {kubernetes.io/metadata.name: default}}]",
)


def _rules(name: str, host: str, *, namespace: str = "default") -> tuple[Object, ...]:
    def one(*http: Object, hosts: Sequence[str] = (host,), **spec: Any) -> Object:
        return virtual_service(name, list(hosts), *http, namespace=namespace, **spec)

    only_v1 = {"match": [{"sourceLabels": {"version": "v1"}}]}
    elsewhere = {"match": [{"port": 9999}]}
    both = (host, "unknown.example")
    everything = ("*.svc.cluster.local",)
    return (
        one(to(host)),
        one(to(host, timeout="3s")),
        one(to((RATINGS, "v1"))),
        one(to(host, **only_v1), to(RATINGS)),
        one(to(RATINGS, **only_v1), to(RATINGS)),
        one(to(host, **elsewhere)),
        one(to(host), gateways=["istio-system/gateway", "mesh"]),
        one(to(RATINGS), gateways=["istio-system/gateway", "mesh"]),
        one(to(host), export_to=["."]),
        one(to(host), hosts=both),
        one(to(host, **elsewhere), hosts=both),
        one(to(host), hosts=everything),
        one(to(RATINGS), hosts=everything),
        one({"delegate": {"name": "child", "namespace": "default"}}),
        *(_connections(name, host, namespace, target) for target in (host, RATINGS)),
    )


def _connections(name: str, host: str, namespace: str, target: str) -> Object:
    rule = {"match": [{"sourceLabels": {"version": "v2"}}], **to(target)}
    return istio("VirtualService", name, {"hosts": [host], "tcp": [rule]}, namespace=namespace)


def _child(**spec: Any) -> Object:
    return istio("VirtualService", "child", {"http": [to(RATINGS)], **spec})


def _policies(name: str, host: str, *, namespace: str = "default") -> tuple[Object, ...]:
    hashing = {"loadBalancer": {"consistentHash": {"httpHeaderName": "x-user"}}}
    idle = {"connectionPool": {"tcp": {"idleTimeout": "7s"}}}
    selecting = {"workloadSelector": {"matchLabels": {"version": "v2"}}}
    subsets = {"v1": {"version": "v1"}}
    return (
        destination_rule(name, host, namespace=namespace, subsets=subsets),
        destination_rule(name, host, namespace=namespace, subsets=subsets, trafficPolicy=hashing),
        destination_rule(name, host, namespace=namespace, trafficPolicy=idle),
        destination_rule(name, host, namespace=namespace, trafficPolicy=hashing, **selecting),
    )


def _sidecar(host: str) -> Object:
    return istio("Sidecar", "default", {"egress": [{"hosts": [host]}]}, namespace="other")


def _port(name: str, protocol: str) -> Object:
    return {"number": 9080, "name": name, "protocol": protocol}


def _mesh(text: str) -> Object:
    made = kube("ConfigMap", "istio", {}, namespace="istio-system", data={"mesh": text})
    return {field: value for field, value in made.items() if field != "spec"}
