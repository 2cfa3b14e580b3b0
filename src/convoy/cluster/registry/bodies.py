"""Understand the body of a write: is it the kind it should be, does it have fields that nobody knows.

https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""

import base64
from collections.abc import Callable
from typing import Any

from convoy.cluster.machinery.requests import WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, bad_request
from convoy.cluster.registry.conversion import to_kept
from convoy.cluster.schema import Schema, Schemas, check_types, prune

_ZEROES: dict[str, Any] = {"object": {}, "array": [], "string": "", "integer": 0, "boolean": False}

Refuse = Callable[[str], StatusError]


def read_body(
    obj: Any, resource: Resource, schemas: Schemas, options: WriteOptions, *, refuse: Refuse | None = None
) -> dict[str, Any]:
    """The object in the version in which it is kept, without unknown fields; may share parts with `obj`.

    What is unknown is refused, told as a warning or dropped in silence, as `options` say. `refuse` makes the
    error of a decoder's complaint; the default is that of a whole object's body.
    """
    if options.is_internal:
        return _with_secret_text(resource, to_kept(resource, obj))
    refuse = refuse or (lambda why: cannot_be_handled(resource, why))
    obj = _identified(obj, resource)
    schema = schemas.find(resource)
    if schema is None:
        return to_kept(resource, obj)
    _check_types(obj, resource, schema, schemas, refuse)
    obj, unknown = prune(schema, obj)
    if unknown and options.field_validation == "Strict":
        raise refuse("strict decoding error: " + ", ".join(unknown))
    if unknown and options.field_validation == "Warn":
        for each in unknown:
            options.warn(each)
    if not resource.is_custom:
        obj = without_nulls(schema, obj)
    return _with_secret_text(resource, to_kept(resource, obj))


def cannot_be_handled(resource: Resource, why: str) -> StatusError:
    """400: the body is not an object of its kind."""
    kind = resource.kind
    return bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


def without_nulls(schema: Schema, obj: Any) -> Any:
    """Go reads null as a field that was not given, or an empty item; what has no schema keeps its nulls."""
    if isinstance(obj, dict):
        if schema.is_free:
            return obj
        return {
            key: without_nulls(child, value) if (child := schema.child(key)) is not None else value
            for key, value in obj.items()
            if value is not None
        }
    if isinstance(obj, list) and (items := schema.items) is not None:
        return [_ZEROES.get(items.type) if item is None else without_nulls(items, item) for item in obj]
    return obj


def _identified(obj: Any, resource: Resource) -> dict[str, Any]:
    """The body with apiVersion, kind and metadata; raises 400 when they are another kind's."""
    if not isinstance(obj, dict):
        raise cannot_be_handled(resource, "json: cannot unmarshal into Go value: the body is not an object")
    api_version, kind = obj.get("apiVersion") or resource.api_version, obj.get("kind") or resource.kind
    if api_version != resource.api_version:
        raise bad_request(
            f"the API version in the data ({api_version}) does not match "
            f"the expected API version ({resource.api_version})"
        )
    if kind != resource.kind:
        raise bad_request(
            f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
            f"the kind in the data does not match the expected kind {resource.kind}"
        )
    metadata = obj.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise cannot_be_handled(resource, "metadata is not an object")
    identity = {"apiVersion": api_version, "kind": kind, "metadata": metadata}
    return {**identity, **obj, **identity}  # in this order, whatever the body's


def _check_types(
    obj: dict[str, Any], resource: Resource, schema: Schema, schemas: Schemas, refuse: Refuse
) -> None:
    if resource.is_custom:  # its own fields are judged by its schema's rules, later and all at once
        schema = Schema(type="object", fields={"metadata": schemas.object_meta}, preserves_unknown=True)
    if (why := check_types(schema, obj)) is not None:
        raise refuse(why)


def _with_secret_text(resource: Resource, obj: dict[str, Any]) -> dict[str, Any]:
    """A Secret's `stringData`, which can only be written, as `data`."""
    if resource.storage != "secrets" or "stringData" not in obj:
        return obj
    text = obj["stringData"] or {}
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
    rest = {key: value for key, value in obj.items() if key != "stringData"}
    data = {**(obj.get("data") or {}), **encoded}
    return {**rest, "data": data} if data else rest
