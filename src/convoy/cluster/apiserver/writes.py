"""Creates, replacements and patches of objects."""

from typing import Any

from convoy.cluster.apiserver.answers import Answer
from convoy.cluster.apiserver.bodies import decode_json, decode_object, decode_yaml, is_json, media_type
from convoy.cluster.apiserver.call import Call
from convoy.cluster.machinery.requests import Patch, PatchKind, WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import bad_request, unsupported_media_type
from convoy.cluster.registry.bodies import cannot_be_handled
from convoy.cluster.schema import find_duplicates

_PATCHES: dict[str, PatchKind] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/apply-patch+yaml": "apply",
    "application/strategic-merge-patch+json": "strategic",
}


async def create_object(call: Call) -> Answer:
    """The object as it was kept, with 201."""
    options = call.write_options("CreateOptions")
    obj = await _object(call, options)
    call.showing()  # refuses an impossible Accept header before anything is written
    stored = await call.registry.create(call.resource, call.namespace, obj, options)
    return call.shown(stored, status=201)


async def update_object(call: Call) -> Answer:
    """The object as it was kept; of a subresource, the whole object too."""
    options = call.write_options("UpdateOptions")
    obj = await _object(call, options)
    call.showing()
    stored = await call.registry.update(
        call.resource, call.namespace, call.path.name, obj, options, subresource=call.path.subresource
    )
    return call.shown(stored)


async def patch_object(call: Call) -> Answer:
    """The object as it was kept, with 201 when server-side apply made it."""
    kind = patch_kind(call.content_type, call.resource)
    options = call.patch_options(is_apply=kind == "apply")
    options.check_create = call.check_create
    patch = decode_patch(await call.body(), kind)
    call.showing()
    stored, is_new = await call.registry.patch(
        call.resource, call.namespace, call.path.name, patch, options, subresource=call.path.subresource
    )
    return call.shown(stored, status=201 if is_new else 200)


async def _object(call: Call, options: WriteOptions) -> dict[str, Any]:
    """The body; keys that stand twice in it are refused or warned of, as `options` say."""
    data = await call.body()
    obj = decode_object(data, call.content_type)
    if options.field_validation != "Ignore" and is_json(call.content_type):
        doubled = find_duplicates(data)
        if doubled and options.field_validation == "Strict":
            raise cannot_be_handled(call.resource, "strict decoding error: " + ", ".join(doubled))
        for each in doubled:
            options.warn(each)
    return obj


def patch_kind(content_type: str, resource: Resource) -> PatchKind:
    """The kind of patch in a body; raises StatusError 415. Custom resources have no strategic merge."""
    kind = _PATCHES.get(media_type(content_type))
    if kind is None or (kind == "strategic" and resource.is_custom):
        raise unsupported_media_type(
            [each for each in _PATCHES if not (resource.is_custom and _PATCHES[each] == "strategic")]
        )
    return kind


def decode_patch(data: bytes, kind: PatchKind) -> Patch:
    """A patch of the right shape; raises StatusError 400."""
    is_yaml = kind == "apply" and not data.lstrip().startswith(b"{")
    body: Any = decode_yaml(data) if is_yaml else decode_json(data)
    if kind == "json":
        if not isinstance(body, list) or not all(isinstance(operation, dict) for operation in body):
            raise bad_request("error decoding patch: a JSON patch is an array of operations")
    elif not isinstance(body, dict):
        raise bad_request("error decoding patch: the patch must be an object")
    return Patch(kind, body)
