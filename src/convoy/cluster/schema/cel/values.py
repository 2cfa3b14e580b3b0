"""JSON values as CEL sees them: names of properties escaped, texts with a format turned into values."""

import base64
import binascii
import datetime
import re
from typing import Any, Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from convoy.cluster.schema import formats
from convoy.cluster.schema.cel.escaping import escape
from convoy.cluster.schema.nodes import Schema

EXPOSED_METADATA: Final = ("name", "generateName")

_NANOSECONDS: Final = {
    "ns": 1,
    "us": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 86400 * 10**9,
    "w": 7 * 86400 * 10**9,
}
_UNIT_NAMES: Final = (
    ("ns", r"ns?|nanos?"),
    ("us", r"us|µs|μs|micros?"),
    ("ms", r"ms|millis?"),
    ("s", r"s|secs?|seconds?"),
    ("m", r"m|mins?|minutes?"),
    ("h", r"h|hours?"),
    ("d", r"d|days?"),
    ("w", r"w|weeks?"),
)
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*([a-zµμ]+)")


def to_cel(schema: Schema, value: Any) -> Any:
    """A value for the interpreter; what does not fit its schema is left as it is."""
    if isinstance(value, dict):
        return _object(schema, value)
    if isinstance(value, list):
        items = schema.items
        return value if items is None else [to_cel(items, item) for item in value]
    if schema.type == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if schema.type == "string" and schema.format and isinstance(value, str):
        return _formatted(schema.format, value)
    return value


def _object(schema: Schema, value: dict[str, Any]) -> dict[str, Any]:
    if not schema.fields:
        values = schema.values
        return value if values is None else {key: to_cel(values, item) for key, item in value.items()}
    converted = {}
    for name, item in value.items():
        if name == "metadata" and (schema.is_custom or schema.is_embedded):
            converted[name] = {key: item[key] for key in EXPOSED_METADATA if key in item}
        elif (identifier := escape(name)) is not None:
            field = schema.fields.get(name)
            converted[identifier] = item if field is None else to_cel(field, item)
    return converted


def _formatted(name: str, text: str) -> Any:
    if name == "byte":
        try:
            return base64.b64decode(text)
        except binascii.Error:
            return text
    if name == "duration" and formats.is_duration(text):
        return duration(parse_duration(text))
    if (name == "date" and formats.matches("date", text)) or (
        name == "date-time" and formats.is_date_time(text)
    ):
        moment = datetime.datetime.fromisoformat(text.upper())
        stamp = Timestamp()
        stamp.FromDatetime(moment)
        return stamp
    return text


def duration(nanoseconds: int) -> Duration:
    """A duration for the interpreter, which takes no timedelta."""
    value = Duration()
    value.FromNanoseconds(nanoseconds)
    return value


def parse_duration(text: str) -> int:
    """The nanoseconds of a duration that is one."""
    total = sum(float(count) * _NANOSECONDS[_unit(unit)] for count, unit in _PART.findall(text))
    return round(-total if text.startswith("-") else total)


def _unit(name: str) -> str:
    return next(unit for unit, names in _UNIT_NAMES if re.fullmatch(names, name))
