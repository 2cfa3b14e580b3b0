"""Messages whose JSON is not an object of their fields: times, quantities, JSON in bytes and the like.

Each decoder takes a message's bytes and gives the JSON value, None where JSON has `null` or nothing.
All raise WireError. Those that contain other messages are in `decoding.py`.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from convoy.cluster.apiserver.protobuf.wire import WireError, read_fields, signed

_DEEPEST = 64  # of JSON in bytes
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def values_of(data: bytes, number: int, kind: type[Any]) -> list[Any]:
    """Every value of one field."""
    values = [value for each, value in read_fields(data) if each == number]
    if not all(isinstance(value, kind) for value in values):
        raise WireError(f"field {number} has a value of another type")
    return values


def value_of(data: bytes, number: int, kind: type[Any]) -> Any:
    """A field's value, its zero when it was not sent."""
    values = values_of(data, number, kind)
    return values[-1] if values else kind()


def text_of(value: bytes) -> str:
    """A text. Raises WireError when it is not UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise WireError("a text is not UTF-8") from error


def _moment(data: bytes) -> datetime | None:
    if not data:  # Go's zero time
        return None
    seconds, nanoseconds = signed(value_of(data, 1, int)), signed(value_of(data, 2, int))
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    except OverflowError as error:
        raise WireError("a time is before year 1 or after 9999") from error


def decode_time(data: bytes) -> str | None:
    """A Time, to the second."""
    moment = _moment(data)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def decode_micro_time(data: bytes) -> str | None:
    """A MicroTime, with six digits always."""
    moment = _moment(data)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def decode_duration(data: bytes) -> str:
    """Nanoseconds in Go's words, `1h0m0.5s`."""
    nanoseconds = signed(value_of(data, 1, int))
    sign, rest = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    for unit, size in (("ns", 1), ("µs", 1_000), ("ms", 1_000_000)):
        if 0 < rest < size * 1000:
            return f"{sign}{_decimal(rest, size)}{unit}"
    minutes, rest = divmod(rest, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    ahead = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{ahead}{_decimal(rest, 1_000_000_000)}s"


def _decimal(value: int, size: int) -> str:
    whole, rest = divmod(value, size)
    digits = str(rest).rjust(len(str(size)) - 1, "0").rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def decode_quantity(data: bytes) -> str:
    """A Quantity: a message round its text."""
    return text_of(value_of(data, 1, bytes)) or "0"


def decode_int_or_string(data: bytes) -> int | str:
    """An IntOrString: field 1 says which of the others counts."""
    if value_of(data, 1, int) == 1:
        return text_of(value_of(data, 3, bytes))
    return signed(value_of(data, 2, int))


def decode_json(data: bytes) -> Any:
    """JSON text in the one field of a message (JSON, FieldsV1)."""
    return parse_json(value_of(data, 1, bytes))


def parse_json(raw: bytes) -> Any:
    """JSON text; None for no text. Raises WireError, too for what is too deep to be written again."""
    if not raw:
        return None
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise WireError(f"a field that should hold JSON does not: {error}") from error
    level = [value]
    for _ in range(_DEEPEST):
        level = [child for each in level for child in _children(each)]
    if level:
        raise WireError(f"JSON in a field is nested more than {_DEEPEST} deep")
    return value


def _children(value: Any) -> Iterable[Any]:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (child for child in children if isinstance(child, dict | list))


def decode_strings(data: bytes) -> list[str]:
    """A message round a list of texts, which Go knows as the list alone (ExtraValue, Verbs)."""
    return [text_of(each) for each in values_of(data, 1, bytes)]


DECODERS: dict[str, Callable[[bytes], Any]] = {
    "time": decode_time,
    "microtime": decode_micro_time,
    "duration": decode_duration,
    "quantity": decode_quantity,
    "intstr": decode_int_or_string,
    "json": decode_json,
    "strings": decode_strings,
}
