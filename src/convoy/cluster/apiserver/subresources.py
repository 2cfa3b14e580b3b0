"""What is below an object: its scale, a pod's binding and eviction, tokens, streams."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from convoy.cluster.apiserver.answers import Answer, json_answer
from convoy.cluster.apiserver.bodies import decode_object
from convoy.cluster.apiserver.call import Call
from convoy.cluster.apiserver.deletions import parse_delete
from convoy.cluster.apiserver.dependencies import Review, StreamCall
from convoy.cluster.apiserver.reads import get_object
from convoy.cluster.apiserver.writes import decode_patch, patch_kind, patch_object, update_object
from convoy.cluster.machinery.requests import WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError, bad_request
from convoy.cluster.store import Key, Stored

Served = Answer | web.StreamResponse
_STREAMS = frozenset({"exec", "attach", "portforward", "log"})
_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
_SCALES = Resource("autoscaling", "v1", "scales", "Scale", namespaced=True)
_REVIEW_GROUPS = frozenset({"authentication.k8s.io", "authorization.k8s.io"})


def is_review(call: Call) -> bool:
    """Whether what is created is a question and not an object."""
    return call.resource.group in _REVIEW_GROUPS and call.resource.verbs == ("create",)


async def serve_subresource(call: Call, verb: str) -> Served:
    """Serve one subresource by verb (get, update, patch, create), which it is known to have."""
    name = call.path.subresource
    if name in _STREAMS:
        return await _stream(call)
    if name == "token":
        return await review(call)
    own = _OWN.get((name, verb))
    if own is not None:
        return await own(call)
    # The others (status, finalize, approval, ...) are views of the object, written in part.
    return await _VIEWS[verb](call)


async def review(call: Call) -> Answer:
    """Ask a question; nothing is kept."""
    if call.deps.reviewer is None:
        raise _not_served()
    options = call.write_options("CreateOptions")
    body = decode_object(await call.body(), call.content_type)
    path = call.path
    asked = Review(call.resource, call.namespace, path.name, path.subresource, body, call.user, options)
    return json_answer(await call.deps.reviewer(asked), status=201)


async def bind(call: Call) -> Answer:
    """Assign a pod to a node; through `bindings` the pod is named by the body."""
    options, body = await _created(call)
    name = call.path.name or str((body.get("metadata") or {}).get("name") or "")
    await call.registry.bind(call.namespace, name, body, options)
    return json_answer(_SUCCESS, status=201)


async def _evict(call: Call) -> Answer:
    options, body = await _created(call)
    given = body.get("deleteOptions") or {}
    if not isinstance(given, dict):
        raise bad_request("deleteOptions must be an object")
    parse_delete(given)  # refuses what the registry could not mean
    await call.registry.evict(call.namespace, call.path.name, body, options)
    return json_answer(_SUCCESS, status=201)


async def _created(call: Call) -> tuple[WriteOptions, dict[str, Any]]:
    options = call.write_options("CreateOptions")
    return options, decode_object(await call.body(), call.content_type)


async def _get_scale(call: Call) -> Answer:
    scale = call.registry.scale(call.resource, call.namespace, call.path.name)
    await call.store.committed()
    return _shown_scale(call, scale)


async def _update_scale(call: Call) -> Answer:
    options = call.write_options("UpdateOptions")
    body = decode_object(await call.body(), call.content_type)
    path = call.path
    scale = await call.registry.update_scale(call.resource, call.namespace, path.name, body, options)
    return _shown_scale(call, scale)


async def _patch_scale(call: Call) -> Answer:
    kind = patch_kind(call.content_type, call.resource)
    options = call.patch_options(is_apply=kind == "apply")
    patch = decode_patch(await call.body(), kind)
    path = call.path
    scale = await call.registry.patch_scale(call.resource, call.namespace, path.name, patch, options)
    return _shown_scale(call, scale)


def _shown_scale(call: Call, scale: dict[str, Any]) -> Answer:
    showing = call.showing(_SCALES)
    shown = Stored(Key(call.namespace, call.path.name), scale, revision=0, raw=orjson.dumps(scale))
    return showing.answer(showing.one(shown))


async def _stream(call: Call) -> Served:
    if call.deps.streams is None:
        raise _not_served()
    path = call.path
    return await call.deps.streams.serve(
        StreamCall(call.request, call.namespace, path.name, path.subresource, call.user)
    )


def _not_served() -> StatusError:
    return StatusError(501, "NotImplemented", "this API server was started without it", {})


_Handler = Callable[[Call], Awaitable[Answer]]
_VIEWS: dict[str, _Handler] = {"get": get_object, "update": update_object, "patch": patch_object}
_OWN: dict[tuple[str, str], _Handler] = {
    ("scale", "get"): _get_scale,
    ("scale", "update"): _update_scale,
    ("scale", "patch"): _patch_scale,
    ("binding", "create"): bind,
    ("eviction", "create"): _evict,
}
