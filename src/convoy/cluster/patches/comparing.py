"""Which fields differ between two states of an object."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from convoy.cluster.patches.elements import is_granular, item_element
from convoy.cluster.patches.fields import LEAF, Fields, union, without
from convoy.cluster.patches.owning import child_schema, everything
from convoy.cluster.patches.refusals import is_same
from convoy.cluster.schema.nodes import Schema

# Parts that Kubernetes' own types always have, if empty, so that nobody adds or removes them: they are
# structs, where others are pointers. OpenAPI does not tell the two apart.
_ALWAYS_THERE: Final = frozenset(
    (
        "metadata",
        "spec",
        "status",
        "template",
        "jobTemplate",
        "strategy",
        "updateStrategy",
        "resources",
        "source",
        "loadBalancer",
        "nodeInfo",
        "daemonEndpoints",
        "kubeletEndpoint",
        "names",
        "acceptedNames",
    )
)
_POINTERS: Final = frozenset((("v1.PodSpec", "resources"), ("v1.ReplicationControllerSpec", "template")))
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Changes:
    """Fields that were added or have another value, and fields that are gone."""

    gained: Fields
    removed: Fields

    @property
    def all(self) -> Fields:
        """Both."""
        return union(self.gained, self.removed)

    def outside(self, fields: Fields) -> "Changes":
        """Only those that are neither in a set nor below."""
        return Changes(without(self.gained, fields), without(self.removed, fields)) if fields else self


def compare(old: Mapping[str, Any], new: Mapping[str, Any], schema: Schema, *, typed: bool) -> Changes:
    """What happened from one state to the other.

    `typed`: as Kubernetes' own types have it, see `_ALWAYS_THERE`. UnindexableError for lists without keys.
    """
    return Changes(*_compare_objects(old, new, schema, is_struct=typed))


def _compare_objects(
    old: Mapping[str, Any], new: Mapping[str, Any], schema: Schema, *, is_struct: bool = False
) -> tuple[Fields, Fields]:
    gained: Fields = {}
    removed: Fields = {}
    for name in [*new, *(name for name in old if name not in new)]:
        before, after = old.get(name, _ABSENT), new.get(name, _ABSENT)
        below = child_schema(schema, name)
        if _is_unchanged(before, after, below):
            continue
        is_part = is_struct and name in _ALWAYS_THERE and (schema.go_type, name) not in _POINTERS
        if is_part and is_granular(after if before is _ABSENT else before, below):
            before, after = (each if each is not _ABSENT else {} for each in (before, after))
        elif is_struct and name == "containers" and before is _ABSENT:
            before = None  # where there are none, it says null
        more, less = _compare(before, after, below, is_struct=is_part)
        if more is not None:
            gained[f"f:{name}"] = more
        if less is not None:
            removed[f"f:{name}"] = less
    return gained, removed


def _is_unchanged(before: Any, after: Any, schema: Schema) -> bool:
    # To Python true is 1. Schemas of built-in kinds tell them apart, only custom ones let either stand.
    return before == after and (bool(schema.go_type) or is_same(before, after))


def _compare(
    before: Any, after: Any, schema: Schema, *, is_struct: bool = False
) -> tuple[Fields | None, Fields | None]:
    """The nodes of what was added or changed, and of what is gone; None for nothing."""
    if before is _ABSENT:
        return everything(after, schema), None
    if after is _ABSENT:
        return None, everything(before, schema)
    if _is_unchanged(before, after, schema):
        return None, None
    shape = before if after is None else after  # null stands for an empty object or list
    if not is_granular(shape, schema) or not (before or after):
        return LEAF, _below(before, schema)
    if before is not None and type(before) is not type(shape):
        return everything(after, schema), _below(before, schema)
    if isinstance(shape, dict):
        gained, removed = _compare_objects(before or {}, after or {}, schema, is_struct=is_struct)
    else:
        gained, removed = _compare_lists(before or [], after or [], schema)
    return gained or None, removed or None


def _below(value: Any, schema: Schema) -> Fields | None:
    """What goes when something that has parts becomes something without."""
    below = {name: node for name, node in everything(value, schema).items() if name != "."}
    return below or None


def _compare_lists(old: list[Any], new: list[Any], schema: Schema) -> tuple[Fields, Fields]:
    assert schema.items is not None
    gained: Fields = {}
    removed: Fields = {}
    before, after = _by_element(old, schema), _by_element(new, schema)
    for element in [*after, *(element for element in before if element not in after)]:
        more, less = _compare_items(before.get(element, []), after.get(element, []), schema.items)
        if more is not None:
            gained[element] = more
        if less is not None:
            removed[element] = less
    return gained, removed


def _by_element(items: list[Any], schema: Schema) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(item_element(item, schema), []).append(item)
    return found


def _compare_items(
    before: list[Any], after: list[Any], schema: Schema
) -> tuple[Fields | None, Fields | None]:
    """Items of one name: one on each side, as a rule; repeated ones count as a whole."""
    if len(before) < 2 and len(after) < 2:
        return _compare(before[0] if before else _ABSENT, after[0] if after else _ABSENT, schema)
    if len(before) > 1 and len(after) > 1:
        return (LEAF, None) if before != after else (None, None)
    if len(before) > 1:
        return (everything(after[0], schema) if after else None), LEAF
    return LEAF, (everything(before[0], schema) if before else None)
