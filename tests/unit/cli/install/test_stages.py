"""An installation is accepted to the letter, and lets the control plane do no more than it needs."""

import asyncio

import pytest

from convoy.api.crds import build_crds
from convoy.cli.install.installing import has_rolled_out
from convoy.cli.install.settings import InstallSettings
from convoy.cli.install.stages import build_stages
from convoy.cluster.apiserver.access import Attributes
from convoy.cluster.apiserver.auth.rbac import RbacAuthorizer
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.requests import User, WriteOptions
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.registry import Registry
from convoy.cluster.schema import Schemas
from convoy.cluster.store import Store
from convoy.kit.clock import SYSTEM_CLOCK

SETTINGS = InstallSettings(cluster_id="east", roots_pem="PEM", network="east")
CACERTS = {"ca-cert.pem": b"1", "ca-key.pem": b"2", "root-cert.pem": b"3", "cert-chain.pem": b"4"}
ISTIOD = User("system:serviceaccount:istio-system:istiod", ("system:serviceaccounts",))


def stages(cacerts=CACERTS):
    return build_stages(SETTINGS, definitions=build_crds(), cacerts=cacerts)


@pytest.fixture(scope="module")
def installed():
    """A registry with the whole installation, written with strict validation."""
    store = Store(None)
    store.open()
    registry = Registry(store=store, resources=ResourceTable(BUILTIN), schemas=Schemas(), clock=SYSTEM_CLOCK)

    async def install():
        everything = stages()
        for manifest in (*everything.first, *everything.hooks, *everything.rest):
            resource = registry.resources.by_kind(manifest["apiVersion"], manifest["kind"])
            namespace = manifest["metadata"].get("namespace", "")
            options = WriteOptions(field_validation="Strict")
            await registry.create(resource, namespace, manifest, options)
            assert options.warnings == []

    asyncio.run(install())
    yield registry
    store.close()


def test_every_manifest_is_accepted_to_the_letter(installed):
    assert {s.key.name for s in installed.store.list("apps/deployments")} == {
        "istiod",
        "istio-ingressgateway",
    }
    assert {s.key.name for s in installed.store.list("networking.istio.io/gateways")} == {
        "istio-multicluster-ingressgateway"
    }


def test_certificates_that_the_user_brought_are_left_alone():
    kinds = [manifest["kind"] for manifest in stages(None).first]
    assert "Secret" not in kinds
    assert [m["metadata"]["name"] for m in stages().first if m["kind"] == "Secret"] == ["cacerts"]


def can(verb, resource, group="", namespace="shop", name="x"):
    resource, _, subresource = resource.partition("/")
    return Attributes(verb, group, "v1", resource, subresource, namespace, name)


NETWORKING = "networking.istio.io"
NEEDED = [
    can("watch", "pods"),
    can("watch", "nodes", namespace=""),
    can("list", "services"),
    can("list", "virtualservices", NETWORKING),
    can("patch", "virtualservices/status", NETWORKING),
    can("create", "tokenreviews", "authentication.k8s.io", namespace=""),
    can("create", "configmaps"),
    can("patch", "configmaps", name="istio-ca-root-cert"),
    can("update", "leases", "coordination.k8s.io", namespace="istio-system"),
    can("watch", "secrets", namespace="istio-system"),
    can(
        "patch",
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io",
        namespace="",
        name="istio-sidecar-injector",
    ),
]
NOT_NEEDED = [
    can("create", "pods"),
    can("delete", "pods"),
    can("create", "pods/exec"),
    can("get", "secrets"),
    can("update", "secrets", namespace="istio-system"),
    can("get", "configmaps", name="other"),
    can("patch", "nodes", namespace=""),
    can("list", "secrets", namespace=""),
    can("patch", "configmaps", name="other"),
    can("delete", "configmaps", name="istio-ca-root-cert"),
    can("patch", "virtualservices", NETWORKING),
    can("create", "serviceaccounts/token"),
    can("update", "leases", "coordination.k8s.io", namespace="shop"),
    can("create", "clusterrolebindings", "rbac.authorization.k8s.io", namespace=""),
    can("impersonate", "users", namespace=""),
    can(
        "patch",
        "mutatingwebhookconfigurations",
        "admissionregistration.k8s.io",
        namespace="",
        name="another",
    ),
]


@pytest.mark.parametrize("attributes", NEEDED, ids=str)
def test_control_plane_may_do_what_it_does(installed, attributes):
    assert RbacAuthorizer(installed.store).allows(ISTIOD, attributes).is_allowed


@pytest.mark.parametrize("attributes", NOT_NEEDED, ids=str)
def test_control_plane_may_do_nothing_else(installed, attributes):
    assert not RbacAuthorizer(installed.store).allows(ISTIOD, attributes).is_allowed


@pytest.mark.parametrize(
    ("status", "is_there"),
    [
        ({}, False),
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, True),
        ({"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}, False),
        ({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 2}, False),
        ({"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}, False),
    ],
)
def test_rollout_is_over_when_only_new_replicas_are_left(status, is_there):
    deployment = {"metadata": {"generation": 2}, "spec": {"replicas": 1}, "status": status}
    assert has_rolled_out(deployment) is is_there
