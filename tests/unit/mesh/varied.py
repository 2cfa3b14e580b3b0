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
    passthrough_server,
    peer_authentication,
    pod,
    remote,
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


def selecting() -> Sequence[Sequence[Object]]:
    """What selects the pods of `pod_variants`; each stands under one name."""
    named = {"name": "http-a", "port": 9081, "targetPort": "web"}
    raw = {"name": "tcp-b", "port": 9082, "targetPort": 9080}
    unknown = {"name": "b", "port": 9082, "targetPort": 9080}
    headless = {"spec": {"clusterIP": "None"}}
    chosen = {"resolution": "STATIC", "workloadSelector": {"labels": {"app": "b"}}}
    latency = {"localityLbSetting": {"enabled": True}}
    zones = {"loadBalancer": latency, "outlierDetection": {}}
    everything = "*.default.svc.cluster.local"
    return (
        (service("a", named), service("a", named, 9080)),
        (service("b", raw), service("b", raw, unknown), service("b", 9080, **headless)),
        (service("both", {**raw, "name": "http-c"}, spec={"selector": {"tier": "web"}}),),
        (service("names", raw, spec={"selector": {"tier": "web"}, "clusterIP": "None"}),),
        (entry("chosen.example", **chosen), entry("chosen.example", endpoints=[remote("198.18.1.9")])),
        (
            entry(
                "elsewhere.example", resolution="STATIC", endpoints=[{**remote("198.18.1.9"), "network": "n"}]
            ),
        ),
        (
            destination_rule("a", "a.default.svc.cluster.local", subsets={"v1": {"version": "v1"}}),
            destination_rule("a", everything, trafficPolicy=zones),
            destination_rule("a", everything, trafficPolicy={"loadBalancer": {"simple": "PASSTHROUGH"}}),
        ),
        (istio("WorkloadGroup", "group", {"template": {"labels": {"app": "b"}}}),),
        (gateway("gateway", http_server("*")), gateway("gateway", passthrough_server("*.local"))),
        (service("gateway", 80, namespace="istio-system", spec={"selector": {"istio": "gateway"}}),),
    )


def pod_variants() -> Sequence[Sequence[Object]]:
    """Pods that come and go, by name."""
    return (*(_pods(number) for number in range(7)), *(_gateways(name) for name in ("gateway", "other")))


def _pods(number: int) -> tuple[Object, ...]:
    name, address = f"pod-{number}", f"10.0.1.{number}"
    web = {"containers": [{"name": "app", "image": "app", "ports": [{"name": "web", "containerPort": 8080}]}]}
    joins = [{"name": "ISTIO_META_AUTO_REGISTER_GROUP", "value": "group"}]
    proxy = {"containers": [{"name": "istio-proxy", "image": "auto", "env": joins}]}
    unready = {"conditions": [{"type": "Ready", "status": "False"}]}
    tier, places = {"tier": "web"}, {"topology.kubernetes.io/region": f"region-{number % 2}"}
    return (
        pod(name, address, app="a", labels={"version": "v1"}),
        pod(name, address, app="a", labels={"version": "v2", **tier, **places}, spec=web),
        pod(name, address, app="a", account="another"),
        pod(name, address, app="a", status=unready),
        pod(name, address, app="a", status={"phase": "Succeeded"}),
        pod(name, f"10.0.2.{number}", app="b", labels=tier),
        pod(name, address, app="b", labels={**tier, **places}, sidecar=False),
        pod(name, address, app="b", spec=proxy, labels=places),
        pod(name, address, app="b", namespace="other"),
        pod(name, address, app="none", namespace=f"only-{number}"),
    )


def _gateways(name: str) -> tuple[Object, ...]:
    return (gateway_pod(name), gateway_pod(name, "198.18.1.4"), gateway_pod(name, namespace="default"))
