"""Strategic merge patch: a merge patch that knows which lists are merged, by which key, and in which order.

What a patch may say beside values, after Kubernetes' documentation of the format
(https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md):

    $patch: replace | delete            this object, or this item of a list; `replace` in an item: the list
    $retainKeys: [KEY, ...]             drop all other keys of this object
    $setElementOrder/LIST: [...]        the order of the list's items
    $deleteFromPrimitiveList/LIST: [..] drop these values from the list

A test compares it with the real code in kubectl (`kubectl patch --local`), so also where that is odd.
"""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.machinery.statuses import StatusError, bad_request
from convoy.cluster.patches.items import (
    DIRECTIVE,
    distinct,
    element_type,
    find,
    is_scalar_same,
    key_value,
    partition,
    places_after,
    without_special,
)
from convoy.cluster.patches.merge_patch import without_nulls
from convoy.cluster.patches.ordering import arrange, check_order
from convoy.cluster.patches.refusals import does_not_apply, private_copy
from convoy.cluster.schema.nodes import Schema

Object = dict[str, Any]

_RETAIN = "$retainKeys"
_ORDER = "$setElementOrder"
_DELETE = "$deleteFromPrimitiveList"


def apply_strategic_merge(obj: Mapping[str, Any], patch: Any, schema: Schema) -> dict[str, Any]:
    """The patched object; StatusError 400 for a malformed patch, 422 for one that does not fit."""
    if not isinstance(patch, dict):
        raise bad_request("invalid JSON document")
    return _merge_object(private_copy(obj), private_copy(patch), schema)


def _merge_object(target: Object, patch: Object, schema: Schema) -> Object:
    """Change `target`; `patch` is used up."""
    if DIRECTIVE in patch:
        return _directed(patch)
    if _RETAIN in patch:
        _retain(target, patch)
    for key in [key for key in patch if key.startswith(_ORDER)]:
        _merge_ordered(target, patch, key, schema)
    for key, value in patch.items():
        if key.startswith(_DELETE):
            _delete_values(target, _name_in(key, _DELETE), value, schema)
        else:
            _merge_field(target, key, value, schema)
    return target


def _directed(patch: Object) -> Object:
    directive = patch.pop(DIRECTIVE)
    if directive == "replace":
        return patch
    if directive == "delete":
        return {}
    raise does_not_apply(f"unknown patch type: {directive} in map: {patch}")


def _retain(target: Object, patch: Object) -> None:
    keys = patch.pop(_RETAIN)
    if not isinstance(keys, list):
        raise _malformed("retainKeys")
    for key, value in patch.items():
        if value is not None and key not in keys and not key.startswith((_DELETE, _ORDER)):
            raise _malformed("retainKeys")
    for key in [key for key in target if key not in keys]:
        del target[key]


def _malformed(what: str) -> StatusError:
    return bad_request(f"invalid patch format of {what}")


def _name_in(key: str, prefix: str) -> str:
    """The list that `$PREFIX/LIST` is about."""
    found, _, name = key.partition("/")
    if found != prefix or not name:
        raise _malformed("primitive list" if prefix == _DELETE else "setElementOrder list")
    return name


def _merge_field(target: Object, key: str, value: Any, schema: Schema) -> None:
    if value is None:
        target.pop(key, None)
        return
    current = target.get(key)
    if isinstance(value, dict) and isinstance(current, dict):
        child = _child(schema, key)
        target[key] = value if _strategy(child) == "replace" else _merge_object(current, value, child)
    elif isinstance(value, list) and isinstance(current, list):
        child = _child(schema, key)
        target[key] = _merge_list(current, value, child) if _strategy(child) == "merge" else value
    else:
        _set(target, key, without_nulls(value))


def _strategy(schema: Schema) -> str:
    """How a field is merged; `retainKeys` beside it only tells clients which patches to make."""
    return next((each for each in schema.patch_strategies if each != "retainKeys"), "")


def _child(schema: Schema, key: str) -> Schema:
    child = schema.fields.get(key)
    if child is None:
        name = schema.go_type.rpartition(".")[2]
        raise does_not_apply(f'unable to find api field in struct {name} for the json field "{key}"')
    return child


def _set(target: Object, key: str, value: Any) -> None:
    """What is new is taken as it is, except for what only directs the merge."""
    if isinstance(value, dict) and DIRECTIVE in value:
        target.pop(key, None)
    else:
        target[key] = _without_directed(value)


def _without_directed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_directed(child) for key, child in value.items() if not _is_directed(child)}
    if isinstance(value, list):
        return [_without_directed(child) for child in value if not _is_directed(child)]
    return value


def _is_directed(value: Any) -> bool:
    return isinstance(value, dict) and DIRECTIVE in value


def _delete_values(target: Object, name: str, values: Any, schema: Schema) -> None:
    if values is None:
        target.pop(name, None)
        return
    current = target.get(name)
    if not isinstance(current, list) or not isinstance(values, list):
        return
    child = _child(schema, name)
    if not current and not values:
        return
    if element_type(current, values) is dict:
        target[name] = _merge_list(current, values, child)
    else:
        target[name] = [item for item in current if not any(is_scalar_same(item, each) for each in values)]


def _merge_ordered(target: Object, patch: Object, key: str, schema: Schema) -> None:
    """A list for which the patch gives the order, with what the patch says of the list itself."""
    order = patch.pop(key)
    name = _name_in(key, _ORDER)
    current, changes = target.get(name), patch.get(name)
    for each in (
        order,
        *(value for holder, value in ((target, current), (patch, changes)) if name in holder),
    ):
        if not isinstance(each, list):
            raise does_not_apply(f"expected a []interface {{}}, but received a {type(each).__name__}")
    child = _child(schema, name)
    check_order(changes or [], order, child.merge_key)
    if current is None and changes is None:
        return
    before = current or []
    if current is None:
        merged = _without_directed(changes)
    elif changes is None:
        merged = current
    elif _strategy(child) == "merge":
        before = places_after(current, changes, child.merge_key)
        merged = _merge_list(current, changes, child)
    else:
        merged = changes
    element_type(current or [], changes or [])
    chosen, others = partition(merged, order, child.merge_key)
    target[name] = arrange(chosen, others, order, before, key=child.merge_key)
    patch.pop(name, None)


def _merge_list(current: list[Any], changes: list[Any], schema: Schema) -> list[Any]:
    """Changed items first where the order is open, each list's own order kept otherwise."""
    if not current and not changes:
        return current
    key = schema.merge_key
    if element_type(current, changes) is not dict:
        merged = distinct([*current, *changes])
    else:
        if not key or schema.items is None:
            raise does_not_apply(f"cannot merge lists without merge key for {schema.go_type}")
        current, changes = without_special(current, changes, key)
        merged = _merge_items(current, changes, schema.items, key=key)
    chosen, others = partition(merged, changes, key)
    return arrange(chosen, others, changes, current, key=key)


def _merge_items(current: list[Any], changes: list[Any], schema: Schema, *, key: str) -> list[Any]:
    merged = list(current)
    for change in changes:
        place = find(merged, key, key_value(change, key))
        if place is None:
            merged.append(change)
        else:
            merged[place] = _merge_object(merged[place], change, schema)
    return merged
