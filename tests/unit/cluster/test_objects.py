"""Manifests in, typed objects with addresses out."""

from typing import Any

import pytest
from tests.cluster.manifests import container, load_balancer, pod, service

from convoy.api.kube.core import Pod, Secret, Service
from convoy.cluster.errors import ManifestError
from convoy.cluster.objects import (
    ObjectStore,
    load_balancer_addresses,
    lowest_free,
    parse_manifest,
    secret_content,
)
from convoy.cluster.types import ClusterSpec
from convoy.cluster.unsupported import check_supported


@pytest.fixture
def store() -> ObjectStore:
    """An empty cluster."""
    return ObjectStore(ClusterSpec("east", "198.18.1.0/24", "198.18.101.0/24"))


def _put(store: ObjectStore, manifest: dict[str, Any], taken: tuple[str, ...] = ()) -> Any:
    return store.put(parse_manifest(manifest), taken=taken)


def test_the_default_namespace_and_a_uid_are_filled_in() -> None:
    parsed = parse_manifest({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
    assert parsed.metadata.namespace == "default"
    assert parsed.metadata.uid


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ({"kind": "Deployment", "metadata": {"name": "x"}}, "Deployment x: the embedded cluster runs only"),
        ({"kind": "Pod", "apiVersion": "v1", "metadata": {}}, "Pod None: metadata.name is missing"),
        ({**pod("x"), "spec": {"conteiners": []}}, r"Pod x: .*unknown field `conteiners`"),
    ],
)
def test_what_cannot_be_run_is_named(manifest: dict[str, Any], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        parse_manifest(manifest)


def test_written_addresses_stay_and_missing_ones_are_the_lowest_free(store: ObjectStore) -> None:
    assert _put(store, pod("fixed", address="198.18.1.2")).status.pod_ip == "198.18.1.2"
    assert _put(store, pod("free")).status.pod_ip == "198.18.1.3"
    assert _put(store, service("web")).spec.cluster_ip == "198.18.101.1"


def test_an_object_applied_again_keeps_address_and_uid(store: ObjectStore) -> None:
    first = _put(store, pod("a"))
    _put(store, pod("b"))
    again = _put(store, pod("a"))
    assert (again.status.pod_ip, again.metadata.uid) == (first.status.pod_ip, first.metadata.uid)


@pytest.mark.parametrize(
    ("address", "why"), [("198.18.1.2", "another pod"), ("198.18.2.2", "not in the cluster")]
)
def test_a_pod_address_that_cannot_be_is_refused(store: ObjectStore, address: str, why: str) -> None:
    _put(store, pod("a", address="198.18.1.2"))
    with pytest.raises(ManifestError, match=why):
        _put(store, pod("b", address=address))


def test_a_load_balancer_address_is_given_once_in_the_world(store: ObjectStore) -> None:
    manifest = service("web", type="LoadBalancer")
    made = _put(store, manifest, taken=("198.19.0.10",))
    assert load_balancer_addresses(made) == ("198.19.0.11",)
    with pytest.raises(ManifestError, match=r"198\.19\.0\.10 is in use by another cluster"):
        _put(store, load_balancer("other", "198.19.0.10"), taken=("198.19.0.10",))


def test_a_headless_service_gets_no_address(store: ObjectStore) -> None:
    assert _put(store, service("web", clusterIP="None")).spec.cluster_ip == "None"


def test_a_full_range_is_told() -> None:
    with pytest.raises(ManifestError, match="no address is left"):
        lowest_free("198.18.1.0/30", {"198.18.1.1", "198.18.1.2"}, first=1)


def test_objects_are_listed_by_kind_and_removed(store: ObjectStore) -> None:
    _put(store, pod("b"))
    _put(store, pod("a"))
    assert [found.metadata.name for found in store.all(Pod)] == ["a", "b"]
    assert list(store.all(Service)) == []


def test_a_secret_is_decoded_and_a_bad_one_does_not_show_its_value() -> None:
    parsed = parse_manifest(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "aHVzaA=="}}
    )
    assert isinstance(parsed, Secret)
    assert secret_content(parsed) == {"k": b"hush"}
    bad = parse_manifest(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "h*sh"}}
    )
    assert isinstance(bad, Secret)
    with pytest.raises(ManifestError) as caught:
        secret_content(bad)
    assert "h*sh" not in str(caught.value)


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (pod("p", hostNetwork=True), "spec.hostNetwork"),
        (pod("p", container(livenessProbe={"grpc": {"port": 1}})), "livenessProbe without"),
        (
            pod("p", container(securityContext={"capabilities": {"add": ["SYS_ADMIN"]}})),
            "capability SYS_ADMIN",
        ),
        (pod("p", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]), "volume v"),
        (pod("p", volumes=[{"name": "v", "hostPath": {"path": "a/b"}}]), 'volume v: hostPath "a/b"'),
        (service("s", sessionAffinity="ClientIP"), "spec.sessionAffinity"),
        (service("s", ports=[{"port": 1, "protocol": "SCTP"}]), "protocol SCTP"),
    ],
)
def test_what_is_not_built_is_refused_by_name(manifest: dict[str, Any], field: str) -> None:
    with pytest.raises(ManifestError, match=field):
        check_supported(parse_manifest(manifest))


def test_several_objects_are_stored_whole_or_not_at_all(store: ObjectStore) -> None:
    items = [parse_manifest(pod("a")), parse_manifest(pod("b", address="198.18.9.9"))]
    with pytest.raises(ManifestError):
        store.put_all(items, taken=())
    assert list(store.all(Pod)) == []
