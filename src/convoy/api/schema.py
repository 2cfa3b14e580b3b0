"""What is wrong with plain data that should have the shape of a struct: every mistake at once, with its path.

msgspec decodes fast but stops at the first mistake; this walk over the same types is for data it refused. It
also drops null fields, as Kubernetes does. A null element of a list or mapping is refused: to Kubernetes it
would be an empty object, which nobody means.
"""

import difflib
import enum
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec
import msgspec.inspect as types

from convoy.api import codes
from convoy.api.codes import ProblemCode
from convoy.api.paths import child_path, item_path, quote
from convoy.api.problems import Problem

_MOST_LISTED = 12


def check_schema(
    data: Any, struct: type[msgspec.Struct], *, is_secret: bool = False
) -> tuple[Any, list[Problem]]:
    """The data without its null fields, ready for `msgspec.convert`, and what is wrong with it.

    With `is_secret` no value is quoted in any message.
    """
    walk = _Walk(is_secret)
    return walk.value(data, _type_info(struct), ""), walk.problems


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most like this one, or None when none is."""
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


@cache
def _type_info(struct: type[msgspec.Struct]) -> types.Type:
    return types.type_info(struct)


class _Walk:
    """Collects problems; each method gives the cleaned value, or the value itself when it is wrong."""

    def __init__(self, is_secret: bool) -> None:
        self.problems: list[Problem] = []
        self._is_secret = is_secret

    def value(self, data: Any, wanted: types.Type, path: str) -> Any:
        if isinstance(wanted, types.UnionType):
            return self._union(data, wanted, path)
        check = _CHECKS.get(type(wanted))
        return check(self, data, wanted, path) if check else data

    def _union(self, data: Any, wanted: types.UnionType, path: str) -> Any:
        options = [option for option in wanted.types if not isinstance(option, types.NoneType)]
        if len(options) == 1:
            return self.value(data, options[0], path)
        if not any(self._fits(data, option) for option in options):
            self._wrong(data, " or ".join(_WANTED[type(option)] for option in options), path)
        return data

    def _fits(self, data: Any, wanted: types.Type) -> bool:
        if isinstance(data, bool):
            return isinstance(wanted, types.BoolType)
        return isinstance(data, _PYTHON[type(wanted)])

    def _struct(self, data: Any, wanted: types.StructType, path: str) -> Any:
        if not isinstance(data, dict):
            return self._wrong(data, "a mapping", path)
        fields = {field.encode_name: field for field in wanted.fields}
        clean = {}
        for name, value in data.items():
            field = fields.get(name)
            if field is None:
                self._unknown_field(name, fields, child_path(path, name))
            elif value is not None:
                clean[name] = self.value(value, field.type, child_path(path, name))
        for name, field in fields.items():
            if field.required and name not in clean:
                self._add(
                    codes.MISSING_FIELD,
                    child_path(path, name),
                    "is required but missing.",
                    f"Add it: it is {_WANTED[type(field.type)]}.",
                )
        return clean

    def _list(self, data: Any, wanted: types.ListType, path: str) -> Any:
        if not isinstance(data, list):
            return self._wrong(data, "a list", path)
        return [self._element(item, wanted.item_type, item_path(path, i)) for i, item in enumerate(data)]

    def _dict(self, data: Any, wanted: types.DictType, path: str) -> Any:
        if not isinstance(data, dict):
            return self._wrong(data, "a mapping", path)
        return {
            key: self._element(item, wanted.value_type, child_path(path, key)) for key, item in data.items()
        }

    def _element(self, data: Any, wanted: types.Type, path: str) -> Any:
        if data is None and type(wanted) in _WANTED:
            self._add(
                codes.NULL_ELEMENT,
                path,
                "is null.",
                f"Write {_WANTED[type(wanted)]} here, or remove the entry.",
            )
            return data
        return self.value(data, wanted, path)

    def _scalar(self, data: Any, wanted: types.Type, path: str) -> Any:
        if isinstance(wanted, types.IntType) and isinstance(data, float) and data.is_integer():
            return int(data)
        if not self._fits(data, wanted):
            return self._wrong(data, _WANTED[type(wanted)], path)
        return data

    def _enum(self, data: Any, wanted: types.EnumType, path: str) -> Any:
        if not isinstance(data, str):
            return self._wrong(data, "text", path)
        names = _values(wanted.cls)
        if data not in names:
            like = did_you_mean(data, names)
            remedy = f'Did you mean "{like}"?' if like else "Use one of those."
            self._add(
                codes.UNKNOWN_VALUE, path, f"{self._shown(data)} is not one of {', '.join(names)}.", remedy
            )
        return data

    def _unknown_field(self, name: str, known: Iterable[str], path: str) -> None:
        known = sorted(known)
        like = did_you_mean(name, known)
        if like:
            remedy = f'Did you mean "{like}"?'
        elif len(known) <= _MOST_LISTED:
            remedy = f"Known here: {', '.join(known)}."
        else:
            remedy = "Remove it."
        self._add(codes.UNKNOWN_FIELD, path, "unknown field.", remedy)

    def _wrong(self, data: Any, wanted: str, path: str) -> Any:
        self._add(
            codes.WRONG_TYPE,
            path,
            f"{self._shown(data)} is {_kind_of(data)}, but {wanted} is needed.",
            "" if self._is_secret else _wrong_type_remedy(data, wanted),
        )
        return data

    def _shown(self, data: Any) -> str:
        return "the value" if self._is_secret or isinstance(data, dict | list) else quote(data)

    def _add(self, code: ProblemCode, path: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(code=code, field=path, message=message, remedy=remedy))


_Check = Callable[[_Walk, Any, Any, str], Any]
_CHECKS: dict[type[types.Type], _Check] = {
    types.StructType: _Walk._struct,
    types.ListType: _Walk._list,
    types.DictType: _Walk._dict,
    types.EnumType: _Walk._enum,
    types.StrType: _Walk._scalar,
    types.IntType: _Walk._scalar,
    types.FloatType: _Walk._scalar,
    types.BoolType: _Walk._scalar,
}
_PYTHON: dict[type[types.Type], tuple[type, ...]] = {
    types.StrType: (str,),
    types.IntType: (int,),
    types.FloatType: (int, float),
    types.BoolType: (bool,),
}
_WANTED: dict[type[types.Type], str] = {
    types.StructType: "a mapping",
    types.DictType: "a mapping",
    types.ListType: "a list",
    types.EnumType: "text",
    types.StrType: "text",
    types.IntType: "a whole number",
    types.FloatType: "a number",
    types.BoolType: "true or false",
}


def _values(cls: type[enum.Enum]) -> list[str]:
    return [str(member.value) for member in cls]


def _kind_of(data: Any) -> str:
    if isinstance(data, bool):
        return "a boolean"
    if isinstance(data, int | float):
        return "a number"
    if isinstance(data, str):
        return "text"
    return "a list" if isinstance(data, list) else "a mapping" if isinstance(data, dict) else "null"


def _wrong_type_remedy(data: Any, wanted: str) -> str:
    if wanted == "text" and isinstance(data, bool | int | float):
        return "Put quotes around what you wrote."
    if wanted == "a whole number" and isinstance(data, str) and data.isdecimal():
        return "Remove the quotes."
    if wanted == "a list" and isinstance(data, dict):
        return 'Start each element with "- ".'
    if wanted == "a list":
        return 'Write "- " before it, in a line of its own.'
    if wanted == "a mapping" and isinstance(data, list):
        return 'Remove the "- " before it.'
    return ""
