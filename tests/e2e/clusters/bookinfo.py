"""Bookinfo on two clusters, as the article has it, and all of jason's reviews from v2 in cluster2."""

from typing import Any

Manifest = dict[str, Any]

NAMESPACE = "default"
GLOBAL = "reviews.default.global"
_PORT = 9080
_NETWORKING = "networking.istio.io/v1alpha3"


def _metadata(name: str, **fields: Any) -> Manifest:
    return {"name": name, "namespace": NAMESPACE, **fields}


def service(app: str) -> Manifest:
    """A Service for the pods of an app."""
    spec = {"selector": {"app": app}, "ports": [{"port": _PORT, "name": "http"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(app), "spec": spec}


def deployment(app: str, version: str = "v1") -> Manifest:
    """One replica of one version, without a word on probes, strategy or ends: as the article prints it."""
    labels = {"app": app, "version": version}
    container = {
        "name": app,
        "image": f"istio/examples-bookinfo-{app}-{version}:1.10.0",
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": _PORT}],
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "extensions/v1beta1",
        "kind": "Deployment",
        "metadata": _metadata(f"{app}-{version}"),
        "spec": {"replicas": 1, "template": template},
    }


def first_cluster(remote_gateway: str) -> list[Manifest]:
    """The pages, and the way to the other cluster's reviews."""
    return [
        *(part for app in ("productpage", "details", "reviews") for part in (service(app), deployment(app))),
        *_ingress(),
        *_remote_reviews(remote_gateway),
        route_of("jason", GLOBAL, "v2"),
    ]


def second_cluster() -> list[Manifest]:
    """The other reviews, and ratings."""
    return [
        service("ratings"),
        deployment("ratings"),
        service("reviews"),
        deployment("reviews", "v2"),
        deployment("reviews", "v3"),
        _rule("reviews", "reviews.default.svc.cluster.local", {v: {"version": v} for v in ("v2", "v3")}),
    ]


def _ingress() -> list[Manifest]:
    server = {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}
    gateway = {
        "apiVersion": _NETWORKING,
        "kind": "Gateway",
        "metadata": _metadata("bookinfo-gateway"),
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": [server]},
    }
    target = {"destination": {"host": "productpage", "port": {"number": _PORT}}}
    spec = {"hosts": ["*"], "gateways": ["bookinfo-gateway"], "http": [{"route": [target]}]}
    return [gateway, _virtual_service("bookinfo", spec)]


def _remote_reviews(gateway: str) -> list[Manifest]:
    where = {"cluster": "cluster2"}
    spec = {
        "hosts": [GLOBAL],
        "location": "MESH_INTERNAL",
        "ports": [{"name": "http1", "number": _PORT, "protocol": "http"}],
        "resolution": "DNS",
        "addresses": ["127.255.0.3"],
        "endpoints": [{"address": gateway, "labels": where, "ports": {"http1": 15443}}],
    }
    entry = {
        "apiVersion": _NETWORKING,
        "kind": "ServiceEntry",
        "metadata": _metadata("reviews-default"),
        "spec": spec,
    }
    return [entry, _rule("reviews-global", GLOBAL, {"v2": where, "v3": where})]


def _rule(name: str, host: str, subsets: dict[str, dict[str, str]]) -> Manifest:
    spec = {
        "host": host,
        "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}},
        "subsets": [{"name": subset, "labels": labels} for subset, labels in subsets.items()],
    }
    return {
        "apiVersion": _NETWORKING,
        "kind": "DestinationRule",
        "metadata": _metadata(name),
        "spec": spec,
    }


def route_of(user: str, host: str, subset: str) -> Manifest:
    """All reviews for a user from a subset of a host, for everybody else from v1 here."""
    match = [{"headers": {"end-user": {"exact": user}}}]
    own = {"match": match, "route": [{"destination": {"host": host, "subset": subset}}]}
    local = {"route": [{"destination": {"host": "reviews.default.svc.cluster.local"}}]}
    spec = {"hosts": ["reviews.default.svc.cluster.local"], "http": [own, local]}
    return _virtual_service("reviews", spec)


def _virtual_service(name: str, spec: Manifest) -> Manifest:
    return {
        "apiVersion": _NETWORKING,
        "kind": "VirtualService",
        "metadata": _metadata(name),
        "spec": spec,
    }
