"""The OpenAPI v2 document (Swagger): https://swagger.io/specification/v2/."""

from collections.abc import Iterable, Mapping
from typing import Any

from convoy.cluster.apiserver.openapi.definitions import V2_PREFIX
from convoy.cluster.apiserver.openapi.operations import STATUS, Operation, Path
from convoy.cluster.apiserver.openapi.parameters import Parameter

Json = dict[str, Any]


def build_v2(paths: Iterable[Path], definitions: Mapping[str, Any], *, version: str) -> Json:
    """The document of these paths and definitions."""
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": {path.template: build_path(path) for path in paths},
        "definitions": dict(definitions),
    }


def build_path(path: Path) -> Json:
    """One path with its operations."""
    operations = {operation.method: _operation(operation) for operation in path.operations}
    if not path.parameters:
        return operations
    return {**operations, "parameters": [_parameter(each) for each in path.parameters]}


def _operation(operation: Operation) -> Json:
    group, version, kind = operation.kind
    body = [_body(operation)] if operation.body else []
    return {
        "description": operation.summary,
        "consumes": list(operation.consumes) or ["*/*"],
        "produces": list(operation.produces),
        "schemes": ["https"],
        "operationId": operation.id,
        "parameters": [*body, *(_parameter(each) for each in operation.parameters)],
        "responses": {
            **{str(code): _response(operation.answer) for code in operation.codes},
            "default": {"description": "Failure", "schema": {"$ref": V2_PREFIX + STATUS}},
        },
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
    }


def _body(operation: Operation) -> Json:
    return {
        "in": "body",
        "name": "body",
        "required": operation.method != "delete",
        "schema": {"$ref": f"{V2_PREFIX}{operation.body}"},
    }


def _parameter(parameter: Parameter) -> Json:
    required = {"required": True} if parameter.is_required else {}
    return {
        "in": parameter.place,
        "name": parameter.name,
        "type": parameter.type,
        "description": parameter.description,
        "uniqueItems": True,
        **required,
    }


def _response(answer: str | None) -> Json:
    if answer is None:
        return {"description": "OK"}
    return {"description": "OK", "schema": {"$ref": V2_PREFIX + answer} if answer else {"type": "string"}}
