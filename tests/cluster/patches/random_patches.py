"""Random strategic merge patches, with every directive, for objects of a schema."""

import random
from collections.abc import Iterator
from typing import Any

from tests.unit.cluster.patches.random_objects import LEFT_OUT, WORDS, Objects, distinct_items

from convoy.cluster.schema.nodes import Schema


class Patches:
    """Makes patches that have to do with a given object; now and then one that cannot be applied."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.rng = objects.rng

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def of(self, schema: Schema, current: Any, depth: int = 0) -> dict[str, Any]:
        """A patch for an object; no directives at the top, where they would take the object's name."""
        patch: dict[str, Any] = {}
        current = current if isinstance(current, dict) else {}
        if schema.values is not None:
            return self._map(schema.values, current)
        for name in self._names(schema, current, depth):
            self._field(patch, name, schema.fields[name], current.get(name), depth)
        if depth > 1 and self.chance(0.04):
            patch["$patch"] = self.rng.choice(("replace", "delete", "merge"))
        if depth > 1 and self.chance(0.06):
            keys = [key for key in patch if not key.startswith("$")]
            patch["$retainKeys"] = keys + self.rng.sample(sorted(current), min(len(current), 2))
            if self.chance(0.1):
                patch["$retainKeys"] = patch["$retainKeys"][1:]
        return patch

    def _names(self, schema: Schema, current: dict[str, Any], depth: int) -> list[str]:
        mine = [
            name for name in schema.fields if name in current and name not in LEFT_OUT and self.chance(0.6)
        ]
        return list(
            dict.fromkeys([*mine, *(n for n in self.objects.names(schema, depth) if self.chance(0.5))])
        )

    def _map(self, values: Schema, current: dict[str, Any]) -> dict[str, Any]:
        keys = {*self.rng.sample(WORDS, self.rng.randint(0, 2)), *(k for k in current if self.chance(0.4))}
        return {key: None if self.chance(0.3) else self.objects.value(values) for key in sorted(keys)}

    def _field(self, patch: dict[str, Any], name: str, schema: Schema, current: Any, depth: int) -> None:
        if self.chance(0.06) and depth:
            patch[name] = None
        elif schema.type == "object":
            patch[name] = self.of(schema, current, depth + 1)
        elif schema.type != "array":
            patch[name] = self.objects.scalar(schema)
        elif not schema.merges:
            patch[name] = self.objects.items(schema, depth + 1)
        elif schema.merge_key:
            self._keyed_list(patch, name, schema, current or [], depth)
        else:
            self._values_list(patch, name, schema, current or [])

    def _keyed_list(
        self, patch: dict[str, Any], name: str, schema: Schema, current: list[Any], depth: int
    ) -> None:
        key = schema.merge_key
        assert schema.items is not None
        changes = [self.objects.item(schema, depth + 1) for _ in range(self.rng.randint(0, 2))]
        for item in current:
            if key in item and self.chance(0.5):
                changes.append(self.of(schema.items, item, depth + 2) | {key: item[key]})
        changes = distinct_items(changes, key) if self.chance(0.97) else changes
        self.rng.shuffle(changes)
        if current and self.chance(0.25):
            gone = self.rng.choice(current).get(key)
            changes = [each for each in changes if each.get(key) != gone] + [{key: gone, "$patch": "delete"}]
        if self.chance(0.04):
            changes.append({"$patch": self.rng.choice(("replace", "merge", "odd"))})
        if self.chance(0.85):
            patch[name] = changes
        if self.chance(0.5):
            named = [{key: each.get(key)} for each in changes if "$patch" not in each]
            self._order(patch, name, named, [{key: item.get(key)} for item in current])

    def _values_list(self, patch: dict[str, Any], name: str, schema: Schema, current: list[Any]) -> None:
        values = self.objects.items(schema, 1)
        if self.chance(0.5):
            # A value that is both added and deleted has no certain outcome.
            gone = [each for each in {*current, *WORDS} if each not in values]
            patch[f"$deleteFromPrimitiveList/{name}"] = self.rng.sample(sorted(gone), min(len(gone), 2))
        if self.chance(0.8):
            patch[name] = values
        if self.chance(0.4):
            self._order(patch, name, values, current)

    def _order(self, patch: dict[str, Any], name: str, named: list[Any], current: list[Any]) -> None:
        """The order of a list as a client would give it: what it names, with others in between."""
        order = list(named)
        for item in current:
            if item not in order and self.chance(0.6):
                order.insert(self.rng.randint(0, len(order)), item)
        if self.chance(0.05):
            self.rng.shuffle(order)
        if self.chance(0.05):
            order = order[1:]
        patch[f"$setElementOrder/{name}"] = order


def merge_patch_for(obj: Any, rng: random.Random, depth: int = 0) -> Any:
    """A merge patch: what is there deleted, replaced or patched, and something new."""
    patch: dict[str, Any] = {}
    for key, value in obj.items():
        if key in LEFT_OUT or rng.random() < 0.4:
            continue
        if isinstance(value, dict) and (not depth or rng.random() < 0.8):
            patch[key] = merge_patch_for(value, rng, depth + 1)
        elif depth and rng.random() < 0.3:
            patch[key] = None
        else:
            patch[key] = rng.choice((value, "a", 1, ["a", {"b": "c"}], {"a": {"b": None, "c": "d"}}))
    if depth:
        patch[rng.choice(WORDS)] = rng.choice((None, "a", {"b": {"c": None}}, [1, 2]))
    return patch


def json_patch_for(obj: Any, rng: random.Random) -> list[dict[str, Any]]:
    """A few operations on places that exist, mostly."""
    # The name tells the objects apart, and without a kind kubectl shows nothing.
    places = [path for path in pointers(obj) if path.count("/") > 1 and path != "/metadata/name"]
    places += [f"{rng.choice(places)}/a", "/metadata/labels/a", "/nowhere/a"] if places else ["/metadata/a"]
    return [_operation(rng, places, obj) for _ in range(rng.randint(1, 3))]


def _operation(rng: random.Random, places: list[str], obj: Any) -> dict[str, Any]:
    kind = rng.choice(("add", "add", "remove", "replace", "test", "copy", "move"))
    path = rng.choice(places)
    if kind in ("copy", "move"):
        return {"op": kind, "from": path, "path": rng.choice(places)}
    if kind == "remove":
        return {"op": kind, "path": path}
    if kind == "add" and rng.random() < 0.3:
        path = f"{path.rpartition('/')[0]}/{rng.choice(('-', '0', '1', '-1', '9', 'a~1b'))}"
    value = rng.choice(("a", 1, True, None, {"a": "b"}, ["a"]))
    if kind == "test" and rng.random() < 0.8:
        value = value_at(obj, path)
    return {"op": kind, "path": path, "value": value}


def pointers(value: Any, prefix: str = "") -> Iterator[str]:
    """The JSON pointer of everything below a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in pairs:
        yield f"{prefix}/{key}"
        yield from pointers(child, f"{prefix}/{key}")


def value_at(value: Any, pointer: str) -> Any:
    """What is at a JSON pointer, None for nothing."""
    for token in pointer.split("/")[1:]:
        if isinstance(value, dict):
            value = value.get(token)
        elif isinstance(value, list) and token.isdigit() and int(token) < len(value):
            value = value[int(token)]
        else:
            return None
    return value
