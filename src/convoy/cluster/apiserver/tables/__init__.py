"""Tables: what `kubectl get` prints, made by the server, and lists of metadata alone.

https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from convoy.cluster.apiserver.tables.columns import Obj, Printer
from convoy.cluster.apiserver.tables.custom import custom_printer
from convoy.cluster.apiserver.tables.metadata import META, partial_metadata, partial_metadata_list
from convoy.cluster.apiserver.tables.pods import row_conditions
from convoy.cluster.apiserver.tables.printers import find_printer
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.schema import Column

__all__ = ["Include", "make_table", "partial_metadata", "partial_metadata_list"]

Include = Literal["None", "Metadata", "Object"]


def make_table(
    resource: Resource,
    objects: Iterable[Obj],
    *,
    now: datetime,
    include: Include = "Metadata",
    columns: Sequence[Column] | None = None,
    metadata: Mapping[str, Any] | None = None,
    has_columns: bool = True,
    api_version: str = META,
) -> dict[str, Any]:
    """A Table of objects of one resource.

    `objects` may be as they are stored; rows carry them in the version of `resource`. `columns` are a custom
    resource's (`Schemas.columns`). `metadata` is the list's (resourceVersion, continue, remainingItemCount).
    A watch sends `has_columns` with its first event only.
    """
    printer = custom_printer(tuple(columns or ())) if resource.is_custom else find_printer(resource)
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": dict(metadata or {}),
        "columnDefinitions": [column.to_json() for column in printer.columns] if has_columns else [],
        "rows": [_row(resource, printer, obj, now, include) for obj in objects],
    }


def _row(resource: Resource, printer: Printer, obj: Obj, now: datetime, include: Include) -> dict[str, Any]:
    row: dict[str, Any] = {"cells": printer.cells(obj, now)}
    if include == "Metadata":
        row["object"] = partial_metadata(obj)
    elif include == "Object":
        row["object"] = {**obj, "apiVersion": resource.api_version, "kind": resource.kind}
    if resource.kind == "Pod" and not resource.group and (conditions := row_conditions(obj)):
        row["conditions"] = conditions
    return row
