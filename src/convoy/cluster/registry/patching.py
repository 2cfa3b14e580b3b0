"""What a patch makes of an object, before the rules of its kind."""

from typing import Any

import orjson

from convoy.cluster.machinery.requests import Patch, WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, bad_request, field_invalid, unsupported_media_type
from convoy.cluster.patches import apply_json_patch, apply_merge_patch, apply_strategic_merge
from convoy.cluster.patches.checking import not_typed
from convoy.cluster.registry.bodies import read_body
from convoy.cluster.registry.conversion import to_shown
from convoy.cluster.schema import Schemas

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"


def patched_object(
    current: dict[str, Any], patch: Patch, resource: Resource, schemas: Schemas, options: WriteOptions
) -> dict[str, Any]:
    """The patched object in the version in which it is kept; `patch` is of another kind than `apply`."""
    shown = to_shown(resource, current)
    after = apply_patch(shown, patch, resource, schemas)
    quoted = go_value(patch.body) if patch.kind == "strategic" else orjson.dumps(after).decode()
    return read_body(after, resource, schemas, options, refuse=lambda why: invalid_patch(quoted, why))


def apply_patch(shown: dict[str, Any], patch: Patch, resource: Resource, schemas: Schemas) -> dict[str, Any]:
    """`shown` after a patch; shares nothing with it."""
    if patch.kind == "json":
        return apply_json_patch(shown, patch.body)
    if patch.kind == "merge":
        return apply_merge_patch(shown, patch.body)
    schema = schemas.find(resource)
    if resource.is_custom or schema is None:
        raise unsupported_media_type([JSON_PATCH, MERGE_PATCH, APPLY_PATCH])
    return apply_strategic_merge(shown, patch.body, schema)


def applied_object(
    patch: Patch, resource: Resource, schemas: Schemas, *, namespace: str, name: str
) -> dict[str, Any]:
    """The body of a server-side apply, in the version in which it is kept; what is unknown is refused."""
    if not isinstance(patch.body, dict):
        raise bad_request("the body of an apply is not an object")
    who: dict[str, Any] = {"metadata": {"namespace": namespace, "name": name}}
    who |= {"apiVersion": resource.api_version, "kind": resource.kind}

    def refuse(why: str) -> StatusError:
        return not_typed(who, _undeclared(why.removeprefix("strict decoding error: ")), role="patch")

    strict = WriteOptions(field_validation="Strict")
    body = read_body(patch.body, resource, schemas, strict, refuse=refuse)
    metadata = {**body["metadata"], "name": body["metadata"].get("name") or name}
    if resource.namespaced:
        metadata["namespace"] = metadata.get("namespace") or namespace
    return {**body, "metadata": metadata}


def invalid_patch(value: str, why: str) -> StatusError:
    """422 without a name: kubectl prints `The request is invalid: patch: ...`."""
    cause = field_invalid("patch", orjson.dumps(value).decode(), why)
    message = f' "" is invalid: {cause.field}: {cause.message}'
    return StatusError(422, "Invalid", message, {"causes": [cause.to_json()]})


def go_value(value: Any) -> str:
    """As Go's %+v prints what it read from JSON: `map[spec:map[replicas:3]]`."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_value(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_value, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _undeclared(why: str) -> str:
    """`unknown field "spec.foo"` in the words of server-side apply."""
    parts = why.split(", ")
    if not all(part.startswith('unknown field "') for part in parts):
        return why
    paths = (part.removeprefix('unknown field "').rstrip('"') for part in parts)
    listed = [f".{path}: field not declared in schema" for path in paths]
    return listed[0] if len(listed) == 1 else "\n  ".join(["errors:", *listed])
