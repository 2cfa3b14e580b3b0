"""Structs as the structural schemas of Kubernetes (apiextensions.k8s.io/v1).

Every object keeps fields that its struct does not have: a misspelled field is to be refused by validation,
which says what is wrong with it, and not cut off by the API server, which says nothing. A null is allowed
where a field may be missing, because that is what it means.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import msgspec.inspect as types

from convoy.api.crds.descriptions import DESCRIPTIONS
from convoy.api.crds.rules import BY_STRUCT, constrain_field, merge
from convoy.api.validation.unbuilt import Gap

Schema = dict[str, Any]

KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"
ANYTHING: Schema = {KEEPS_UNKNOWN: True}

_NOT_BUILT = "Not supported by Convoy yet: an object that sets it is refused."


def build_schema(struct: type[msgspec.Struct], gap: Gap | None = None) -> Schema:
    """The schema of a struct; what is in the `gap` is described as not built."""
    return _schema(_type_info(struct), gap)


def required_fields(struct: type[msgspec.Struct]) -> list[str]:
    """The fields without a default, by the names that users write."""
    return sorted(field.encode_name for field in msgspec.structs.fields(struct) if field.required)


@cache
def _type_info(struct: type[msgspec.Struct]) -> types.Type:
    return types.type_info(struct)


def _schema(wanted: types.Type, gap: Gap | None) -> Schema:
    make = _SCHEMAS.get(type(wanted))
    return make(wanted, gap) if make else dict(ANYTHING)


def _struct(wanted: types.StructType, gap: Gap | None) -> Schema:
    schema: Schema = {"type": "object", **_described(vars(wanted.cls).get("__doc__") or "")}
    schema["properties"] = {
        field.encode_name: _field(field, wanted.cls, gap)
        for field in sorted(wanted.fields, key=lambda field: field.encode_name)
    }
    if required := required_fields(wanted.cls):
        schema["required"] = required
    return merge({**schema, KEEPS_UNKNOWN: True}, BY_STRUCT.get(wanted.cls.__name__, {}))


def _field(field: types.Field, owner: type[msgspec.Struct], gap: Gap | None) -> Schema:
    inner = gap.below(field.encode_name) if gap else None
    schema = constrain_field(owner.__name__, field.encode_name, _schema(field.type, inner))
    own = DESCRIPTIONS.get((owner.__name__, field.encode_name), "")
    said = [own or schema.get("description", "")]
    if inner and inner.is_whole:
        said.append(_NOT_BUILT)
    elif inner and inner.values:
        said.append(f"Convoy does not support {', '.join(sorted(inner.values))} yet.")
    schema |= _described(" ".join(filter(None, said)))
    return schema if field.required else {**schema, "nullable": True}


def _described(text: str) -> Schema:
    """Docstrings are Markdown, and continue over lines; descriptions are plain sentences."""
    plain = " ".join(text.replace("`", "").split())
    return {"description": plain} if plain else {}


def _list(wanted: types.ListType, gap: Gap | None) -> Schema:
    return {"type": "array", "items": _schema(wanted.item_type, gap)}


def _dict(wanted: types.DictType, gap: Gap | None) -> Schema:
    if isinstance(wanted.value_type, types.AnyType):
        return {"type": "object", KEEPS_UNKNOWN: True}
    return {"type": "object", "additionalProperties": _schema(wanted.value_type, gap)}


def _union(wanted: types.UnionType, gap: Gap | None) -> Schema:
    options = [option for option in wanted.types if not isinstance(option, types.NoneType)]
    if len(options) == 1:
        return _schema(options[0], gap)
    if {type(option) for option in options} == {types.IntType, types.StrType}:
        return {"x-kubernetes-int-or-string": True}
    return dict(ANYTHING)


def _enum(wanted: types.EnumType, gap: Gap | None) -> Schema:
    return {"type": "string", "enum": [str(member.value) for member in wanted.cls]}


def _plain(name: str) -> Callable[[Any, Gap | None], Schema]:
    return lambda wanted, gap: {"type": name}


_SCHEMAS: dict[type[types.Type], Callable[[Any, Gap | None], Schema]] = {
    types.StructType: _struct,
    types.ListType: _list,
    types.DictType: _dict,
    types.UnionType: _union,
    types.EnumType: _enum,
    types.StrType: _plain("string"),
    types.IntType: _plain("integer"),
    types.FloatType: _plain("number"),
    types.BoolType: _plain("boolean"),
}
