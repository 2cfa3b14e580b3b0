"""The string formats that Kubernetes checks in custom resources; any other name of a format says nothing.

Patterns are compiled when they are first needed: few definitions use more than two.

https://kubernetes.io/docs/reference/kubernetes-api/extend-resources/custom-resource-definition-v1/#JSONSchemaProps
"""

import base64
import binascii
import datetime
import ipaddress
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

_UUID_TAIL: Final = r"[0-9a-f]{12}"
_DURATION: Final = r"[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+|[+-]?0"
_SPACED_DURATION: Final = (
    r"(\d+)\s*(ns?|nanos?|us|µs|micros?|ms|millis?|s|secs?|seconds?"
    r"|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)"
)
_DATE_TIME: Final = r"\d{4}-\d{2}-\d{2}[tT ]\d{2}:\d{2}:\d{2}(\.\d+)?([zZ]|[+-]\d{2}:?\d{2})?"
_CARD: Final = (
    r"4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}"
)
_LETTER: Final = "a-zA-Z0-9\u00a0-\uffff"
_HOST_LABEL: Final = f"[{_LETTER}](?:[{_LETTER}-]{{0,61}}[{_LETTER}])?"
_HOSTNAME: Final = f"{_HOST_LABEL}(\\.{_HOST_LABEL})*\\.?"
_EMAIL: Final = r"""[^\s@<>(),;:"\[\]]+@[^\s@<>(),;:"\[\]]+|[^<>@]*<[^\s@<>]+@[^\s@<>]+>"""


def is_known(name: str) -> bool:
    """Whether a format is checked; dashes in its name do not matter."""
    return name.replace("-", "") in _CHECKS


def matches(name: str, text: str) -> bool:
    """Whether a text has a known format."""
    return _CHECKS[name.replace("-", "")](text)


def _pattern(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text, re.ASCII | re.IGNORECASE) is not None


def _uuid(version: str) -> Callable[[str], bool]:
    third = f"{version}[0-9a-f]{{3}}" if version else "[0-9a-f]{4}"
    fourth = "[89ab][0-9a-f]{3}" if version in ("4", "5") else "[0-9a-f]{4}"
    return _pattern(f"[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{third}-?{fourth}-?{_UUID_TAIL}")


def _parses(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


def _parse_uri(text: str) -> None:
    # As Go's ParseRequestURI: an absolute URI or an absolute path.
    parts = urlsplit(text)
    if not text or any(character.isspace() or ord(character) < 0x20 for character in text):
        raise ValueError(text)
    if not parts.scheme and not text.startswith("/"):
        raise ValueError(text)
    if re.search(r"%(?![0-9a-fA-F]{2})", parts.path):
        raise ValueError(text)


def _parse_cidr(text: str) -> None:
    if "/" not in text or not text.rpartition("/")[2].isdigit():
        raise ValueError(text)
    ipaddress.ip_network(text, strict=False)


def _parse_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error


def is_date_time(text: str) -> bool:
    """Whether a text is a date-time as RFC 3339 has it."""
    if re.fullmatch(_DATE_TIME, text, re.ASCII) is None:
        return False
    return _parses(datetime.datetime.fromisoformat)(text[:19].upper().replace(" ", "T"))


def is_duration(text: str) -> bool:
    """Whether a text is a duration: Go's `1h30m`, or a number and a unit, `22 seconds`."""
    return any(re.fullmatch(pattern, text, re.ASCII) for pattern in (_DURATION, _SPACED_DURATION))


def _is_hostname(text: str) -> bool:
    return len(text) < 256 and re.fullmatch(_HOSTNAME, text) is not None


def _is_isbn10(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch(r"\d{9}[\dXx]", digits, re.ASCII) is None:
        return False
    values = [10 if character in "Xx" else int(character) for character in digits]
    return sum((10 - place) * value for place, value in enumerate(values)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = re.sub(r"[\s-]", "", text)
    if re.fullmatch(r"\d{13}", digits, re.ASCII) is None:
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text, flags=re.ASCII)
    if re.fullmatch(_CARD, digits, re.ASCII) is None:
        return False
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


_COLOR: Final = r"(25[0-5]|2[0-4]\d|1\d\d|\d{1,2}|0)"
_CHECKS: Final[dict[str, Callable[[str], bool]]] = {
    "bsonobjectid": _pattern("[0-9a-f]{24}"),
    "uri": _parses(_parse_uri),
    "email": _pattern(_EMAIL),
    "hostname": _is_hostname,
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "cidr": _parses(_parse_cidr),
    "mac": _pattern(
        r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}|([0-9a-f]{2}[:-]){7}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4}"
    ),
    "uuid": _uuid(""),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4"),
    "uuid5": _uuid("5"),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_card,
    "ssn": _pattern(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _pattern("#?([0-9a-f]{3}|[0-9a-f]{6})"),
    "rgbcolor": _pattern(rf"rgb\(\s*{_COLOR}\s*,\s*{_COLOR}\s*,\s*{_COLOR}\s*\)"),
    "byte": _parses(_parse_base64),
    "password": lambda _: True,
    "date": _parses(lambda text: datetime.datetime.strptime(text, "%Y-%m-%d")),
    "duration": is_duration,
    "datetime": is_date_time,
}
