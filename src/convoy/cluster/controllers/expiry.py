"""Events do not stay: each for an hour after it was last told, and only so many in a cluster."""

from datetime import datetime, timedelta

from convoy.cluster.controllers.controller import Controller
from convoy.cluster.controllers.feeds import Feed
from convoy.cluster.controllers.objects import Json, created_at, metadata_of
from convoy.cluster.controllers.recording import EVENTS
from convoy.cluster.store import Event, Key
from convoy.kit.times import parse_time

_EVERYTHING = Key("", "")


class EventExpiryController(Controller):
    """Deletes events that are old, and the oldest of too many."""

    name = "event-expiry"
    workers = 1

    def follow(self, feed: Feed) -> None:
        """Events."""
        feed.on(EVENTS, self._take)

    def _take(self, event: Event) -> None:
        if event.type == "ADDED":
            self.queue.add_after(_EVERYTHING, 1.0)  # many come at once, and one look is enough for them

    async def sync(self, key: Key) -> float | None:
        """Delete what is due; come back for the next."""
        settings = self.around.settings
        now = self.clock.now()
        events = sorted(self.client.list(EVENTS), key=_last_told)
        due = [each for each in events if _seconds_left(each, now, settings.event_seconds) <= 0]
        surplus = max(0, len(events) - settings.events)
        gone = events[: max(len(due), surplus)]
        for each in gone:
            await self.client.delete(EVENTS, each, propagation=None)
        left = events[len(gone) :]
        return _seconds_left(left[0], now, settings.event_seconds) if left else None


def _last_told(event: Json) -> str:
    series = event.get("series") or {}
    told = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return str(told or created_at(event) or metadata_of(event).get("name"))


def _seconds_left(event: Json, now: datetime, life: float) -> float:
    at = parse_time(_last_told(event)) or parse_time(created_at(event)) or now
    return (at + timedelta(seconds=life) - now).total_seconds()
