"""A compiled schema: what patches, pruning, ownership of fields and validation ask of a kind, field by field.

Built-in kinds and custom ones compile to the same nodes, so that whoever walks an object beside its schema
does not care where the schema came from.

A schema may contain itself (a CustomResourceDefinition's does): never walk the schema alone, only along an
object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

ListType = Literal["", "atomic", "set", "map"]
JsonType = Literal["", "object", "array", "string", "integer", "number", "boolean"]

NO_DEFAULT: Final = object()
_NO_FIELDS: Final[Mapping[str, "Schema"]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Schema:
    """One place in an object.

    `fields` are the named ones of an object, `values` what its other keys hold (a map), `items` what a list
    holds. Where neither is known anything may stand: then `is_free` is true.
    """

    type: JsonType = ""
    format: str = ""
    fields: Mapping[str, "Schema"] = field(default_factory=lambda: _NO_FIELDS)
    values: "Schema | None" = None
    items: "Schema | None" = None
    required: tuple[str, ...] = ()
    is_nullable: bool = False
    is_int_or_string: bool = False
    preserves_unknown: bool = False  # keys that are in neither `fields` nor `values` are kept
    is_embedded: bool = False  # a whole object with apiVersion, kind and metadata of its own

    # Ownership of fields and server-side apply.
    list_type: ListType = ""
    map_keys: tuple[str, ...] = ()
    map_type: str = ""  # `atomic` or `granular`, "" is granular

    # Strategic merge; built-in kinds only.
    merge_key: str = ""
    patch_strategies: tuple[str, ...] = ()  # of `merge`, `replace`, `retainKeys`

    default: Any = NO_DEFAULT
    go_type: str = (
        ""  # what Go calls it, for the words of a decoding error: `int32`, `[]string`, `v1.PodSpec`
    )
    is_custom: bool = False  # the root of a custom kind
    rules: tuple[Mapping[str, Any], ...] = ()  # its own x-kubernetes-validations
    has_rules: bool = False  # here or below
    source: Mapping[str, Any] = field(default_factory=dict, repr=False)  # custom kinds: the JSON schema

    @property
    def has_default(self) -> bool:
        """Whether a missing field is given `default`."""
        return self.default is not NO_DEFAULT

    @property
    def is_atomic(self) -> bool:
        """Owned and replaced as a whole: a list or map that is not merged, a scalar, or anything unknown."""
        if self.type == "array":
            return self.list_type in ("", "atomic")
        if self.type == "object":
            return self.map_type == "atomic"
        return True

    @property
    def is_free(self) -> bool:
        """Nothing is known about what is below."""
        return not self.fields and self.values is None and self.items is None and self.preserves_unknown

    @property
    def merges(self) -> bool:
        """Whether strategic merge merges this list item by item (by `merge_key`, or as a set without one)."""
        return "merge" in self.patch_strategies

    @property
    def retains_keys(self) -> bool:
        """Whether strategic merge honours `$retainKeys` here."""
        return "retainKeys" in self.patch_strategies

    def child(self, name: str) -> "Schema | None":
        """The schema of an object's field: a named one, else that of the map's values; None when unknown."""
        return self.fields.get(name) or self.values


FREE: Final = Schema(preserves_unknown=True, is_nullable=True)  # anything at all
