"""OpenAPI v3 documents, one per group and version: https://spec.openapis.org/oas/v3.0.3."""

from collections.abc import Iterable, Mapping
from typing import Any

from convoy.cluster.apiserver.openapi.definitions import V3_PREFIX
from convoy.cluster.apiserver.openapi.operations import STATUS, Operation, Path
from convoy.cluster.apiserver.openapi.parameters import Parameter

Json = dict[str, Any]


def build_v3(paths: Iterable[Path], schemas: Mapping[str, Any], *, version: str) -> Json:
    """The document of these paths; `schemas` are in v3's words already."""
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": {path.template: _path(path) for path in paths},
        "components": {"schemas": dict(schemas)},
    }


def _path(path: Path) -> Json:
    operations = {operation.method: _operation(operation) for operation in path.operations}
    if not path.parameters:
        return operations
    return {**operations, "parameters": [_parameter(each) for each in path.parameters]}


def _operation(operation: Operation) -> Json:
    group, version, kind = operation.kind
    answer = {"description": "OK", "content": _content(operation.produces, operation.answer)}
    body = _content(operation.consumes, operation.body)
    required = {"required": True} if operation.method != "delete" else {}
    return {
        "description": operation.summary,
        "operationId": operation.id,
        "parameters": [_parameter(each) for each in operation.parameters],
        **({"requestBody": {"content": body, **required}} if operation.body else {}),
        "responses": {
            **{str(code): answer for code in operation.codes},
            "default": {"description": "Failure", "content": _content(("application/json",), STATUS)},
        },
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
    }


def _content(media_types: Iterable[str], definition: str | None) -> Json:
    schema: Json = {"type": "string"} if definition == "" else {}
    if definition:
        schema = {"$ref": V3_PREFIX + definition}
    return {media_type: {"schema": schema} for media_type in media_types}


def _parameter(parameter: Parameter) -> Json:
    required = {"required": True} if parameter.is_required else {}
    return {
        "in": parameter.place,
        "name": parameter.name,
        "description": parameter.description,
        "schema": {"type": parameter.type, "uniqueItems": True},
        **required,
    }
