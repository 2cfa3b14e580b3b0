"""Functions on lists: isSorted, sum, min, max, indexOf, lastIndexOf."""

import datetime
import itertools
from collections.abc import Callable
from typing import Any

from convoy.cluster.schema.cel.functions import member
from convoy.cluster.schema.cel.values import duration

_SUMMABLE = ("int", "uint", "double", "duration")
_COMPARABLE = (*_SUMMABLE, "bool", "timestamp", "string", "bytes")


def _is_sorted(items: list[Any]) -> bool:
    return all(one <= other for one, other in itertools.pairwise(items))


def _sum(items: list[Any]) -> Any:
    if items and isinstance(items[0], datetime.timedelta):
        return _returned(sum(items, datetime.timedelta()))
    return sum(items)


def _extreme(name: str, choose: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    def call(items: list[Any]) -> Any:
        if not items:
            raise ValueError(f"{name} called on empty list")
        return _returned(choose(items))

    return call


def _returned(value: Any) -> Any:
    if isinstance(value, datetime.timedelta):
        return duration(round(value.total_seconds() * 10**9))
    if isinstance(value, datetime.datetime):
        from google.protobuf.timestamp_pb2 import Timestamp

        stamp = Timestamp()
        stamp.FromDatetime(value)
        return stamp
    return value


def _index_of(items: list[Any], item: Any) -> int:
    return next((index for index, each in enumerate(items) if _equal(each, item)), -1)


def _last_index_of(items: list[Any], item: Any) -> int:
    return next((index for index in reversed(range(len(items))) if _equal(items[index], item)), -1)


def _equal(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


_SORTED = tuple(((f"list<{name}>",), "bool") for name in _COMPARABLE)
_SUMS = tuple(((f"list<{name}>",), name) for name in _SUMMABLE)
_EXTREMES = tuple(((f"list<{name}>",), name) for name in _COMPARABLE)

FUNCTIONS = (
    member("isSorted", _is_sorted, *_SORTED),
    member("sum", _sum, *_SUMS),
    member("min", _extreme("min", min), *_EXTREMES),
    member("max", _extreme("max", max), *_EXTREMES),
    member("indexOf", _index_of, (("list<dyn>", "dyn"), "int")),
    member("lastIndexOf", _last_index_of, (("list<dyn>", "dyn"), "int")),
)
