"""Events: what happened to an object, told as core/v1 Event objects and counted rather than repeated.

The same thing told again raises `count` and `lastTimestamp` of the event there is. More than ten different
messages of one reason about one object within ten minutes are combined into one event, as client-go does, so
that a failing loop cannot fill the store. `expiry.py` bounds how many are kept, and for how long.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from convoy.cluster.controllers.objects import Json, name_of, namespace_of, uid_of, without_empty
from convoy.cluster.machinery.event_names import event_name
from convoy.cluster.machinery.requests import WriteOptions, system_user
from convoy.cluster.machinery.statuses import StatusError
from convoy.cluster.registry import Registry
from convoy.cluster.store import Key
from convoy.kit.logs import get_logger
from convoy.kit.times import format_time

EVENTS = "events"
EventKind = Literal["Normal", "Warning"]

_SIMILAR = 10  # messages of one reason about one object before they are combined
_SIMILAR_SECONDS = 600.0
_COMBINED = "(combined from similar events): "
_REMEMBERED = 2048
_LONGEST_MESSAGE = 1024  # as the API allows
log = get_logger("cluster.events")


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing to tell; `about` names the object as an ObjectReference."""

    about: tuple[tuple[str, str], ...]
    kind: EventKind
    reason: str
    message: str
    component: str
    host: str = ""


@dataclass(slots=True)
class _Told:
    """An event there is, or soon: its key in the store, and how often its happening was told and written."""

    key: Key
    happening: Happening
    message: str
    first: datetime
    last: datetime
    count: int = 1
    is_queued: bool = False


@dataclass(slots=True)
class _Similar:
    """How many different messages of one reason came up since when."""

    since: float
    messages: set[str]


def reference_to(obj: Json, *, field_path: str = "") -> Json:
    """The ObjectReference of an object, as in an event's `involvedObject`."""
    return without_empty(
        {
            "kind": obj.get("kind"),
            "namespace": namespace_of(obj),
            "name": name_of(obj),
            "uid": uid_of(obj),
            "apiVersion": obj.get("apiVersion"),
            "resourceVersion": (obj.get("metadata") or {}).get("resourceVersion"),
            "fieldPath": field_path,
        }
    )


class EventRecorder:
    """Takes what happened without waiting, and writes it down in the course of `run`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._clock = registry.clock
        self._told: dict[Happening, _Told] = {}
        self._similar: dict[tuple[object, ...], _Similar] = {}
        self._queue: asyncio.Queue[_Told] = asyncio.Queue()

    @property
    def is_idle(self) -> bool:
        """Whether everything told was written."""
        return not any(told.is_queued for told in self._told.values())

    def record(
        self,
        obj: Json,
        kind: EventKind,
        reason: str,
        message: str,
        *,
        component: str,
        host: str = "",
        field_path: str = "",
    ) -> None:
        """Tell that something happened to `obj` (which needs apiVersion, kind and metadata)."""
        about = reference_to(obj, field_path=field_path)
        about.pop("resourceVersion", None)  # the same thing may happen to its next version
        message = message[:_LONGEST_MESSAGE]
        happening = self._combined(
            Happening(tuple(about.items()), kind, reason, message, component=component, host=host)
        )
        now = self._clock.now()
        told = self._told.pop(happening, None)
        if told is not None and self._registry.store.get(EVENTS, told.key) is None and not told.is_queued:
            told = None  # it expired
        if told is None:
            key = Key(namespace_of(obj) or "default", event_name(name_of(obj), now))
            told = _Told(key, happening, message, now, now)
        else:
            told.count += 1
            told.last = now
        if happening.message == _COMBINED:  # the latest stands for all of them
            told.message = (_COMBINED + message)[:_LONGEST_MESSAGE]
        self._told[happening] = told  # at the end: the oldest is the first
        while len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        if not told.is_queued:
            told.is_queued = True
            self._queue.put_nowait(told)

    def _combined(self, happening: Happening) -> Happening:
        group = (happening.about, happening.kind, happening.reason, happening.component)
        now = self._clock.monotonic()
        similar = self._similar.pop(group, None)
        if similar is None or now - similar.since > _SIMILAR_SECONDS:
            similar = _Similar(now, set())
        self._similar[group] = similar
        while len(self._similar) > _REMEMBERED:
            del self._similar[next(iter(self._similar))]
        if happening.message in similar.messages:
            return happening
        if len(similar.messages) < _SIMILAR:
            similar.messages.add(happening.message)
            return happening
        return replace(happening, message=_COMBINED)

    async def run(self) -> None:
        """Write down what is told, until cancelled."""
        while True:
            told = await self._queue.get()
            told.is_queued = False
            try:
                await self._write(told)
            except StatusError as error:
                if error.code != 403:  # the namespace is ending: nobody will read it
                    log.warning("event lost", reason=told.happening.reason, detail=error.message)

    async def _write(self, told: _Told) -> None:
        resource = self._registry.resources.stored(EVENTS)
        component = told.happening.component
        options = WriteOptions(user=system_user(component), manager=component, is_internal=True)
        if self._registry.store.get(EVENTS, told.key) is None:
            await self._registry.create(resource, told.key.namespace, _event(told), options)
            return
        news = {"count": told.count, "lastTimestamp": format_time(told.last), "message": told.message}

        def change(event: Json) -> Json:
            return {**event, **news}

        await self._registry.modify(resource, told.key.namespace, told.key.name, change, options)


def _event(told: _Told) -> Json:
    what = told.happening
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": told.key.name, "namespace": told.key.namespace},
        "involvedObject": dict(what.about),
        "reason": what.reason,
        "message": told.message,
        "source": without_empty({"component": what.component, "host": what.host}),
        "firstTimestamp": format_time(told.first),
        "lastTimestamp": format_time(told.last),
        "count": told.count,
        "type": what.kind,
        "eventTime": None,
        "reportingComponent": what.component,
        "reportingInstance": what.host,
    }
