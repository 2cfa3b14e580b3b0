"""Sets of fields as `managedFields` writes them (FieldsV1), and what can be done with such sets.

A set is a tree: `f:NAME` is a field of an object, `k:{...}` the item of a list with those keys, `v:VALUE`
the item of a set. A node that is `{}`, or has `.` beside others, is itself in the set; a node with others
alone is only on the way to them. The root is never in the set, so there `{}` is the empty set.

Sets are never changed once made: they share nodes with each other and with stored objects.
"""

from collections.abc import Iterator
from typing import Any, Final

from convoy.cluster.patches.elements import canonical_element, element_place, element_text

Fields = dict[str, Any]

NOTHING: Final[Fields] = {}
LEAF: Final[Fields] = {}
_SELF: Final[Fields] = {".": LEAF}


def is_member(node: Fields) -> bool:
    """Whether a node below the root stands for its own field too."""
    return not node or "." in node


def union(left: Fields, right: Fields) -> Fields:
    """What is in either."""
    if not right:
        return left
    if not left:
        return right
    joined = dict(left)
    for name, node in right.items():
        mine = joined.get(name)
        joined[name] = node if mine is None else _join(mine, node)
    return joined


def _join(left: Fields, right: Fields) -> Fields:
    if not left and not right:
        return LEAF
    return union(left or _SELF, right or _SELF)


def difference(left: Fields, right: Fields) -> Fields:
    """What is in the left one and not in the right one; fields below those of the right one stay."""
    if not right:
        return left
    rest = {}
    for name, node in left.items():
        other = right.get(name)
        kept = node if other is None else _subtract(node, other)
        if kept is not None:
            rest[name] = kept
    return rest


def _subtract(node: Fields, other: Fields) -> Fields | None:
    if not node:
        return None if is_member(other) else LEAF
    return _collapse(difference(node, other or _SELF))


def _collapse(node: Fields) -> Fields | None:
    if not node:
        return None
    return LEAF if len(node) == 1 and "." in node else node


def intersection(left: Fields, right: Fields) -> Fields:
    """What is in both."""
    both = {}
    for name, node in left.items():
        other = right.get(name)
        if other is None:
            continue
        if not node and not other:
            both[name] = LEAF
        elif (common := _collapse(intersection(node or _SELF, other or _SELF))) is not None:
            both[name] = common
    return both


def without(left: Fields, right: Fields) -> Fields:
    """What is in the left one and neither in the right one nor below what is."""
    if not right:
        return left
    rest = {}
    for name, node in left.items():
        other = right.get(name)
        if other is None or (not node and not is_member(other)):
            rest[name] = node
        elif not is_member(other) and (kept := _collapse(without(node, other))) is not None:
            rest[name] = kept
    return rest


def ordered(fields: Fields) -> Fields:
    """The same set, with its nodes in the order in which Kubernetes writes them."""
    names = sorted(fields)
    if names and names[-1][0] in "kv" and len(names) > 1:
        names.sort(key=element_place)
    return {name: ordered(node) if (node := fields[name]) else LEAF for name in names}


def parse_fields(raw: Any) -> Fields:
    """A set from outside; ValueError when it is none. What a later Kubernetes may have added is dropped."""
    if not isinstance(raw, dict):
        raise ValueError(f"not a set of fields: {raw}")
    parsed: Fields = {}
    for name, node in raw.items():
        if name == ".":
            parsed["."] = LEAF
        elif (element := canonical_element(name)) is not None:
            child = parse_fields(node or {})
            parsed[element] = _collapse(child) or LEAF
    return parsed


def paths(fields: Fields, prefix: str = "") -> Iterator[str]:
    """The path of every field in a set, as messages write it: those of a level first, then what is below."""
    names = sorted((name for name in fields if name != "."), key=element_place)
    for name in names:
        if is_member(fields[name]):
            yield prefix + element_text(name)
    for name in names:
        if fields[name]:
            yield from paths(fields[name], prefix + element_text(name))
