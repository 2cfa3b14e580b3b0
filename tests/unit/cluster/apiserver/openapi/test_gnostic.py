"""OpenAPI v2 in protobuf. The numbers here are those of openapiv2/OpenAPIv2.proto, written down once more."""

from typing import Any

import orjson
import pytest

from convoy.cluster.apiserver.openapi import V2_PROTOBUF, OpenApi
from convoy.cluster.apiserver.openapi.gnostic import encode_document
from convoy.cluster.apiserver.protobuf.wire import read_fields
from convoy.cluster.machinery.builtin import BUILTIN
from convoy.cluster.machinery.resources import ResourceTable
from convoy.cluster.schema import Schemas

Message = dict[int, list[Any]]


def read(data: Any) -> Message:
    assert isinstance(data, bytes)
    found: Message = {}
    for number, value in read_fields(data):
        found.setdefault(number, []).append(value)
    return found


def at(data: bytes, *numbers: int) -> Any:
    """The first value at a path of field numbers."""
    value: Any = data
    for number in numbers:
        value = read(value)[number][0]
    return value


def pairs(messages: list[bytes]) -> dict[str, bytes]:
    """Gnostic's maps: messages of name and value."""
    return {at(each, 1).decode(): at(each, 2) for each in messages}


def extensions(messages: list[bytes]) -> dict[str, Any]:
    return {name: orjson.loads(at(value, 2)) for name, value in pairs(messages).items()}


def encoded(schema: dict[str, Any]) -> Message:
    data = encode_document({"definitions": {"a": schema}})
    return read(pairs(read(at(data, 9))[1])["a"])


@pytest.fixture(scope="module")
def openapi() -> OpenApi:
    return OpenApi(Schemas(), ResourceTable(BUILTIN))


def test_the_document_says_what_it_is(openapi: OpenApi) -> None:
    document = openapi.v2_protobuf()
    assert document.media_type == V2_PROTOBUF
    assert at(document.body, 1) == b"2.0"
    assert at(document.body, 2, 1) == b"Kubernetes"


def test_it_has_the_paths_and_definitions_of_the_json_document(openapi: OpenApi) -> None:
    json = orjson.loads(openapi.v2_json().body)
    document = read(openapi.v2_protobuf().body)
    # What is custom follows in messages of its own, which a reader joins with those before.
    paths = pairs([each for part in document[8] for each in read(part).get(2, [])])
    definitions = pairs([each for part in document[9] for each in read(part).get(1, [])])
    assert list(paths) == list(json["paths"])
    assert list(definitions) == list(json["definitions"])


def test_kubectl_finds_that_a_patch_can_be_a_dry_run(openapi: OpenApi) -> None:
    paths = pairs(read(at(openapi.v2_protobuf().body, 8))[2])
    patch = read(at(paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"], 8))
    assert extensions(patch[13]) == {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
    }
    assert b"application/strategic-merge-patch+json" in patch[7]
    bodies = [read(at(each, 1)) for each in patch[8]]
    assert [at(each[1][0], 2) for each in bodies if 1 in each] == [b"body"]
    names = [at(each[2][0], 3, 4) for each in bodies if 2 in each]
    assert names == [b"dryRun", b"fieldManager", b"fieldValidation", b"force"]


def test_parameters_in_the_path_have_numbers_of_their_own(openapi: OpenApi) -> None:
    paths = pairs(read(at(openapi.v2_protobuf().body, 8))[2])
    item = read(paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"])
    found = [read(at(each, 1, 2, 4)) for each in item[9]]
    assert [(each[1][0], each[2][0], each[4][0], each[5][0]) for each in found] == [
        (1, b"path", b"namespace", b"string"),
        (1, b"path", b"name", b"string"),
    ]


def test_answers_refer_to_definitions(openapi: OpenApi) -> None:
    paths = pairs(read(at(openapi.v2_protobuf().body, 8))[2])
    responses = pairs(read(at(paths["/api/v1/namespaces/{name}"], 2, 9))[1])
    assert at(responses["200"], 1, 2, 1, 1) == b"#/definitions/io.k8s.api.core.v1.Namespace"


def test_a_schema_keeps_its_fields() -> None:
    schema = {
        "type": "object",
        "description": "d",
        "required": ["b"],
        "properties": {"b": {"$ref": "#/definitions/x"}, "c": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": {"type": "integer", "format": "int32"},
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-list-map-keys": ["a", "b"],
    }
    found = encoded(schema)
    assert at(found[22][0], 1) == b"object"
    assert (found[4], found[19]) == ([b"d"], [b"b"])
    properties = pairs(read(found[25][0])[1])
    assert at(properties["b"], 1) == b"#/definitions/x"
    assert at(properties["c"], 23, 1, 22, 1) == b"string"
    assert at(found[21][0], 1, 2) == b"int32"
    assert extensions(found[31]) == {
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-list-map-keys": ["a", "b"],
    }


def test_a_schema_keeps_its_limits() -> None:
    found = encoded(
        {
            "minimum": -1,
            "maxLength": 253,
            "pattern": "^a",
            "enum": ["A", 1],
            "default": {"a": 1},
            "uniqueItems": True,
        }
    )
    assert found[9] == [b"\0\0\0\0\0\0\xf0\xbf"]
    assert (found[11], found[13], found[16]) == ([253], [b"^a"], [1])
    assert [orjson.loads(at(each, 2)) for each in found[20]] == ["A", 1]
    assert orjson.loads(at(found[5][0], 2)) == {"a": 1}


def test_whether_there_may_be_other_properties_is_a_flag() -> None:
    assert at(encoded({"additionalProperties": True})[21][0], 2) == 1
