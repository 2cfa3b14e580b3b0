"""`x-kubernetes-list-type` and its keys: what a list must look like to be a set or a map."""

from collections.abc import Iterator, Mapping
from typing import Any

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording

Source = Mapping[str, Any]


def validate_list_type(schema: Source, path: str) -> Iterator[Cause]:
    """Causes for list types that do not fit what they stand at."""
    list_type, kind = schema.get("x-kubernetes-list-type"), schema.get("type") or ""
    keys = schema.get("x-kubernetes-list-map-keys") or []
    where = f"{path}.x-kubernetes-list-type"
    items = schema.get("items") if isinstance(schema.get("items"), Mapping) else None
    if list_type is not None and kind != "array":
        why = "must be array if x-kubernetes-list-type is specified"
        yield wording.invalid(f"{path}.type", kind, why) if kind else wording.required(f"{path}.type", why)
    elif list_type == "set" and items is not None:
        yield from _set_items(items, f"{path}.items")
    if list_type is not None and list_type not in ("atomic", "set", "map"):
        yield wording.not_supported(where, list_type, ["atomic", "set", "map"])
    if keys and list_type != "map":
        why = "must be map if x-kubernetes-list-map-keys is non-empty"
        yield wording.required(where, why) if list_type is None else wording.invalid(where, list_type, why)
    if list_type == "map":
        yield from _map(items, keys, path)
    if list_type in ("set", "map") and items is not None and items.get("nullable"):
        why = f"cannot be nullable when x-kubernetes-list-type is {list_type}"
        yield wording.forbidden(f"{path}.items.nullable", why)


def _set_items(items: Source, path: str) -> Iterator[Cause]:
    """Items are compared as a whole, so nobody may own a part of one."""
    why = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if items.get("type") == "array" and items.get("x-kubernetes-list-type") not in (None, "atomic"):
        yield wording.invalid(f"{path}.x-kubernetes-list-type", items.get("x-kubernetes-list-type"), why)
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        yield wording.invalid(f"{path}.x-kubernetes-map-type", items.get("x-kubernetes-list-type"), why)


def _map(items: Source | None, keys: list[str], path: str) -> Iterator[Cause]:
    where = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        yield wording.required(where, "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        yield wording.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        return
    if items.get("type") != "object":
        why = "must be object if parent array's x-kubernetes-list-type is map"
        yield wording.invalid(f"{path}.items.type", items.get("type") or "", why)
        return
    for index, name in enumerate(keys):
        child = (items.get("properties") or {}).get(name)
        if child is None:
            yield wording.invalid(where, keys, "entries must all be names of item properties")
        else:
            yield from _key(items, child, name, wording.key(f"{path}.items.properties", name))
        if name in keys[:index]:
            yield wording.invalid(where, keys, "must not contain duplicate entries")


def _key(items: Source, child: Source, name: str, path: str) -> Iterator[Cause]:
    if child.get("type") in ("array", "object"):
        why = "must be a scalar type if parent array's x-kubernetes-list-type is map"
        yield wording.invalid(f"{path}.type", items.get("type"), why)
    words = "this property is in x-kubernetes-list-map-keys, so it"
    if name not in (items.get("required") or ()) and child.get("default") is None:
        yield wording.required(f"{path}.default", f"{words} must have a default or be a required property")
    if child.get("nullable"):
        yield wording.forbidden(f"{path}.nullable", f"{words} cannot be nullable")
