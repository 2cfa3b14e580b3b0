"""Columns that a CustomResourceDefinition declares (additionalPrinterColumns).

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#additional-printer-columns
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from convoy.cluster.apiserver.tables import jsonpath
from convoy.cluster.apiserver.tables.ages import human_duration
from convoy.cluster.apiserver.tables.columns import NAME_COLUMN, Cell, Column, Obj, Printer, name_of
from convoy.cluster.schema import Column as CustomColumn
from convoy.kit.times import parse_time


@lru_cache(maxsize=256)
def custom_printer(columns: tuple[CustomColumn, ...]) -> Printer:
    """The printer of a custom resource's version; a path that cannot be read gives empty cells."""
    paths = [_compile(column.json_path) for column in columns]

    def cells(obj: Obj, now: datetime) -> Sequence[Cell]:
        found = (
            _cell(column.type, path.find(obj) if path else [], now)
            for column, path in zip(columns, paths, strict=True)
        )
        return [name_of(obj), *found]

    return Printer((NAME_COLUMN, *(_definition(column) for column in columns)), cells)


def _definition(column: CustomColumn) -> Column:
    return Column(column.name, column.description, column.type, column.format, column.priority)


def _compile(path: str) -> jsonpath.Path | None:
    try:
        return jsonpath.parse_path(path)
    except ValueError:
        return None


def _cell(kind: str, values: Sequence[Any], now: datetime) -> Cell:
    """The first value found, as its column's type; None where it is of another type."""
    if not values or values[0] is None:
        return None
    value = values[0]
    if kind == "string":
        return _text(value)
    if kind == "date":
        time = parse_time(value)
        return "<invalid>" if time is None else human_duration(now - time)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "integer":
        return int(value) if is_number else None
    if kind == "number":
        return value if is_number else None
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str:
    """Texts as they are, everything else as JSON: lists print as `["reviews"]`."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
