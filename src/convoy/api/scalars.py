"""What a YAML scalar means to kubectl: the words, numbers and tags that go-yaml v2 knows.

Its YAML is 1.1 with exceptions: no base 60, and dates stay text. Infinities and NaN, which JSON and so
Kubernetes do not have, are text, too.
"""

import base64
import binascii
import math
import re
from typing import Any

from convoy.api.paths import quote

_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_BASES = (16, 2, 8, 10)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}


def resolve_scalar(text: str, *, tag: str | None, is_plain: bool) -> Any:
    """What a scalar means, as go-yaml v2 (and so kubectl) has it; ValueError for a tag that does not fit."""
    if tag is None or tag == "!":
        return _resolve_plain(text) if is_plain and tag is None else text
    name = tag.removeprefix(_TAG)
    if name in ("str", "timestamp"):
        return text
    if name == "binary":
        return _decode_binary(text)
    if name not in _TYPES:
        raise ValueError(f"the tag {quote(tag)} is not known")
    value = _resolve_plain(text)
    if not isinstance(value, _TYPES[name]) or (isinstance(value, bool) and name != "bool"):
        raise ValueError(f"a value is tagged {name} but is none")
    return value


def _resolve_plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = text.replace("_", "") if text[0] != "." else text
    # Longer ones do not fit 64 bits; Kubernetes reads them as floats.
    if len(digits) <= 20 and (match := _INTEGER.fullmatch(digits)):
        sign, *by_base = match.groups()
        number = next(int(part, base) for part, base in zip(by_base, _BASES, strict=True) if part)
        return -number if sign == "-" else number
    if _FLOAT.fullmatch(digits):
        decimal = float(digits)
        return decimal if math.isfinite(decimal) else text
    return text


def _decode_binary(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, ValueError):
        raise ValueError("a value is tagged binary but is not base64 of UTF-8 text") from None
