"""Whether an object of a built-in kind has the types that Go's structs have, in the words of Go's decoder.

Only the first wrong value is told, as the decoder does. A null fits everywhere: it says nothing.
Names of types are those of the schema: where Go has a type of its own for a string (`v1.Protocol`), this
says `string`.
"""

import base64
import binascii
import re
from typing import Any, Final

from convoy.cluster.schema.nodes import Schema
from convoy.cluster.schema.quantities import is_quantity
from convoy.cluster.schema.wording import number, quoted

_INT_LIMITS: Final = {"int32": 1 << 31, "int64": 1 << 63}
_QUANTITY_WORDS: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d([.,]\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_LAYOUTS: Final = {"v1.Time": "2006-01-02T15:04:05Z07:00", "v1.MicroTime": "2006-01-02T15:04:05.000000Z07:00"}


class _WrongTypeError(Exception):
    """Carries the decoder's words to where the walk began."""


def check_types(schema: Schema, obj: dict[str, Any]) -> str | None:
    """The first wrong type in the document, or None.

    `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`; the
    answer to the client is 400 `Deployment in version "v1" cannot be handled as a Deployment: ` and this.
    """
    try:
        _check(schema, obj, "", "")
    except _WrongTypeError as error:
        return str(error)
    return None


def _check(schema: Schema, value: Any, struct: str, path: str) -> None:
    """`struct` is the Go struct that holds the field at `path`; neither list indexes nor map keys count."""
    if value is None or schema.is_free:
        return
    if schema.is_int_or_string:
        _check_number_or_string(schema, value)
    elif schema.type == "object":
        _check_object(schema, value, struct, path)
    elif schema.type == "array":
        if not isinstance(value, list):
            raise _mismatch(schema, value, struct, path)
        for item in value:
            if schema.items is not None:
                _check(schema.items, item, struct, path)
    elif schema.type:
        _check_scalar(schema, value, struct, path)


def _check_object(schema: Schema, value: Any, struct: str, path: str) -> None:
    if not isinstance(value, dict):
        raise _mismatch(schema, value, struct, path)
    if not schema.fields:
        for item in value.values():
            if schema.values is not None:
                _check(schema.values, item, struct, path)
        return
    own = schema.go_type.rpartition(".")[2]
    for name, item in value.items():
        if (child := schema.fields.get(name)) is not None:
            _check(child, item, own, f"{path}.{name}" if path else name)


def _check_scalar(schema: Schema, value: Any, struct: str, path: str) -> None:
    if schema.type == "string":
        if schema.format == "date-time":
            return _check_time(schema, value)
        if not isinstance(value, str):
            raise _mismatch(schema, value, struct, path)
        if schema.format == "byte":
            _check_base64(value)
    elif schema.type == "boolean":
        if not isinstance(value, bool):
            raise _mismatch(schema, value, struct, path)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise _mismatch(schema, value, struct, path)
    elif schema.type == "integer":
        limit = _INT_LIMITS.get(schema.format, 1 << 63)
        if not isinstance(value, int) or not -limit <= value < limit:
            raise _mismatch(schema, value, struct, path, seen=f"number {number(value)}")
    return None


def _mismatch(schema: Schema, value: Any, struct: str, path: str, *, seen: str = "") -> _WrongTypeError:
    target = f"Go struct field {struct}.{path}" if path else "Go value"
    what = seen or _json_kind(value)
    return _WrongTypeError(f"json: cannot unmarshal {what} into {target} of type {schema.go_type}")


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _check_number_or_string(schema: Schema, value: Any) -> None:
    # These decode themselves, so the error names neither struct nor field.
    if schema.format == "quantity":
        text = number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not is_quantity(text):
            raise _WrongTypeError(_QUANTITY_WORDS)
    elif isinstance(value, bool) or not isinstance(value, int | str):
        kind = f"number {number(value)}" if isinstance(value, float) else _json_kind(value)
        raise _WrongTypeError(f"json: cannot unmarshal {kind} into Go value of type int32")


def _check_time(schema: Schema, value: Any) -> None:
    if not isinstance(value, str):
        raise _WrongTypeError(f"json: cannot unmarshal {_json_kind(value)} into Go value of type string")
    if _TIME.fullmatch(value) is None:
        layout = quoted(_LAYOUTS.get(schema.go_type, _LAYOUTS["v1.Time"]))
        raise _WrongTypeError(
            f'parsing time {quoted(value)} as {layout}: cannot parse {quoted(value)} as "2006"'
        )


def _check_base64(value: str) -> None:
    text = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        wrong = re.search(r"[^A-Za-z0-9+/]", text)
        raise _WrongTypeError(
            f"illegal base64 data at input byte {wrong.start() if wrong else len(text) // 4 * 4}"
        ) from error
