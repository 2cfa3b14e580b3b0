"""The sample's folders: every object decodes, and the routing is what the article prints."""

from collections import Counter
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from convoy.api.base import ApiObject
from convoy.api.istio.destination_rule import DestinationRule
from convoy.api.istio.gateway import Gateway, ServerTlsMode
from convoy.api.istio.service_entry import ServiceEntry
from convoy.api.istio.virtual_service import VirtualService
from convoy.api.kube.core import Namespace, Pod, Service, ServiceAccount

BOOKINFO = Path(__file__).parents[4] / "samples" / "bookinfo"
KINDS: tuple[type[ApiObject], ...] = (
    Namespace,
    Pod,
    Service,
    ServiceAccount,
    DestinationRule,
    Gateway,
    ServiceEntry,
    VirtualService,
)
STRUCTS = {(version, kind.KIND): kind for kind in KINDS for version in kind.API_VERSIONS}
V1ALPHA3 = "networking.istio.io/v1alpha3"
CLUSTERS = ("cluster1", "cluster2")

SERVICE_ENTRY = {
    "apiVersion": V1ALPHA3,
    "kind": "ServiceEntry",
    "metadata": {"name": "reviews-default"},
    "spec": {
        "hosts": ["reviews.default.global"],
        "location": "MESH_INTERNAL",
        "ports": [{"name": "http1", "number": 9080, "protocol": "http"}],
        "resolution": "DNS",
        "addresses": ["240.0.0.3"],
        "endpoints": [
            {"address": "198.19.0.12", "labels": {"cluster": "cluster2"}, "ports": {"http1": 15443}}
        ],
    },
}
GLOBAL_RULE = {
    "apiVersion": V1ALPHA3,
    "kind": "DestinationRule",
    "metadata": {"name": "reviews-global"},
    "spec": {
        "host": "reviews.default.global",
        "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}},
        "subsets": [
            {"name": "v2", "labels": {"cluster": "cluster2"}},
            {"name": "v3", "labels": {"cluster": "cluster2"}},
        ],
    },
}
LOCAL_RULE = {
    "apiVersion": V1ALPHA3,
    "kind": "DestinationRule",
    "metadata": {"name": "reviews"},
    "spec": {
        "host": "reviews.default.svc.cluster.local",
        "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}},
        "subsets": [{"name": name, "labels": {"version": name}} for name in ("v1", "v2", "v3")],
    },
}
ROUTES = {
    "apiVersion": V1ALPHA3,
    "kind": "VirtualService",
    "metadata": {"name": "reviews"},
    "spec": {
        "hosts": ["reviews.default.svc.cluster.local"],
        "http": [
            {
                "match": [{"headers": {"end-user": {"exact": "jason"}}}],
                "route": [
                    {"destination": {"host": "reviews.default.global", "subset": "v2"}, "weight": 50},
                    {"destination": {"host": "reviews.default.global", "subset": "v3"}, "weight": 50},
                ],
            },
            {"route": [{"destination": {"host": "reviews.default.svc.cluster.local", "subset": "v1"}}]},
        ],
    },
}


def documents(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text()))


def objects(cluster: str) -> list[ApiObject]:
    """All objects of a cluster's folder, decoded as Convoy decodes them: unknown fields are errors."""
    return [
        msgspec.convert(document, STRUCTS[document["apiVersion"], document["kind"]])
        for path in sorted((BOOKINFO / cluster).glob("*.yaml"))
        for document in documents(path)
    ]


def pods(cluster: str) -> dict[str, Pod]:
    return {each.metadata.name: each for each in objects(cluster) if isinstance(each, Pod)}


def services(cluster: str) -> dict[str, Service]:
    return {each.metadata.name: each for each in objects(cluster) if isinstance(each, Service)}


@pytest.mark.parametrize(
    "path", sorted(BOOKINFO.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_file_decodes(path: Path) -> None:
    for document in documents(path):
        if document["kind"] == "Deployment":  # the mesh reads the pods that it stands for
            document = {"apiVersion": "v1", "kind": "Pod", **document["spec"]["template"]}
        msgspec.convert(document, STRUCTS[document["apiVersion"], document["kind"]])


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_no_object_is_written_twice(cluster: str) -> None:
    names = Counter((each.kind, each.metadata.namespace, each.metadata.name) for each in objects(cluster))
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [
        ("cluster1", {"productpage-v1", "details-v1", "reviews-v1", "istio-ingressgateway"}),
        ("cluster2", {"reviews-v2", "reviews-v3", "ratings-v1", "istio-ingressgateway"}),
    ],
)
def test_each_cluster_runs_its_workloads(cluster: str, expected: set[str]) -> None:
    assert set(pods(cluster)) == expected


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_application_pods_are_as_in_the_original(cluster: str) -> None:
    for name, pod in pods(cluster).items():
        if name == "istio-ingressgateway":
            continue
        app, version = pod.metadata.labels["app"], pod.metadata.labels["version"]
        container = pod.spec.containers[0]
        assert name == f"{app}-{version}"
        assert container.image == f"docker.io/istio/examples-bookinfo-{app}-{version}:1.20.3"
        assert [port.container_port for port in container.ports] == [9080]
        assert {each.name: each.value for each in container.env} == {"CLUSTER_NAME": cluster}
        assert pod.spec.service_account_name == f"bookinfo-{app}"


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_pod_has_its_account(cluster: str) -> None:
    accounts = {
        (each.metadata.namespace, each.metadata.name)
        for each in objects(cluster)
        if isinstance(each, ServiceAccount)
    }
    for pod in pods(cluster).values():
        assert (pod.metadata.namespace, pod.spec.service_account_name) in accounts


@pytest.mark.parametrize(
    ("cluster", "pod_range", "service_range", "gateway"),
    [
        ("cluster1", "198.18.1.0/24", "198.18.129.0/24", "198.19.0.11"),
        ("cluster2", "198.18.2.0/24", "198.18.130.0/24", "198.19.0.12"),
    ],
)
def test_addresses_are_unique_and_of_the_cluster(
    cluster: str, pod_range: str, service_range: str, gateway: str
) -> None:
    pod_ips = [ip_address(pod.status.pod_ip) for pod in pods(cluster).values()]
    cluster_ips = [
        ip_address(each.spec.cluster_ip)
        for each in services(cluster).values()
        if each.spec.cluster_ip != "None"
    ]
    assert all(address in ip_network(pod_range) for address in pod_ips)
    assert all(address in ip_network(service_range) for address in cluster_ips)
    assert len({*pod_ips, *cluster_ips}) == len(pod_ips) + len(cluster_ips)
    ingress = services(cluster)["istio-ingressgateway"].status.load_balancer.ingress
    assert [each.ip for each in ingress] == [gateway]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_every_service_but_the_control_plane_selects_a_pod(cluster: str) -> None:
    for name, service in services(cluster).items():
        selected = [
            pod
            for pod in pods(cluster).values()
            if pod.metadata.namespace == service.metadata.namespace
            and service.spec.selector.items() <= pod.metadata.labels.items()
        ]
        assert bool(selected) == (name != "istiod")


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_default_namespace_is_injected(cluster: str) -> None:
    labels = {
        each.metadata.name: each.metadata.labels for each in objects(cluster) if isinstance(each, Namespace)
    }
    assert labels == {"default": {"istio-injection": "enabled"}, "istio-system": {}}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_other_clusters_enter_at_15443(cluster: str) -> None:
    gateways = {each.metadata.name: each for each in objects(cluster) if isinstance(each, Gateway)}
    (server,) = gateways["istio-multicluster-ingressgateway"].spec.servers
    assert (server.port.number, server.port.protocol, server.hosts) == (15443, "TLS", ["*.global"])
    assert server.tls is not None
    assert server.tls.mode is ServerTlsMode.AUTO_PASSTHROUGH
    ports = {port.port: port.target_port for port in services(cluster)["istio-ingressgateway"].spec.ports}
    assert ports == {80: 8080, 443: 8443, 15443: 15443, 15021: 15021}


def test_remote_reviews_are_as_the_article_prints_them() -> None:
    assert documents(BOOKINFO / "networking/reviews-global.yaml") == [SERVICE_ENTRY, GLOBAL_RULE]


def test_local_subsets_are_as_the_article_prints_them() -> None:
    assert documents(BOOKINFO / "networking/reviews-destination-rule.yaml") == [LOCAL_RULE]


def test_routes_are_as_the_article_prints_them() -> None:
    assert documents(BOOKINFO / "networking/reviews-virtual-service.yaml") == [ROUTES]


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("reviews-global-127-255-0-3", ("addresses", 0), "127.255.0.3"),
        ("reviews-global-by-name", ("endpoints", 0, "address"), "istio-ingressgateway.cluster2.convoy.test"),
    ],
)
def test_a_variant_differs_in_one_value(name: str, field: tuple[str | int, ...], value: str) -> None:
    entry, rule = documents(BOOKINFO / f"networking/{name}.yaml")
    expected = msgspec.json.decode(msgspec.json.encode(SERVICE_ENTRY))
    place = expected["spec"]
    for step in field[:-1]:
        place = place[step]
    place[field[-1]] = value
    assert (entry, rule) == (expected, GLOBAL_RULE)


@pytest.mark.parametrize(
    ("cluster", "linked"),
    [
        (
            "cluster1",
            {"bookinfo-gateway", "reviews-destination-rule", "reviews-global", "reviews-virtual-service"},
        ),
        ("cluster2", {"reviews-destination-rule"}),
    ],
)
def test_clusters_share_the_routing_by_links(cluster: str, linked: set[str]) -> None:
    links = {path.stem: path.readlink() for path in (BOOKINFO / cluster).glob("*.yaml") if path.is_symlink()}
    assert links == {name: Path("../networking") / f"{name}.yaml" for name in linked}
