"""Deletions: their options, from the body or the query, and their answers."""

from typing import Any, get_args

import orjson

from convoy.cluster.apiserver.answers import Answer
from convoy.cluster.apiserver.bodies import decode_object
from convoy.cluster.apiserver.call import Call
from convoy.cluster.apiserver.listing import parse_list
from convoy.cluster.apiserver.negotiating import negotiate
from convoy.cluster.apiserver.queries import Query, options_invalid
from convoy.cluster.apiserver.showing import in_format
from convoy.cluster.machinery.requests import DeleteOptions, Propagation, WriteOptions
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import Cause, bad_request, field_not_supported
from convoy.cluster.store import Stored

_KINDS = ("DeleteOptions", "")
_POLICIES: tuple[str, ...] = get_args(Propagation)


async def delete_object(call: Call) -> Answer:
    """The object while it terminates, or a Status that says it is gone."""
    delete, options = await _options(call)
    before = call.registry.get(call.resource, call.namespace, call.path.name)
    left = await call.registry.delete(call.resource, call.namespace, call.path.name, delete, options)
    if left is not None:
        return call.shown(left)
    return in_format(orjson.dumps(success(call.resource, before)), negotiate(call.headers.get("Accept", "")))


async def delete_objects(call: Call) -> Answer:
    """The list of what was deleted."""
    delete, options = await _options(call)
    wanted = parse_list(call.query, call.resource, newest=call.store.revision, selectable=call.selectable)
    deleted = await call.registry.delete_collection(
        call.resource, call.scope, delete, options, labels=wanted.labels, fields=wanted.fields
    )
    showing = call.showing()
    return showing.answer(showing.many(deleted, {"resourceVersion": str(call.store.committed_revision)}))


def success(resource: Resource, stored: Stored) -> dict[str, Any]:
    """The Status of an object that is gone; clients wait for it by its uid."""
    group = {"group": resource.group} if resource.group else {}
    uid = stored.object["metadata"].get("uid", "")
    details = {"name": stored.key.name, **group, "kind": resource.plural, "uid": uid}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


async def _options(call: Call) -> tuple[DeleteOptions, WriteOptions]:
    options = call.write_options("DeleteOptions")
    body = await call.body()
    if not body.strip():
        return parse_delete(_from_query(call.query)), options
    given = decode_object(body, call.content_type)
    if given.get("kind", "") not in _KINDS:
        raise bad_request(f"DeleteOptions expected, not {str(given.get('kind'))[:100]}")
    if given.get("dryRun"):
        _check_dry_run(given["dryRun"])
        options.dry_run = True
    return parse_delete(given), options


def _check_dry_run(values: Any) -> None:
    if values != ["All"]:
        raise options_invalid("DeleteOptions", [field_not_supported("dryRun", str(values)[:100], ("All",))])


def _from_query(query: Query) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if (seconds := query.number("gracePeriodSeconds")) is not None:
        given["gracePeriodSeconds"] = seconds
    if query.text("propagationPolicy"):
        given["propagationPolicy"] = query.text("propagationPolicy")
    if query.text("orphanDependents"):
        given["orphanDependents"] = query.flag("orphanDependents")
    return given


def parse_delete(given: dict[str, Any]) -> DeleteOptions:
    """DeleteOptions as JSON, typed; raises StatusError 400 for wrong types, 422 for impossible values."""
    seconds = _typed(given, "gracePeriodSeconds", int)
    policy = _typed(given, "propagationPolicy", str)
    orphans = _typed(given, "orphanDependents", bool)
    conditions = _typed(given, "preconditions", dict) or {}
    causes: list[Cause] = []
    if policy is not None and orphans is not None:
        why = "Invalid value: orphanDependents and deletionPropagation cannot be both set"
        causes.append(Cause("FieldValueInvalid", why, "propagationPolicy"))
    if policy is not None and policy not in _POLICIES:
        causes.append(field_not_supported("propagationPolicy", policy, (*_POLICIES, "nil")))
    if causes:
        raise options_invalid("DeleteOptions", causes)
    if orphans is not None:
        policy = "Orphan" if orphans else "Background"
    return DeleteOptions(
        grace_period_seconds=None if seconds is None else max(0, seconds),
        propagation=policy,
        uid=_typed(conditions, "uid", str) or "",
        resource_version=_typed(conditions, "resourceVersion", str) or "",
    )


def _typed(given: dict[str, Any], name: str, kind: type) -> Any:
    value = given.get(name)
    if value is None or (isinstance(value, kind) and not (kind is int and isinstance(value, bool))):
        return value
    raise bad_request(f"DeleteOptions.{name}: a {type(value).__name__} is not what belongs here")
