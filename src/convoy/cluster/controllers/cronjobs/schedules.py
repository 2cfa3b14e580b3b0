"""Cron schedules: five fields, the usual names, `@hourly` and its like, `@every 90s`. Pure.

The standard library has no cron and a dependency for a hundred lines is not worth its care, so they are ours.
A day matches by day of month or by day of week when both are given, as in Vixie cron
(https://man7.org/linux/man-pages/man5/crontab.5.html).
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_FARTHEST_YEARS = 5  # 29 February comes within this; what does not come at all is given up
_PART = re.compile(r"(?P<range>\*|\?|[^/-]+(?:-[^/-]+)?)(?:/(?P<step>\d+))?")


class ScheduleError(ValueError):
    """A schedule that cannot be read."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes, hours, days and months that match; `every` instead of all of them."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()  # 0 is Sunday
    any_day: bool = True
    any_weekday: bool = True
    zone: tzinfo = UTC
    every: timedelta | None = None

    def next_after(self, at: datetime) -> datetime | None:
        """The first time later than `at`, in UTC; None when there is none for years."""
        if self.every is not None:
            return at.replace(microsecond=0) + self.every
        local = at.astimezone(self.zone).replace(tzinfo=None, second=0, microsecond=0) + timedelta(minutes=1)
        last = local.year + _FARTHEST_YEARS
        while local.year <= last:
            found = self._match_or_skip(local)
            if found is None:
                moment = local.replace(tzinfo=self.zone).astimezone(UTC)
                if moment > at and moment.astimezone(self.zone).replace(tzinfo=None) == local:
                    return moment
                found = local + timedelta(minutes=1)  # the clocks were put forward past it, or it was already
            local = found
        return None

    def _match_or_skip(self, local: datetime) -> datetime | None:
        """None when it matches, else the earliest time that may."""
        midnight = local.replace(hour=0, minute=0)
        if local.month not in self.months:
            days = calendar.monthrange(local.year, local.month)[1]
            return midnight.replace(day=1) + timedelta(days=days)
        if not self._is_day(local):
            return midnight + timedelta(days=1)
        if local.hour not in self.hours:
            return local.replace(minute=0) + timedelta(hours=1)
        return None if local.minute in self.minutes else local + timedelta(minutes=1)

    def _is_day(self, local: datetime) -> bool:
        by_month, by_week = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_month and by_week
        return by_month or by_week


def parse_schedule(text: str, zone: str | None = None) -> Schedule:
    """The schedule that a CronJob's `schedule` and `timeZone` tell; raises ScheduleError."""
    text = text.strip()
    if text.startswith(("TZ=", "CRON_TZ=")):
        head, _, text = text.partition(" ")
        zone = head.partition("=")[2]
    where = _zone(zone)
    if text.startswith("@every "):
        return Schedule(every=_duration(text[7:].strip()), zone=where)
    fields = _NAMED.get(text, text).split()
    if len(fields) != 5:
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: {fields}")
    minutes, hours, days, months, weekdays = fields
    return Schedule(
        minutes=_field(minutes, 0, 59),
        hours=_field(hours, 0, 23),
        days=_field(days, 1, 31),
        months=_field(months, 1, 12, names=_MONTHS),
        weekdays=frozenset(day % 7 for day in _field(weekdays, 0, 7, names=_DAYS)),
        any_day=days[0] in "*?",
        any_weekday=weekdays[0] in "*?",
        zone=where,
    )


def _zone(name: str | None) -> tzinfo:
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ScheduleError(f"unknown time zone {name}") from error


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    duration = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if duration < timedelta(seconds=1):
        raise ScheduleError(f"failed to parse duration @every {text}")
    return duration


def _field(text: str, least: int, most: int, *, names: Mapping[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise ScheduleError(f"failed to parse {part}")
        step = int(match["step"] or 1)
        if step < 1:
            raise ScheduleError(f"step of range should be a positive number: {part}")
        first, last = _range(match["range"], least, most, names or {})
        if match["step"] and match["range"].isalnum():
            last = most  # `5/15` goes on to the end
        if not least <= first <= last <= most:
            raise ScheduleError(f"{part} is not within {least}-{most}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _range(text: str, least: int, most: int, names: Mapping[str, int]) -> tuple[int, int]:
    if text in "*?":
        return least, most
    first, _, last = text.partition("-")
    return _number(first, names), _number(last or first, names)


def _number(text: str, names: Mapping[str, int]) -> int:
    if text.isdecimal():
        return int(text)
    try:
        return names[text.lower()]
    except KeyError as error:
        raise ScheduleError(f"failed to parse int from {text}") from error
