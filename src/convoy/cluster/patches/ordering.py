"""The order of merged lists in strategic merge.

Items that the patch names stand in the patch's order, the others in the order they had; where the two meet,
an other one goes first only if it stood before in the old list. So new items come to the front.
"""

from typing import Any

from convoy.cluster.patches.items import DIRECTIVE, is_scalar_same, key_value
from convoy.cluster.patches.refusals import does_not_apply


def check_order(changes: list[Any], order: list[Any], key: str) -> None:
    """StatusError unless `$setElementOrder` names every changed item, in the order of the changes."""
    if not changes or not order:
        return
    place = 0
    for change in changes:
        is_directed = isinstance(change, dict) and DIRECTIVE in change
        if is_directed and change[DIRECTIVE] == "delete":
            continue
        while place < len(order) and not is_directed and not _is_one(change, order[place], key):
            place += 1
        if place == len(order):
            raise does_not_apply(
                f"The order in patch list: {changes} doesn't match $setElementOrder list: {order}"
            )
        place += not is_directed


def _is_one(left: Any, right: Any, key: str) -> bool:
    if key:
        left, right = key_value(left, key), key_value(right, key)
    return is_scalar_same(left, right)


def arrange(
    chosen: list[Any], others: list[Any], order: list[Any], before: list[Any], *, key: str
) -> list[Any]:
    """Both parts of a list in one: `chosen` sorted by `order`, `others` by the list `before` the merge."""
    chosen = _sorted_by(chosen, order, key)
    others = _sorted_by(others, before, key)
    arranged: list[Any] = []
    waiting = 0
    for item in chosen:
        while waiting < len(others) and _precedes(others[waiting], item, before, key):
            arranged.append(others[waiting])
            waiting += 1
        arranged.append(item)
    return arranged + others[waiting:]


def _sorted_by(items: list[Any], order: list[Any], key: str) -> list[Any]:
    if key:
        for item in (*items, *order):
            key_value(item, key)
    places = [_place(order, item, key) for item in items]
    if None not in places:
        return [items[at] for at in sorted(range(len(items)), key=lambda at: places[at] or 0)]
    return _sorted_by_halves(items, places)


def _sorted_by_halves(items: list[Any], places: list[int | None]) -> list[Any]:
    """An insertion sort that lets whatever has no place pass: what kubectl and the API server do then."""
    arranged: list[tuple[int | None, Any]] = []
    for place, item in zip(places, items, strict=True):
        at = len(arranged)
        while at and _passes(place, arranged[at - 1][0]):
            at -= 1
        arranged.insert(at, (place, item))
    return [item for _, item in arranged]


def _passes(place: int | None, other: int | None) -> bool:
    return place is None or other is None or place < other


def _precedes(left: Any, right: Any, order: list[Any], key: str) -> bool:
    first, second = _place(order, left, key), _place(order, right, key)
    return first is not None and second is not None and first < second


def _place(order: list[Any], item: Any, key: str) -> int | None:
    wanted = item.get(key) if key else item
    for place, each in enumerate(order):
        found = each.get(key) if key and isinstance(each, dict) else each
        if is_scalar_same(found, wanted):
            return place
    return None
