"""How Go prints values and field paths, and the causes that are made of them.

Kubernetes' messages quote the value seen as Go's `fmt` does: clients and their tests compare the text.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from convoy.cluster.machinery.statuses import Cause

NO_PATH: Final = "<nil>"  # how Go prints the path of the whole object

_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quoted(text: str) -> str:
    """As `%q` prints a string."""
    return '"' + "".join(_quoted_character(character) for character in text) + '"'


def _quoted_character(character: str) -> str:
    if (escape := _ESCAPES.get(character)) is not None:
        return escape
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def number(value: float) -> str:
    """As `%v` prints an int64 or a float64: 1000000.0 is 1e+06."""
    if isinstance(value, int):
        return str(value)
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    if value == 0 or -4 <= power < 6:
        text = repr(value) if "e" not in repr(value) else f"{value:f}"
        return text.removesuffix(".0")
    tail = "." + "".join(map(str, digits[1:])) if len(digits) > 1 else ""
    return f"{'-' * sign}{digits[0]}{tail}e{'-' if power < 0 else '+'}{abs(power):02d}"


def shown(value: Any) -> str:
    """As a field error prints the value it is about."""
    if value is None:
        return '"null"'
    return _syntax(value)


def _syntax(value: Any) -> str:
    """As `%#v` prints it: maps and lists with their types."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_syntax(item) for item in value) + "}"
    fields = ", ".join(f"{quoted(key)}:{_syntax(value[key])}" for key in sorted(value))
    return "map[string]interface {}{" + fields + "}"


def printed(value: Any) -> str:
    """As `%v` prints it: `map[a:1]`, `[a b]`, strings bare."""
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{printed(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(printed(item) for item in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, int | float) else str(value)


def child(path: str, *names: str) -> str:
    """The path of a field: `spec.hosts`."""
    return ".".join([path, *names]) if path else ".".join(names)


def key(path: str, name: str) -> str:
    """The path of a map's value: `spec.labels[app]`."""
    return f"{path}[{name}]"


def invalid(path: str, value: Any, why: str) -> Cause:
    """A value that breaks a rule."""
    return Cause("FieldValueInvalid", f"Invalid value: {shown(value)}: {why}", path or NO_PATH)


def type_invalid(path: str, value: Any, why: str) -> Cause:
    """A value of the wrong type."""
    return Cause("FieldValueTypeInvalid", f"Invalid value: {shown(value)}: {why}", path or NO_PATH)


def required(path: str, why: str = "") -> Cause:
    """A field that is missing."""
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", path or NO_PATH)


def forbidden(path: str, why: str) -> Cause:
    """A field that may not be there."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", path or NO_PATH)


def duplicate(path: str, value: Any) -> Cause:
    """A value that stands elsewhere already."""
    return Cause("FieldValueDuplicate", f"Duplicate value: {shown(value)}", path or NO_PATH)


def not_supported(path: str, value: Any, supported: Sequence[str]) -> Cause:
    """A value outside a closed set."""
    listed = ", ".join(quoted(item) for item in supported)
    message = f"Unsupported value: {shown(value)}: supported values: {listed}"
    return Cause("FieldValueNotSupported", message, path or NO_PATH)


def too_long(path: str, most: int) -> Cause:
    """A string that is too long; the value is not repeated."""
    return Cause("FieldValueTooLong", f"Too long: may not be more than {most} bytes", path or NO_PATH)


def too_many(path: str, count: int, most: int) -> Cause:
    """A list or map with too much in it."""
    return Cause("FieldValueTooMany", f"Too many: {count}: must have at most {most} items", path or NO_PATH)
