"""Schemas of built-in kinds: what patches and ownership stand on."""

import pytest

from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.schema import Schema, Schemas
from convoy.cluster.schema.builtin import builtin_schemas

SCHEMAS = Schemas()


def at(api_version: str, kind: str, path: str) -> Schema:
    found = SCHEMAS.find_kind(api_version, kind)
    for name in path.split("."):
        assert found is not None
        found = found.items if name == "[]" else found.child(name)
    assert found is not None
    return found


@pytest.mark.parametrize("resource", BUILTIN, ids=lambda each: f"{each.api_version}-{each.plural}")
def test_every_resource_has_a_schema(resource: Resource):
    found = SCHEMAS.find(resource)
    assert found is not None
    assert found.fields["metadata"].fields["name"].type == "string"


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("autoscaling/v1", "Scale"),
        ("policy/v1", "Eviction"),
        ("v1", "DeleteOptions"),
        ("v1", "Binding"),
        ("v1", "Status"),
        ("authentication.k8s.io/v1", "TokenRequest"),
    ],
)
def test_bodies_of_subresources_have_a_schema(api_version: str, kind: str):
    assert SCHEMAS.find_kind(api_version, kind) is not None


def test_two_clusters_share_the_built_in_part():
    assert Schemas().find_kind("v1", "Pod") is Schemas().find_kind("v1", "Pod")
    assert builtin_schemas() is builtin_schemas()


@pytest.mark.parametrize(
    ("path", "merge_key", "map_keys"),
    [
        ("spec.containers", "name", ("name",)),
        ("spec.containers.[].ports", "containerPort", ("containerPort", "protocol")),
        ("spec.containers.[].volumeMounts", "mountPath", ("mountPath",)),
        ("spec.hostAliases", "ip", ("ip",)),
        ("metadata.ownerReferences", "uid", ("uid",)),
    ],
)
def test_lists_merge_by_their_keys(path: str, merge_key: str, map_keys: tuple[str, ...]):
    found = at("v1", "Pod", path)
    assert (found.merge_key, found.map_keys, found.list_type) == (merge_key, map_keys, "map")
    assert found.merges
    assert not found.is_atomic


def test_volumes_merge_and_retain_keys():
    assert at("v1", "Pod", "spec.volumes").patch_strategies == ("merge", "retainKeys")
    assert at("apps/v1", "Deployment", "spec.strategy").retains_keys


def test_lists_without_a_key_are_replaced():
    found = at("v1", "Pod", "spec.containers.[].args")
    assert (found.list_type, found.merges, found.is_atomic) == ("atomic", False, True)


def test_a_key_that_may_be_left_out_has_its_default():
    assert at("v1", "Pod", "spec.containers.[].ports.[].protocol").default == "TCP"


def test_references_are_atomic_and_labels_are_not():
    assert at("v1", "Pod", "spec.containers.[].env.[].valueFrom.fieldRef").is_atomic
    assert not at("v1", "Pod", "metadata.labels").is_atomic
    assert at("v1", "Pod", "metadata.labels.app").type == "string"


def test_numbers_or_strings_and_quantities_are_known():
    assert at("v1", "Service", "spec.ports.[].targetPort").is_int_or_string
    assert at("v1", "Pod", "spec.containers.[].resources.limits.cpu").format == "quantity"


def test_a_definitions_schema_contains_itself():
    path = "spec.versions.[].schema.openAPIV3Schema"
    schema = at("apiextensions.k8s.io/v1", "CustomResourceDefinition", path)
    assert schema.fields["properties"].values is schema.fields["not"].fields["properties"].values


def test_old_deployments_take_what_they_took():
    spec = at("extensions/v1beta1", "Deployment", "spec")
    assert spec.required == ("template",)
    assert "rollbackTo" in spec.fields
    assert "rollbackTo" not in at("apps/v1", "Deployment", "spec").fields


def test_definitions_are_those_of_openapi_again():
    definitions = SCHEMAS.definitions()
    spec = definitions["io.k8s.api.apps.v1.DeploymentSpec"]["properties"]
    assert spec["replicas"]["type"] == "integer"
    assert spec["template"]["$ref"] == "#/definitions/io.k8s.api.core.v1.PodTemplateSpec"
    assert "enum" not in definitions["io.k8s.api.apps.v1.Deployment"]["properties"]["kind"]
    assert definitions["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]["format"] == "int-or-string"


def test_every_reference_leads_to_a_definition():
    definitions = SCHEMAS.definitions()

    def references(schema: object) -> list[str]:
        if isinstance(schema, list):
            return [name for each in schema for name in references(each)]
        if not isinstance(schema, dict):
            return []
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [name for each in schema.values() for name in references(each)]

    named = {name.removeprefix("#/definitions/") for name in references(dict(definitions))}
    assert named <= set(definitions)
