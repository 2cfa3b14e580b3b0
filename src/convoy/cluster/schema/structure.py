"""Whether a value is what an OpenAPI v3 schema says: types, limits, patterns, alternatives.

Works as the validator of the real server does, since its peculiarities are seen by clients: every check that
applies to the kind of a value is made, whatever the others found; of the alternatives that failed, the errors
of the one that matched most are shown; an error about alternatives names no field.
"""

from collections.abc import Mapping
from typing import Any

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import wording
from convoy.cluster.schema.correlation import Correlation
from convoy.cluster.schema.limits import (
    Result,
    Source,
    check_enum,
    check_null,
    check_number,
    check_string,
    check_type,
    is_same,
)
from convoy.cluster.schema.wording import quoted


def validate_structure(
    source: Source, value: Any, *, path: str = "", old: Correlation | None = None
) -> list[Cause]:
    """Everything in `value` that is not as the schema says; `path` is where the value stands.

    With `old`, errors in what did not change are passed over.
    """
    return _validate(source, value, path, old).causes


def _validate(source: Source, value: Any, path: str, old: Correlation | None) -> Result:
    result = Result()
    if value is None:
        check_null(source, path, result)
        check_enum(source, None, path, result)
        return _ratcheted(result, old)
    check_type(source, value, path, result)
    _check_alternatives(source, value, path, result)
    if isinstance(value, str):
        check_string(source, value, path, result)
    elif isinstance(value, list):
        _check_list(source, value, path, result, old)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        check_number(source, value, path, result)
    check_enum(source, value, path, result)
    if isinstance(value, dict):
        _check_object(source, value, path, result, old)
    result.matches += 1
    return _ratcheted(result, old)


def _ratcheted(result: Result, old: Correlation | None) -> Result:
    if result.causes and old is not None and old.is_unchanged:
        result.causes.clear()
    return result


def _check_alternatives(source: Source, value: Any, path: str, result: Result) -> None:
    def tried(name: str) -> list[Result]:
        return [_validate(branch, value, path, None) for branch in source.get(name) or ()]

    if any_of := tried("anyOf"):
        _check_any_of(any_of, path, result)
    if one_of := tried("oneOf"):
        _check_one_of(one_of, path, result)
    if all_of := tried("allOf"):
        for branch in all_of:
            result.merge(branch)
        valid = sum(not branch.causes for branch in all_of)
        if valid != len(all_of):
            none = ". None validated" if not valid else ""
            result.add(_whole(f"{quoted(path)} must validate all the schemas (allOf){none}"))
    if (negated := source.get("not")) is not None and not _validate(negated, value, path, None).causes:
        result.add(_whole(f"{quoted(path)} must not validate the schema (not)"))
    result.matches += 2


def _check_any_of(branches: list[Result], path: str, result: Result) -> None:
    valid = next((branch for branch in branches if not branch.causes), None)
    if valid is None:
        result.add(_whole(f"{quoted(path)} must validate at least one schema (anyOf)"))
        valid = _closest(branches)
    result.merge(valid)


def _check_one_of(branches: list[Result], path: str, result: Result) -> None:
    valid = [branch for branch in branches if not branch.causes]
    if len(valid) == 1:
        result.merge(valid[0])
        return
    found = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    result.add(_whole(f"{quoted(path)} must validate one and only one schema (oneOf). {found}"))
    if not valid:
        result.merge(_closest(branches))


def _closest(branches: list[Result]) -> Result:
    return max(branches, key=lambda branch: branch.matches)  # the first of equals, as max() has it


def _whole(message: str) -> Cause:
    return wording.invalid("", "", message)


def _check_list(source: Source, value: list[Any], path: str, result: Result, old: Correlation | None) -> None:
    field_path, size = path.removeprefix("."), len(value)
    if isinstance(items := source.get("items"), Mapping):
        for index, item in enumerate(value):
            before = None if old is None else old.item(index)
            result.merge(_validate(items, item, f"{path}[{index}]", before))
    least, most = source.get("minItems"), source.get("maxItems")
    if least is not None and size < least:
        why = f"{path} in body should have at least {least} items"
        result.add(wording.invalid(field_path, size, why))
    if most is not None and size > most:
        result.add(wording.too_many(field_path, size, most))
    if source.get("uniqueItems") and any(
        is_same(item, other) for i, item in enumerate(value) for other in value[:i]
    ):
        result.add(wording.invalid(field_path, "", f"{path} in body shouldn't contain duplicates"))
    result.matches += 2


def _check_object(
    source: Source, value: dict[str, Any], path: str, result: Result, old: Correlation | None
) -> None:
    field_path = path.removeprefix(".")
    least, most = source.get("minProperties"), source.get("maxProperties")
    if least is not None and len(value) < least:
        why = f"{path} in body should have at least {least} properties"
        result.add(wording.invalid(field_path, len(value), why))
    if most is not None and len(value) > most:
        result.add(wording.too_many(field_path, len(value), most))
    properties = source.get("properties") or {}
    additional = source.get("additionalProperties")
    for name, item in value.items():
        before = None if old is None or (not path and name in ("apiVersion", "kind")) else old.field(name)
        if name in properties:
            child = f"{path}.{name}" if path else name
            result.merge(_validate(properties[name], item, child, before))
        elif isinstance(additional, Mapping):
            result.merge(_validate(additional, item, f"{path}.{name}", before))
        elif additional is False:
            why = f"{path}.{name} in body is a forbidden property"
            result.add(wording.invalid(field_path, name, why))
    for name in source.get("required") or ():
        if name not in value:
            result.add(wording.required(f"{path}.{name}".removeprefix(".")))
    result.matches += 1
