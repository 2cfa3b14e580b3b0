"""Put one mistake into an object that is right: what is written where, and what must be said of it."""

import copy
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convoy.api.codes import ProblemCode

REMOVED = ...


@dataclass(frozen=True)
class Plant:
    """A violation of a rule in a kind of object: what is written into its spec, and the one problem.

    In `changes`, `a.b[0].c` names a field (what is missing on the way is made), `a[+]` a new first element.
    `base` names the objects it is planted into, when those of the kind are too different.
    """

    rule: str
    kind: str
    changes: Mapping[str, Any]
    code: ProblemCode
    field: str
    base: str = ""
    metadata: Mapping[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.kind} {self.field} {self.code} {self.rule}"


def plant(obj: dict[str, Any], what: Plant) -> dict[str, Any]:
    """A copy of the object with the violation."""
    changed = copy.deepcopy(obj)
    changed["metadata"].update(what.metadata or {})
    for path, value in what.changes.items():
        _write(changed["spec"], path, copy.deepcopy(value))
    return changed


def _write(data: Any, path: str, value: Any) -> None:
    parts = re.findall(r"[^.\[\]]+", path)
    last = parts[-1]
    for part, following in itertools.pairwise(parts):
        data = _step(data, part, [] if following == "+" or following.isdigit() else {})
    if last == "+":
        data.insert(0, value)
    elif isinstance(data, list):
        data[int(last)] = value
    elif value is REMOVED:
        data.pop(last, None)
    else:
        data[last] = value


def _step(data: Any, part: str, empty: Any) -> Any:
    if isinstance(data, list):
        return data[int(part)]
    if data.get(part) is None:
        data[part] = empty
    return data[part]
