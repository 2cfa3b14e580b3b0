"""Plain data to typed objects: what kind it is, its schema, its defaults.

Of objects whose kind is not read, `unread` decides what to say.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from convoy.api import codes
from convoy.api.base import ApiObject
from convoy.api.codes import ProblemCode
from convoy.api.kinds import BY_NAME, Kind, group_of
from convoy.api.kube.core import Secret
from convoy.api.meta import ObjectKey
from convoy.api.paths import child_path, item_path, nearest_line, quote
from convoy.api.problems import Problem, has_errors
from convoy.api.schema import check_schema
from convoy.api.unread import judge_built_in, judge_unread
from convoy.api.yaml import Document

_DEFAULT_NAMESPACE = "default"


class Decoded(msgspec.Struct, frozen=True):
    """One object of a document: typed, or None when refused or ignored; its key as far as it could be read.

    `problems` have field paths and lines within the file, and the key.
    """

    obj: ApiObject | None
    key: ObjectKey | None
    problems: tuple[Problem, ...]
    lines: Mapping[str, int]


def decode_document(document: Document) -> Iterator[Decoded]:
    """The objects of a document: itself, or the elements when it is a `kind: List`."""
    data = document.data
    if isinstance(data, dict) and str(data.get("kind", "")).endswith("List") and "items" in data:
        yield from _decode_list(document)
    else:
        yield _decode_object(data, document.lines, document.problems, has_nulls=document.has_nulls)


def decode_object(data: Any, *, has_nulls: bool = True) -> Decoded:
    """One object that was no text, such as the API server's: its problems have no lines.

    Without nulls in it, it is decoded faster.
    """
    return _decode_object(data, {}, (), has_nulls=has_nulls)


def _decode_list(document: Document) -> Iterator[Decoded]:
    items = document.data["items"]
    if not isinstance(items, list):
        problem = Problem(
            code=codes.WRONG_TYPE, field="items", message="is not a list.", line=document.lines[""]
        )
        yield Decoded(None, None, (problem,), document.lines)
        return
    lines: list[dict[str, int]] = [
        {"": nearest_line(document.lines, item_path("items", i))} for i in range(len(items))
    ]
    for path, line in document.lines.items():
        index, _, rest = path.removeprefix("items[").partition("]")
        if path.startswith("items[") and rest:
            lines[int(index)][rest.removeprefix(".")] = line
    faults: list[list[Problem]] = [[] for _ in items]
    for problem in document.problems:
        index, _, rest = problem.field.removeprefix("items[").partition("]")
        if problem.field.startswith("items["):
            faults[int(index)].append(msgspec.structs.replace(problem, field=rest.removeprefix(".")))
    for item, item_lines, item_faults in zip(items, lines, faults, strict=True):
        yield _decode_object(item, item_lines, tuple(item_faults), has_nulls=document.has_nulls)


def _decode_object(
    data: Any, lines: Mapping[str, int], faults: tuple[Problem, ...], *, has_nulls: bool
) -> Decoded:
    kind, problem = _kind_of(data)
    key = _key_of(data, kind)
    if kind is None:
        problems = (*faults, problem) if problem else faults
        return Decoded(None, key, _placed(problems, key, lines), lines)
    obj, found = _decode_kind(data, kind, has_nulls=has_nulls)
    problems = (*faults, *found)
    return Decoded(None if has_errors(problems) else obj, key, _placed(problems, key, lines), lines)


def _placed(
    problems: tuple[Problem, ...], key: ObjectKey | None, lines: Mapping[str, int]
) -> tuple[Problem, ...]:
    return tuple(
        msgspec.structs.replace(problem, key=key, line=problem.line or nearest_line(lines, problem.field))
        for problem in problems
    )


def _kind_of(data: Any) -> tuple[Kind | None, Problem | None]:
    if not isinstance(data, dict):
        return None, _problem(
            codes.NOT_AN_OBJECT, "", "the document is not a mapping.", "Write apiVersion, kind and metadata."
        )
    for field in ("apiVersion", "kind"):
        if not isinstance(data.get(field), str) or not data[field]:
            return None, _problem(codes.NOT_AN_OBJECT, field, "is missing or not text.", f"Say its {field}.")
    version, name = data["apiVersion"], data["kind"]
    kind, group = BY_NAME.get(name), group_of(version)
    if kind is None or kind.group != group:
        return None, judge_unread(data, name, group)
    if built_in := judge_built_in(data, name, group):
        return None, built_in
    if version not in kind.api_versions:
        message = f"{quote(version)} is not a version of {name}, which has {', '.join(kind.api_versions)}."
        return None, _problem(codes.UNKNOWN_VERSION, "apiVersion", message, "Use one of those.")
    return kind, None


def _key_of(data: Any, kind: Kind | None) -> ObjectKey | None:
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
        return None
    metadata = data.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if kind and not kind.namespaced:
        namespace = ""
    elif kind or namespace:
        namespace = namespace or _DEFAULT_NAMESPACE
    return ObjectKey(
        data["kind"],
        namespace if isinstance(namespace, str) else "",
        name if isinstance(name, str) else "",
    )


def _decode_kind(
    data: dict[str, Any], kind: Kind, *, has_nulls: bool
) -> tuple[ApiObject | None, list[Problem]]:
    if not has_nulls:
        try:
            return _with_namespace(msgspec.convert(data, kind.struct), kind)
        except msgspec.ValidationError:
            pass
    clean, problems = check_schema(data, kind.struct, is_secret=kind.struct is Secret)
    if problems:
        return None, problems
    return _with_namespace(msgspec.convert(clean, kind.struct), kind)


def _with_namespace(obj: ApiObject, kind: Kind) -> tuple[ApiObject | None, list[Problem]]:
    metadata = obj.metadata
    if not metadata.name:
        message = "is required but missing or empty."
        return None, [
            _problem(codes.NOT_AN_OBJECT, child_path("metadata", "name"), message, "Name the object.")
        ]
    if not kind.namespaced and metadata.namespace:
        message = f"{quote(metadata.namespace)} is set, but a {kind.name} is in no namespace."
        return None, [_problem(codes.BAD_METADATA, "metadata.namespace", message, "Remove it.")]
    if kind.namespaced and not metadata.namespace:
        metadata = msgspec.structs.replace(metadata, namespace=_DEFAULT_NAMESPACE)
        obj = msgspec.structs.replace(obj, metadata=metadata)
    return obj, []


def _problem(code: ProblemCode, field: str, message: str, remedy: str) -> Problem:
    return Problem(code=code, field=field, message=message, remedy=remedy)
