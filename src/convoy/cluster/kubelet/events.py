"""Events about pods and nodes, written one after the other, and counted instead of repeated.

What is said again about the same object raises the count of the event there is. What comes too fast is
dropped: an event is a courtesy, and no pod may fill the cluster with them.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from convoy.cluster.kubelet.contexts import EventType
from convoy.cluster.machinery.event_names import event_name
from convoy.cluster.machinery.requests import WriteOptions, system_user
from convoy.cluster.machinery.resources import Resource
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry.registry import Registry
from convoy.kit.clock import Clock
from convoy.kit.times import format_time

Json = dict[str, Any]
_MOST_WAITING = 1000
_MOST_KNOWN = 4096
_BURST = 25  # events of one object at once, as the kubelet's own filter has it
_REFILL = 1 / 30  # tokens per second; more than the kubelet's, for events are not shipped anywhere
_LONGEST = 1024


class About(NamedTuple):
    """What an event is about, and what it says; equal ones are counted."""

    kind: str
    namespace: str
    name: str
    uid: str
    field_path: str
    type: EventType
    reason: str
    message: str


@dataclass(slots=True)
class _Known:
    name: str
    count: int
    first: str


@dataclass(slots=True)
class _Bucket:
    tokens: float = _BURST
    at: float = field(default=0.0)


class EventWriter:
    """Writes the events of one node."""

    def __init__(self, registry: Registry, node: str, clock: Clock) -> None:
        self._registry = registry
        self._node = node
        self._clock = clock
        found = registry.resources.find("", "v1", "events")
        assert found is not None
        self._events: Resource = found
        self._queue: asyncio.Queue[tuple[About, datetime]] = asyncio.Queue(maxsize=_MOST_WAITING)
        self._known: OrderedDict[About, _Known] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def record(self, about: About) -> None:
        """Have an event written soon; never waits, never fails."""
        if self._may_write(about.uid or about.name):
            with suppress(asyncio.QueueFull):
                self._queue.put_nowait((about, self._clock.now()))

    def _may_write(self, key: str) -> bool:
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(at=now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > _MOST_KNOWN:
            self._buckets.popitem(last=False)
        bucket.tokens = min(_BURST, bucket.tokens + (now - bucket.at) * _REFILL)
        bucket.at = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._write(*await self._queue.get())

    async def flush(self) -> None:
        """Write what waits."""
        while not self._queue.empty():
            await self._write(*self._queue.get_nowait())

    async def _write(self, about: About, moment: datetime) -> None:
        known = self._known.get(about)
        if known is not None and await self._count(about, known, format_time(moment)):
            return
        name = event_name(about.name, moment)
        self._known[about] = _Known(name, 1, format_time(moment))
        self._known.move_to_end(about)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        with suppress(StatusError):  # its namespace is going away, say
            event = build_event(about, name, self._node, format_time(moment))
            await self._registry.create(self._events, event["metadata"]["namespace"], event, self._options())

    async def _count(self, about: About, known: _Known, now: str) -> bool:
        """Whether the event was there to be counted up."""
        known.count += 1

        def count(event: Json) -> Json:
            return {**event, "count": known.count, "lastTimestamp": now}

        try:
            await self._registry.modify(
                self._events, about.namespace or "default", known.name, count, self._options()
            )
        except StatusError:
            return False
        return True

    def _options(self) -> WriteOptions:
        return WriteOptions(user=system_user(f"node:{self._node}"), manager="kubelet", is_internal=True)


def build_event(about: About, name: str, node: str, now: str) -> Json:
    """The Event object. Of a node it is in the namespace `default`, as a node has none."""
    namespace = about.namespace or "default"
    involved = {"kind": about.kind, "name": about.name, "uid": about.uid, "apiVersion": "v1"}
    if about.namespace:
        involved["namespace"] = about.namespace
    if about.field_path:
        involved["fieldPath"] = about.field_path
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": involved,
        "reason": about.reason,
        "message": about.message[:_LONGEST],
        "source": {"component": "kubelet", "host": node},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": about.type,
        "reportingComponent": "kubelet",
        "reportingInstance": node,
    }
