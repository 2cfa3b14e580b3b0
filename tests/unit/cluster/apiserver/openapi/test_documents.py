"""The OpenAPI documents of the built-in resources and of a custom one."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from convoy.cluster.apiserver.documents import Document
from convoy.cluster.apiserver.openapi import OpenApi
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.schema import Schemas

SPEC = {
    "type": "object",
    "description": "What it is.",
    "required": ["hosts"],
    "properties": {
        "hosts": {"type": "array", "items": {"type": "string"}},
        "size": {"type": "integer", "nullable": True, "default": 1},
        "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {}}},
        "choice": {"type": "object", "oneOf": [{"required": ["a"]}], "properties": {"a": {"type": "string"}}},
    },
}


def definition(spec: dict[str, Any]) -> dict[str, Any]:
    names = {"plural": "things", "kind": "Thing", "listKind": "ThingList", "singular": "thing"}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": schema,
        "subresources": {"status": {}},
    }
    return {
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]},
    }


class Cluster:
    """The schemas and resources of a cluster, with its OpenAPI."""

    def __init__(self) -> None:
        self.schemas, self.resources = Schemas(), ResourceTable(BUILTIN)
        self.openapi = OpenApi(self.schemas, self.resources)

    def define(self, spec: dict[str, Any]) -> None:
        """Apply the one CustomResourceDefinition."""
        self.resources.set_custom("things.example.com", self.schemas.set_custom(definition(spec)))


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    made = Cluster()
    made.define(SPEC)
    return made


def content(document: Document | None) -> Any:
    assert document is not None
    return orjson.loads(document.body)


@pytest.fixture(scope="module")
def v2(cluster: Cluster) -> Any:
    return content(cluster.openapi.v2_json())


@pytest.fixture(scope="module")
def v3(cluster: Cluster) -> dict[str, Any]:
    paths = content(cluster.openapi.v3_index())["paths"]
    return {path: content(cluster.openapi.v3_document(path)) for path in paths}


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, child in value.items():
            if key == "$ref" and isinstance(child, str):
                yield child
            yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


def test_every_reference_of_v2_leads_somewhere(v2: Any) -> None:
    found = set(references(v2))
    assert len(found) > 200
    assert {each.removeprefix("#/definitions/") for each in found} <= v2["definitions"].keys()


def test_every_reference_of_v3_leads_somewhere(v3: dict[str, Any]) -> None:
    for path, document in v3.items():
        names = {each.removeprefix("#/components/schemas/") for each in references(document)}
        assert names <= document["components"]["schemas"].keys(), path


def test_no_definition_is_there_in_vain(v2: Any) -> None:
    kinds = [name for name, each in v2["definitions"].items() if "x-kubernetes-group-version-kind" in each]
    used = {each.removeprefix("#/definitions/") for each in references(v2)}
    assert v2["definitions"].keys() - used - set(kinds) == set()


def test_operations_have_ids_of_their_own(v2: Any) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(v2)]
    assert len(ids) == len(set(ids))
    assert {"listAppsV1NamespacedDeployment", "listAppsV1DeploymentForAllNamespaces"} <= set(ids)
    assert {"createCoreV1Namespace", "deleteRbacAuthorizationV1CollectionNamespacedRole"} <= set(ids)


def test_both_versions_have_the_same_operations(v2: Any, v3: dict[str, Any]) -> None:
    two = {(path, method, each["operationId"]) for path, method, each in operations(v2)}
    three = {
        (path, method, each["operationId"])
        for document in v3.values()
        for path, method, each in operations(document)
    }
    assert two == three


def test_every_operation_says_of_which_kind_it_is(v3: dict[str, Any]) -> None:
    for document in v3.values():
        for path, method, operation in operations(document):
            kind = operation["x-kubernetes-group-version-kind"]
            assert kind["kind"], path
            assert kind["version"], path
            assert operation["x-kubernetes-action"], (path, method)


DEPLOYMENT = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
THING = "/apis/example.com/v1/namespaces/{namespace}/things/{name}"


@pytest.mark.parametrize("path", [DEPLOYMENT, THING, f"{THING}/status", "/api/v1/namespaces/{name}"])
def test_a_patch_takes_the_parameters_that_kubectl_looks_for(v2: Any, path: str) -> None:
    parameters = {each["name"] for each in v2["paths"][path]["patch"]["parameters"] if each["in"] == "query"}
    assert parameters == {"dryRun", "fieldManager", "fieldValidation", "force"}


def test_only_built_in_kinds_take_strategic_merge_patches(v2: Any, v3: dict[str, Any]) -> None:
    strategic = "application/strategic-merge-patch+json"
    assert strategic in v2["paths"][DEPLOYMENT]["patch"]["consumes"]
    assert strategic not in v2["paths"][THING]["patch"]["consumes"]
    assert strategic in v3["apis/apps/v1"]["paths"][DEPLOYMENT]["patch"]["requestBody"]["content"]
    assert strategic not in v3["apis/example.com/v1"]["paths"][THING]["patch"]["requestBody"]["content"]


def test_merge_keys_are_kept(v2: Any, v3: dict[str, Any]) -> None:
    name = "io.k8s.api.core.v1.PodSpec"
    for definitions in (v2["definitions"], v3["apis/apps/v1"]["components"]["schemas"]):
        containers = definitions[name]["properties"]["containers"]
        assert containers["x-kubernetes-patch-merge-key"] == "name"
        assert containers["x-kubernetes-patch-strategy"] == "merge"
        assert containers["x-kubernetes-list-map-keys"] == ["name"]


def test_the_scale_of_a_deployment_is_of_another_group(v3: dict[str, Any]) -> None:
    scale = v3["apis/apps/v1"]["paths"][f"{DEPLOYMENT}/scale"]
    assert scale["get"]["x-kubernetes-group-version-kind"] == {
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
    }
    schema = scale["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/io.k8s.api.autoscaling.v1.Scale"}


def test_streams_and_logs_are_described_as_text(v3: dict[str, Any]) -> None:
    pod = "/api/v1/namespaces/{namespace}/pods/{name}"
    paths = v3["api/v1"]["paths"]
    assert {*paths[f"{pod}/exec"]} == {"get", "post", "parameters"}
    assert paths[f"{pod}/exec"]["post"]["x-kubernetes-action"] == "connect"
    assert paths[f"{pod}/log"]["get"]["responses"]["200"]["content"] == {
        "text/plain": {"schema": {"type": "string"}}
    }


def test_kinds_that_can_only_be_created_have_nothing_else(v3: dict[str, Any]) -> None:
    paths = v3["apis/authorization.k8s.io/v1"]["paths"]
    review = paths["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"]
    assert {*review} == {"post"}
    assert not [path for path in paths if "{name}" in path]


def test_v3_puts_what_stands_beside_a_reference_into_all_of(v3: dict[str, Any]) -> None:
    schema = v3["apis/apps/v1"]["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]
    spec = schema["properties"]["spec"]
    assert spec["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}]
    assert spec["description"]
    assert "$ref" not in spec


def test_v3_says_that_a_port_is_a_number_or_a_name(v3: dict[str, Any]) -> None:
    schema = v3["api/v1"]["components"]["schemas"]["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]
    assert schema["oneOf"] == [{"type": "integer"}, {"type": "string"}]
    assert "type" not in schema


def test_old_deployments_are_described_like_new_ones(v3: dict[str, Any]) -> None:
    schemas = v3["apis/extensions/v1beta1"]["components"]["schemas"]
    kinds = [each.get("x-kubernetes-group-version-kind", []) for each in schemas.values()]
    assert [{"group": "extensions", "version": "v1beta1", "kind": "Deployment"}] in kinds
    assert schemas["io.k8s.api.extensions.v1beta1.DeploymentSpec"]["required"] == ["template"]


def test_a_custom_schema_stands_in_v3_as_it_was_written(v3: dict[str, Any]) -> None:
    schema = v3["apis/example.com/v1"]["components"]["schemas"]["com.example.v1.Thing"]
    assert schema["properties"]["spec"] == SPEC


def test_a_custom_schema_has_no_types_in_v2_where_v2_would_refuse_what_is_right(v2: Any) -> None:
    spec = v2["definitions"]["com.example.v1.Thing"]["properties"]["spec"]
    assert (spec["type"], spec["required"], spec["description"]) == ("object", ["hosts"], "What it is.")
    assert spec["properties"] == {
        "hosts": {"type": "array", "items": {"type": "string"}},
        "size": {},
        "port": {"x-kubernetes-int-or-string": True},
        "any": {"x-kubernetes-preserve-unknown-fields": True},
        "choice": {"type": "object", "properties": {"a": {"type": "string"}}},
    }


def test_the_index_names_each_document_with_the_hash_of_its_content(cluster: Cluster) -> None:
    index = content(cluster.openapi.v3_index())["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/example.com/v1"} <= index.keys()
    for path, entry in index.items():
        document = cluster.openapi.v3_document(path)
        assert document is not None
        digest = document.etag.strip('"')
        assert entry["serverRelativeURL"] == f"/openapi/v3/{path}?hash={digest}"


@pytest.mark.parametrize("path", ["", "api", "api/v2", "apis/apps", "apis/apps/v2", "apis//v1"])
def test_there_is_no_document_of_what_is_not_served(cluster: Cluster, path: str) -> None:
    assert cluster.openapi.v3_document(path) is None


def etags(cluster: Cluster) -> dict[str, str]:
    openapi = cluster.openapi
    documents = {
        "v2": openapi.v2_json(),
        "protobuf": openapi.v2_protobuf(),
        "index": openapi.v3_index(),
        "apps": openapi.v3_document("apis/apps/v1"),
        "custom": openapi.v3_document("apis/example.com/v1"),
    }
    return {name: document.etag for name, document in documents.items() if document is not None}


def test_etags_follow_the_content_alone() -> None:
    cluster = Cluster()
    without = etags(cluster)
    cluster.define(SPEC)
    first = etags(cluster)
    cluster.define({"type": "object"})
    second = etags(cluster)
    assert {name for name in first if first[name] == second[name]} == {"apps"}
    assert {name for name in without if without[name] == first[name]} == {"apps"}
    cluster.define(SPEC)
    assert etags(cluster) == first
    cluster.schemas.remove_custom("things.example.com")
    cluster.resources.remove_custom("things.example.com")
    assert etags(cluster) == without


def test_documents_are_made_once(cluster: Cluster) -> None:
    openapi = cluster.openapi
    assert openapi.v2_protobuf() is openapi.v2_protobuf()
    assert openapi.v3_document("apis/example.com/v1") is openapi.v3_document("apis/example.com/v1")
    assert openapi.v3_document("api/v1") is openapi.v3_document("api/v1")
