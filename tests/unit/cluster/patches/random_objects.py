"""Random objects of a schema, from few words, so that two of them have much in common."""

import random
import re
from typing import Any

from convoy.cluster.schema.nodes import Schema

# Where strategic merge has something to decide, and the way there.
_LIKELY = frozenset(
    re.findall(
        r"\w+",
        """metadata spec status template strategy jobTemplate containers initContainers volumes env ports
        volumeMounts finalizers ownerReferences imagePullSecrets hostAliases topologySpreadConstraints
        conditions secrets labels annotations volumeDevices securityContext resources tolerations addresses
        taints podCIDRs rollingUpdate configMap emptyDir selector data""",
    )
)
# Anything may stand there, so there is nothing to merge; or kubectl does not show it.
LEFT_OUT = frozenset({"managedFields", "apiVersion", "kind", "name"})

WORDS = ("a", "b", "c", "d")
NUMBERS = (1, 2, 80, 443)
_DEEPEST = 9


class Objects:
    """Makes random values; the same for the same random numbers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def value(self, schema: Schema, depth: int = 0) -> Any:
        """Something that fits the schema in form, not always in meaning."""
        if schema.type == "object":
            return self.fields(schema, depth)
        if schema.type == "array":
            return self.items(schema, depth)
        return self.scalar(schema)

    def scalar(self, schema: Schema) -> Any:
        """A string, number or boolean."""
        if schema.type == "boolean":
            return self.rng.random() < 0.5
        if schema.type in ("integer", "number"):
            return self.rng.choice(NUMBERS)
        if schema.is_int_or_string and self.rng.random() < 0.5:
            return self.rng.choice(NUMBERS)
        return self.rng.choice(WORDS)

    def fields(self, schema: Schema, depth: int) -> dict[str, Any]:
        """An object or a map."""
        if schema.values is not None:
            keys = self.rng.sample(WORDS, self.rng.randint(0, 3))
            return {key: self.value(schema.values, depth + 1) for key in keys}
        return {name: self.value(schema.fields[name], depth + 1) for name in self.names(schema, depth)}

    def names(self, schema: Schema, depth: int) -> list[str]:
        """Some of an object's fields."""
        fewer = 1.0 if depth < 3 else 0.6
        return [
            name
            for name, child in schema.fields.items()
            if name not in LEFT_OUT and not child.is_free and depth < _DEEPEST
            if self.rng.random() < (0.6 if name in _LIKELY else 0.12) * fewer
        ]

    def items(self, schema: Schema, depth: int) -> list[Any]:
        """A list; with a merge key, items whose keys differ, mostly."""
        if schema.items is None or depth > _DEEPEST:
            return []
        items = [self.item(schema, depth) for _ in range(self.rng.randint(0, 4))]
        # What becomes of repeated values hangs on how much memory Go had set aside for the list.
        may_repeat = schema.merge_key and self.rng.random() < 0.03
        return items if may_repeat else distinct_items(items, schema.merge_key)

    def item(self, schema: Schema, depth: int) -> Any:
        """One item of a list, with its merge key."""
        assert schema.items is not None
        item = self.value(schema.items, depth + 1)
        if schema.merge_key and (self.rng.random() < 0.99):
            item[schema.merge_key] = self.scalar(schema.items.fields[schema.merge_key])
        return item


def distinct_items(items: list[Any], key: str) -> list[Any]:
    """The items without those whose key, or value, was seen before."""
    seen: list[Any] = []
    kept = []
    for item in items:
        mark = item.get(key) if key else item
        if mark not in seen:
            seen.append(mark)
            kept.append(item)
    return kept


class Variants:
    """Makes objects that resemble a given one."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.rng = objects.rng

    def of(self, value: Any) -> Any:
        """The same with things left out, moved and replaced."""
        if isinstance(value, dict):
            return {key: self.of(child) for key, child in value.items() if self.rng.random() < 0.85}
        if isinstance(value, list):
            kept = [self.of(child) for child in value if self.rng.random() < 0.85]
            if kept and not isinstance(kept[0], dict):
                kept = distinct_items(kept, "")
            if self.rng.random() < 0.4:
                self.rng.shuffle(kept)
            return kept
        return value if self.rng.random() < 0.9 else self.another(value)

    def another(self, value: Any) -> Any:
        """Another scalar of the same type."""
        if isinstance(value, bool):
            return not value
        return self.rng.choice(NUMBERS if isinstance(value, int) else WORDS)
