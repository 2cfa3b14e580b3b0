"""What an applied object must be like, beyond what its schema says: items of lists have their own names."""

from collections.abc import Iterator, Mapping
from typing import Any

from convoy.cluster.machinery.statuses import StatusError, bad_request
from convoy.cluster.patches.elements import UnindexableError, element_text, is_granular, item_element
from convoy.cluster.patches.owning import child_schema
from convoy.cluster.schema.nodes import Schema


def check_applied(applied: Mapping[str, Any], schema: Schema, api_version: str) -> None:
    """StatusError 400 for an object that cannot be applied."""
    found = applied.get("apiVersion")
    if found != api_version:
        raise bad_request(
            "Incorrect version specified in apply patch."
            f" Specified patch version: {found}, expected: {api_version}"
        )
    if applied["metadata"].get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    errors = list(_unnamed(applied, schema, ""))
    if errors:
        listed = errors[0] if len(errors) == 1 else "\n  ".join(["errors:", *errors])
        raise not_typed(applied, listed, role="patch")


def not_typed(obj: Mapping[str, Any], why: str, *, role: str) -> StatusError:
    """400: an object in which it cannot be told whose field is which; `role` is `patch` or `live`."""
    metadata = obj["metadata"]
    where = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    version = obj["apiVersion"] if "/" in obj["apiVersion"] else f"/{obj['apiVersion']}"
    kind = f"{version}, Kind={obj.get('kind', '')}"
    return bad_request(f"failed to create typed {role} object ({where}; {kind}): {why}")


def _unnamed(value: Any, schema: Schema, path: str) -> Iterator[str]:
    """What is wrong in lists, also inside of what is owned as a whole."""
    if isinstance(value, Mapping):
        for name, child in value.items():
            if isinstance(child, dict | list):
                yield from _unnamed(child, child_schema(schema, name), f"{path}.{name}")
    elif isinstance(value, list) and schema.items is not None:
        yield from _unnamed_items(value, schema, path)


def _unnamed_items(items: list[Any], schema: Schema, path: str) -> Iterator[str]:
    assert schema.items is not None
    has_names = is_granular(items, schema)
    seen = set()
    for place, item in enumerate(items):
        text = f"[{place}]"
        if has_names:
            try:
                element = item_element(item, schema)
            except UnindexableError as error:
                yield f"{path}: element {place}: {error}"
                return
            text = element_text(element)
            if element in seen:
                yield f"{path}: duplicate entries for key {text}"
            seen.add(element)
        yield from _unnamed(item, schema.items, path + text)
