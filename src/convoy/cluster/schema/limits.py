"""What a schema says of a value without looking inside it: type, format, enum, limits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import re2

from convoy.cluster.machinery.statuses import Cause
from convoy.cluster.schema import formats, wording
from convoy.cluster.schema.wording import quoted

Source = Mapping[str, Any]


@dataclass(slots=True)
class Result:
    """What was found; `matches` counts the checks that were made, which is how alternatives are compared."""

    causes: list[Cause] = field(default_factory=list)
    matches: int = 0

    def add(self, cause: Cause) -> None:
        """Note something, once."""
        if cause not in self.causes:
            self.causes.append(cause)

    def merge(self, other: "Result") -> None:
        """Take over what another check found."""
        for cause in other.causes:
            self.add(cause)
        self.matches += other.matches


def _types(source: Source) -> tuple[str, ...]:
    if source.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (source["type"],) if source.get("type") else ()


def _known_format(source: Source) -> str:
    name = source.get("format") or ""
    return name if name and formats.is_known(name) else ""


def _json_type(value: Any) -> tuple[str, str]:
    """A value's type and the format that goes with it."""
    if isinstance(value, bool):
        return "boolean", ""
    if isinstance(value, int):
        return "integer", "int64"
    if isinstance(value, float):
        return "number", "float64"
    return ("string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"), ""


def check_null(source: Source, path: str, result: Result) -> None:
    """A null where the schema wants a value."""
    types = _types(source)
    if types and not source.get("nullable"):
        result.add(_wrong_type(path, ",".join(types), "null"))


def check_type(source: Source, value: Any, path: str, result: Result) -> None:
    """A value of another type than the schema's."""
    types, wanted_format = _types(source), _known_format(source)
    if not types and not wanted_format:
        return
    result.matches += 2
    actual, actual_format = _json_type(value)
    fits = actual in types or (
        (actual == "number" and value.is_integer() and "integer" in types)
        or (actual == "integer" and "number" in types)
    )
    if wanted_format and isinstance(value, str | list) and not {"number", "integer"} & set(types):
        return
    if wanted_format and not isinstance(value, str | list) and not fits:
        result.add(_wrong_type(path, wanted_format, actual_format))
    elif not fits:
        result.add(_wrong_type(path, ",".join(types), actual))


def _wrong_type(path: str, wanted: str, actual: str) -> Cause:
    why = f"{path} in body must be of type {wanted}: {quoted(actual)}"
    return wording.type_invalid(path.removeprefix("."), actual, why)


def check_string(source: Source, value: str, path: str, result: Result) -> None:
    """Length, pattern and format of a text."""
    result.matches += 1
    field_path = path.removeprefix(".")
    most, least, pattern = source.get("maxLength"), source.get("minLength"), source.get("pattern")
    if most is not None and len(value) > most:
        result.add(wording.too_long(field_path, most))
    elif least is not None and len(value) < least:
        why = f"{path} in body should be at least {least} chars long"
        result.add(wording.invalid(field_path, value, why))
    elif pattern and not matches_pattern(pattern, value):
        result.add(wording.invalid(field_path, value, f"{path} in body should match '{pattern}'"))
    if name := _known_format(source):
        result.matches += 1
        if not formats.matches(name, value):
            why = f"{path} in body must be of type {name}: {quoted(value)}"
            result.add(wording.type_invalid(field_path, value, why))


_compiled: Final[dict[str, Any]] = {}


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether a text has a match anywhere, in RE2's syntax, which is Go's; False for an invalid pattern."""
    if pattern not in _compiled:
        try:
            _compiled[pattern] = compile_pattern(pattern)
        except ValueError:
            _compiled[pattern] = None
    expression = _compiled[pattern]
    return expression is not None and expression.search(text) is not None


def compile_pattern(pattern: str) -> Any:
    """RE2's expression of a pattern; ValueError says what is wrong with it."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error


def check_number(source: Source, value: float, path: str, result: Result) -> None:
    """Bounds and factor of a number."""
    result.matches += 2
    limits: tuple[tuple[str, str, Callable[[float], bool], Callable[[float], bool], str, str], ...] = (
        (
            "minimum",
            "exclusiveMinimum",
            value.__lt__,
            value.__le__,
            "greater than or equal to",
            "greater than",
        ),
        ("maximum", "exclusiveMaximum", value.__gt__, value.__ge__, "less than or equal to", "less than"),
    )
    factor = source.get("multipleOf")
    if factor and not _is_multiple(value, factor):
        why = f"{path} in body should be a multiple of {wording.number(_like(value, factor))}"
        result.add(wording.invalid(path.removeprefix("."), value, why))
    for name, exclusive_name, breaks, breaks_exclusively, words, exclusive_words in limits:
        if (limit := source.get(name)) is None:
            continue
        is_exclusive = bool(source.get(exclusive_name))
        compared = _like(value, limit)
        if (breaks_exclusively if is_exclusive else breaks)(compared) is True:
            kind = exclusive_words if is_exclusive else words
            why = f"{path} in body should be {kind} {wording.number(compared)}"
            result.add(wording.invalid(path.removeprefix("."), value, why))


def _like(value: float, limit: float) -> float:
    """A limit as the number type of the value: the server compares integers with integers."""
    return int(limit) if isinstance(value, int) else float(limit)


def _is_multiple(value: float, factor: float) -> bool:
    if isinstance(value, int) and float(factor).is_integer():
        return value % int(factor) == 0
    ratio = value / factor if factor >= 1 else 1 / factor * value
    return abs(ratio - round(ratio)) < 1e-9 * max(1.0, abs(ratio))


def check_enum(source: Source, value: Any, path: str, result: Result) -> None:
    """A value outside a closed set."""
    if value is not None:
        result.matches += 1
    allowed = source.get("enum")
    if not allowed or any(is_same(value, each) for each in allowed):
        return
    listed = [each if isinstance(each, str) else _json(each) for each in allowed]
    result.add(wording.not_supported(path.removeprefix("."), "" if value is None else value, listed))


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _json(value: Any) -> str:
    return wording.number(value) if isinstance(value, float) else str(value).lower()
