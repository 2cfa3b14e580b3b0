"""The strings extension of CEL, version 2, which is Kubernetes'; the interpreter's own has more functions.

https://pkg.go.dev/github.com/google/cel-go/ext#Strings
"""

import datetime
import re
from typing import Any

from convoy.cluster.schema.cel.functions import member, plain
from convoy.cluster.schema.wording import number

_VERB = re.compile(r"%(?:\.(\d+))?(.)?", re.DOTALL)
_BLANKS = (
    " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029"
)
_BLANKS += "\u202f\u205f\u3000"


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise ValueError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    if part == "":
        return start
    if not 0 <= start <= len(text):
        raise ValueError(f"index out of range: {start}")
    return text.find(part, start)


def _last_index_of(text: str, part: str, start: int | None = None) -> int:
    if part == "":
        return len(text) if start is None else start
    if start is None:
        return text.rfind(part)
    if not 0 <= start <= len(text):
        raise ValueError(f"index out of range: {start}")
    return text.rfind(part, 0, start + len(part))


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= len(text):
        raise ValueError(f"index out of range: {start}")
    if not 0 <= stop <= len(text):
        raise ValueError(f"index out of range: {stop}")
    if start > stop:
        raise ValueError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


def _split(text: str, separator: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    if separator == "":
        parts = list(text)
        return parts if most < 0 or len(parts) <= most else [*parts[: most - 1], "".join(parts[most - 1 :])]
    return text.split(separator, most - 1 if most > 0 else -1)


def _lower(text: str) -> str:
    return "".join(chr(ord(each) + 32) if "A" <= each <= "Z" else each for each in text)


def _upper(text: str) -> str:
    return "".join(chr(ord(each) - 32) if "a" <= each <= "z" else each for each in text)


def _quote(text: str) -> str:
    escapes = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    return '"' + "".join(escapes.get(each, "\\" + each if each in '\\"' else each) for each in text) + '"'


def _format(pattern: str, arguments: list[Any]) -> str:
    left = list(arguments)

    def replaced(found: re.Match[str]) -> str:
        verb = found[2]
        if verb == "%":
            return "%"
        if verb is None or verb not in "sdfebxXo":
            raise ValueError(
                f'could not parse formatting clause: unrecognized formatting clause "{verb or ""}"'
            )
        if not left:
            raise ValueError(f"index {len(arguments)} out of range")
        return _formatted(verb, left.pop(0), 6 if found[1] is None else int(found[1]))

    return _VERB.sub(replaced, pattern)


def _formatted(verb: str, value: Any, precision: int) -> str:
    if verb == "s":
        return _text(value)
    if verb in "fe":
        return f"{float(value):.{precision}{verb}}"
    if verb in "xX" and isinstance(value, str | bytes):
        digits = (value.encode() if isinstance(value, str) else value).hex()
        return digits.upper() if verb == "X" else digits
    if not isinstance(value, int):
        raise ValueError(f"decimal clause can only be used on integers, was given {type(value).__name__}")
    return f"{int(value):{verb}}"


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_text(key)}: {_text(value[key])}" for key in sorted(value, key=str)) + "}"
    if isinstance(value, datetime.timedelta):
        return number(value.total_seconds()) + "s"
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    return str(value)


_ONE, _TWO, _THREE = ("string",), ("string", "string"), ("string", "string", "string")
FUNCTIONS = (
    member("charAt", _char_at, (("string", "int"), "string")),
    member("indexOf", _index_of, (_TWO, "int"), ((*_TWO, "int"), "int")),
    member("lastIndexOf", _last_index_of, (_TWO, "int"), ((*_TWO, "int"), "int")),
    member("join", lambda items, by="": by.join(items), (("list<string>",), "string")),
    member("join", lambda items, by="": by.join(items), (("list<string>", "string"), "string")),
    member("lowerAscii", _lower, (_ONE, "string")),
    member("upperAscii", _upper, (_ONE, "string")),
    member("replace", lambda text, one, other: text.replace(one, other), (_THREE, "string")),
    member(
        "replace",
        lambda text, one, other, most: text.replace(one, other, most),
        ((*_THREE, "int"), "string"),
    ),
    member("split", _split, (_TWO, "list<string>"), ((*_TWO, "int"), "list<string>")),
    member("substring", _substring, (("string", "int"), "string"), (("string", "int", "int"), "string")),
    member("trim", lambda text: text.strip(_BLANKS), (_ONE, "string")),
    member("format", _format, (("string", "list<dyn>"), "string")),
    plain("strings.quote", _quote, (_ONE, "string")),
)
