"""Columns of a table, and what makes the cells of a row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from convoy.cluster.apiserver.tables.ages import since

Obj: TypeAlias = Mapping[str, Any]
Cell: TypeAlias = Any  # a string, number or boolean; None prints as <none>
Value: TypeAlias = Callable[[Obj, datetime], Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A column's definition; above priority 0 it is for `-o wide` only."""

    name: str
    description: str
    type: str = "string"
    format: str = ""
    priority: int = 0

    def to_json(self) -> dict[str, Any]:
        """As in `columnDefinitions`."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints objects of a kind: `cells` gives as many as there are columns."""

    columns: tuple[Column, ...]
    cells: Callable[[Obj, datetime], Sequence[Cell]]


def printer(*pairs: tuple[Column, Value]) -> Printer:
    """A printer whose cells do not depend on each other."""
    values = tuple(value for _, value in pairs)
    return Printer(
        tuple(column for column, _ in pairs), lambda obj, now: [value(obj, now) for value in values]
    )


def text(name: str, description: str, value: Callable[[Obj], Cell], **more: Any) -> tuple[Column, Value]:
    """A column of texts that do not depend on the time; `more` are other fields of the Column."""
    return Column(name, description, **more), lambda obj, now: value(obj)


def number(name: str, description: str, value: Callable[[Obj], Cell]) -> tuple[Column, Value]:
    """The same for numbers."""
    return text(name, description, value, type="integer")


def truth(name: str, description: str, value: Callable[[Obj], Cell]) -> tuple[Column, Value]:
    """The same for booleans."""
    return text(name, description, value, type="boolean")


def wide(name: str, description: str, value: Callable[[Obj], Cell]) -> tuple[Column, Value]:
    """The same for texts that `-o wide` adds."""
    return text(name, description, value, priority=1)


def at(*keys: str, missing: Cell = "") -> Callable[[Obj], Cell]:
    """What is at a path of keys; `missing` where nothing is, or something empty."""
    return lambda obj: look(obj, *keys) or missing


def name_of(obj: Obj) -> str:
    """An object's name."""
    name: str = obj["metadata"].get("name", "")
    return name


def age_of(obj: Obj, now: datetime) -> str:
    """How old it is."""
    return since(obj["metadata"].get("creationTimestamp"), now)


NAME_COLUMN = Column("Name", "What the object is called, unique among its kind and namespace.", format="name")
AGE_COLUMN = Column("Age", "How long ago the object was created.")
NAME: tuple[Column, Value] = (NAME_COLUMN, lambda obj, now: name_of(obj))
AGE: tuple[Column, Value] = (AGE_COLUMN, age_of)


def look(obj: Any, *keys: str) -> Any:
    """What is at a path of keys; None where anything on the way is missing."""
    for key in keys:
        if not obj:
            return None
        obj = obj.get(key)
    return obj
