"""Items of lists in strategic merge: which is which, by merge key or by value."""

from typing import Any

from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.patches.refusals import does_not_apply

DIRECTIVE = "$patch"

Item = dict[str, Any]


def is_scalar_same(left: Any, right: Any) -> bool:
    """Equal and of one type: to the merge, 1 is neither 1.0 nor true."""
    return type(left) is type(right) and bool(left == right)


def element_type(*lists: list[Any]) -> type:
    """The type of all elements; StatusError when they differ, are lists, or there are none."""
    types = {type(element) for elements in lists for element in elements}
    if list in types:
        raise StatusError(422, "Invalid", "lists of lists are not supported", {})
    if len(types) > 1 or type(None) in types:
        raise does_not_apply(f"list element types are not identical: {list(lists)}")
    if not types:
        raise does_not_apply("no elements in any of the given slices")
    return types.pop()


def key_value(item: Any, key: str) -> Any:
    """An item's merge key; StatusError when it has none."""
    if not isinstance(item, dict):
        raise does_not_apply(f"expected a map[string]interface {{}}, but received a {type(item).__name__}")
    if key not in item:
        raise does_not_apply(f"map: {item} does not contain declared merge key: {key}")
    return item[key]


def find(items: list[Any], key: str, value: Any) -> int | None:
    """Where the first item with that merge key is."""
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            raise does_not_apply(f"value for key {place} is not a map")
        if key in item and is_scalar_same(item[key], value):
            return place
    return None


def distinct(values: list[Any]) -> list[Any]:
    """Scalars without repetitions."""
    kept: list[Any] = []
    for value in values:
        if not any(is_scalar_same(value, each) for each in kept):
            kept.append(value)
    return kept


def partition(items: list[Any], named: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Those that the other list names too, by merge key or by value, and the rest."""
    chosen: list[Any] = []
    others: list[Any] = []
    for item in items:
        if key:
            is_named = find(named, key, key_value(item, key)) is not None
        else:
            is_named = any(is_scalar_same(item, each) for each in named)
        (chosen if is_named else others).append(item)
    return chosen, others


def without_special(current: list[Item], changes: list[Item], key: str) -> tuple[list[Item], list[Item]]:
    """Do what items with a directive say; gives the list as it is then, and the changes that remain."""
    plain = [change for change in changes if DIRECTIVE not in change]
    replaces = False
    for change in changes:
        directive = change.get(DIRECTIVE, "")
        if directive == "delete":
            gone = key_value(change, key)
            while (place := find(current, key, gone)) is not None:
                current = [*current[:place], *current[place + 1 :]]
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise does_not_apply("merging lists cannot yet be specified in the patch")
        elif DIRECTIVE in change:
            raise does_not_apply(f"unknown patch type: {directive} in map: {change}")
    return (plain, []) if replaces else (current, plain)


def places_after(current: list[Any], changes: list[Any], key: str) -> list[Any]:
    """The list by which unnamed items are put in order: the old one, with new items where some were deleted.

    The API server's code builds the new list in the memory of the old one, so that is what it finds there.
    """
    if not key or not current or element_type(current, changes) is not dict:
        return current
    remaining, plain = without_special(current, changes, key)
    if len(remaining) >= len(current) or (changes and not plain):
        return current
    added = [change for change in plain if find(remaining, key, key_value(change, key)) is None]
    return remaining + added[: len(current) - len(remaining)]
