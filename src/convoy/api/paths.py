"""Field paths such as `spec.http[0].route[1].destination.subset`, and values as messages quote them."""

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_VALUE = 80


def child_path(path: str, key: str) -> str:
    """The path of a field or mapping entry: `spec.host`, `metadata.labels["app.kubernetes.io/name"]`."""
    if not _PLAIN_KEY.fullmatch(key):
        return f"{path}[{quote(key)}]"
    return f"{path}.{key}" if path else key


def item_path(path: str, index: int) -> str:
    """The path of a list element: `spec.http[0]`."""
    return f"{path}[{index}]"


def parent_path(path: str) -> str:
    """The path of what contains a field: `spec.http` of `spec.http[0]`, "" of `spec`."""
    if path.endswith('"]'):
        return path.rpartition('["')[0]
    if path.endswith("]"):
        return path.rpartition("[")[0]
    return path.rpartition(".")[0]


def nearest_line(lines: Mapping[str, int], path: str) -> int:
    """The line of a field, or of the nearest field around it that was written; 0 when none is known."""
    while path and path not in lines:
        path = parent_path(path)
    return lines.get(path, 0)


def quote(value: Any) -> str:
    """A value as messages show it: text in double quotes, unprintable characters escaped, cut when long."""
    if not isinstance(value, str):
        return _shorten(json.dumps(value, ensure_ascii=True, default=str))
    shown = value[: _LONGEST_VALUE + 1]
    if not shown.isprintable() or '"' in shown or "\\" in shown:
        shown = "".join(map(_escaped, shown))
    return f'"{_shorten(shown)}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    return char if char.isprintable() else char.encode("unicode_escape").decode()


def _shorten(shown: str) -> str:
    return shown if len(shown) <= _LONGEST_VALUE else shown[:_LONGEST_VALUE] + "..."
