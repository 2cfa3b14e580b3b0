"""What server-side apply does to an object: brings in what is applied, takes out what is applied no more."""

from collections.abc import Sequence
from typing import Any

from convoy.cluster.patches.elements import is_granular, item_element
from convoy.cluster.patches.fields import NOTHING, Fields, is_member
from convoy.cluster.patches.owning import child_schema, fields_of
from convoy.cluster.schema.nodes import Schema

Object = dict[str, Any]


def merge(live: Any, applied: Any, schema: Schema) -> Any:
    """The live value with the applied one on top; may share parts with both.

    Nothing is removed. Lists come out in the applied order, with other items where they stood.
    """
    if not live or not is_granular(live, schema):
        return applied
    if not applied:
        return live if applied is None or type(applied) is type(live) else applied
    if type(live) is not type(applied):
        return applied
    if isinstance(live, dict):
        merged = dict(live)
        for name, value in applied.items():
            below = child_schema(schema, name)
            merged[name] = merge(live[name], value, below) if name in live else value
        return merged
    return _merge_lists(live, applied, schema)


def _merge_lists(live: list[Any], applied: list[Any], schema: Schema) -> list[Any]:
    assert schema.items is not None
    wanted = {item_element(item, schema): item for item in applied}
    elements = [item_element(item, schema) for item in live]
    found = dict(zip(elements, live, strict=True))
    repeated = {element for element in elements if elements.count(element) > 1}
    merged = []
    for element, item in _in_order(elements, live, list(wanted)):
        if element not in wanted:
            merged.append(item)
        elif element in found and element not in repeated:
            merged.append(merge(found[element], wanted[element], schema.items))
        else:
            merged.append(wanted[element])
    return merged


def _in_order(elements: Sequence[str], items: Sequence[Any], wanted: Sequence[str]) -> list[tuple[str, Any]]:
    """Elements as they are to stand; of those in both lists the applied one gives the order."""
    shared = [element for element in wanted if element in elements]
    arranged: list[tuple[str, Any]] = []
    taken = next_shared = 0
    for element, item in zip(elements, items, strict=True):
        if element not in wanted:
            arranged.append((element, item))
        elif next_shared < len(shared) and element == shared[next_shared]:
            upto = wanted.index(element) + 1
            arranged += [(each, None) for each in wanted[taken:upto]]
            taken, next_shared = upto, next_shared + 1
    return arranged + [(each, None) for each in wanted[taken:]]


class Pruning:
    """Removes, in place, what a manager applied `last` time and nobody owns now.

    A declared field goes with its last owned part, and what nobody owns beside that part goes with it. What
    is left with nothing in it becomes null, which is not yet gone to those who own it; `finish` removes it.
    """

    def __init__(self) -> None:
        self._emptied: list[tuple[Object, str]] = []

    def prune(self, value: Any, last: Fields, owned: Fields, schema: Schema) -> None:
        """Of an object or list that is owned piece by piece."""
        if isinstance(value, dict):
            self._prune_object(value, last, owned, schema)
        else:
            self._prune_list(value, last, owned, schema)

    def finish(self) -> None:
        """Remove what was left empty."""
        for holder, name in self._emptied:
            if holder.get(name) is None:
                holder.pop(name, None)

    def _prune_object(self, value: Object, last: Fields, owned: Fields, schema: Schema) -> None:
        for name in list(value):
            node, other = last.get(f"f:{name}"), owned.get(f"f:{name}")
            if node is None:
                continue
            child, below, is_declared = value[name], child_schema(schema, name), name in schema.fields
            if _is_meant(node, is_declared) and not _is_meant(other, is_declared):
                if _can_be_owned(child, below):
                    del value[name]
            elif node and child and is_granular(child, below):
                self.prune(child, node, other or NOTHING, below)
                if not child:
                    value[name] = None
                    self._emptied.append((value, name))
                elif is_declared and not _can_be_owned(child, below):
                    del value[name]

    def _prune_list(self, value: list[Any], last: Fields, owned: Fields, schema: Schema) -> None:
        assert schema.items is not None
        for place in range(len(value) - 1, -1, -1):
            element = item_element(value[place], schema)
            node, other = last.get(element), owned.get(element)
            if node is None:
                continue
            if is_member(node) and not _is_meant(other, is_declared=False):
                del value[place]
            elif node and is_granular(value[place], schema.items):
                self.prune(value[place], node, other or NOTHING, schema.items)


def _can_be_owned(value: Any, schema: Schema) -> bool:
    """Not so for what holds but empty lists: nobody owned it, so nobody gave it up."""
    return not value or not is_granular(value, schema) or bool(fields_of(value, schema))


def _is_meant(node: Fields | None, is_declared: bool) -> bool:
    """Whether a set speaks of the field itself; of a declared one it does by speaking of a part."""
    return node is not None and (is_declared or is_member(node))
