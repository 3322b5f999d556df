"""When one place is open, as instants: how long since, until when at the latest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from decision.calendars.opening import DAY, WEEKDAYS, span_of

_A_DAY: Final = timedelta(days=1)
_NONE: Final = timedelta()
#: The last day of calendars has no midnight after it.
_LATEST: Final = datetime(date.max.year, 12, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class OpenTimes:
    """``hours`` as fed, on the days on which the place ``works``, by the clock of its ``zone``.

    All day long where nobody told its hours, or it never opens. Hours that overlap count once; until it closes, and at
    that instant, it is open.
    """

    hours: Mapping[str, Sequence[str]] | None
    zone: ZoneInfo
    works: Callable[[date], bool]

    def since(self, start: datetime, duration: timedelta) -> datetime:
        """Return the instant at which it has been open for ``duration`` since ``start``."""
        left, day = duration, start.astimezone(self.zone).date()
        while True:
            for opens, closes in self._stretches(day):
                begins = max(start, opens)
                if begins + left <= closes:
                    return begins + left
                left -= max(closes - begins, _NONE)
            day += _A_DAY

    def before(self, end: datetime, duration: timedelta = _NONE) -> datetime:
        """Return the last instant from which it is open for ``duration`` until ``end``."""
        end = min(end, _LATEST)
        left, day = duration, end.astimezone(self.zone).date()
        while True:
            for opens, closes in reversed(self._stretches(day)):
                ends = min(end, closes)
                if ends - left >= opens:
                    return ends - left
                left -= max(ends - opens, _NONE)
            day -= _A_DAY

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return how long it is open from ``start`` to ``end``; no time where ``end`` is the earlier one."""
        day, last = (instant.astimezone(self.zone).date() for instant in (start, end))
        total = _NONE
        while day <= last:
            for opens, closes in self._stretches(day):
                total += max(min(end, closes) - max(start, opens), _NONE)
            day += _A_DAY
        return total

    def _stretches(self, day: date) -> list[tuple[datetime, datetime]]:
        """From when to when it is open on a date, midnight to midnight, one after the other."""
        past_midnight = [(0, last - DAY) for _, last in self._begun(day - _A_DAY) if last > DAY]
        until, found = 0, []
        for first, last in sorted([*past_midnight, *((first, min(last, DAY)) for first, last in self._begun(day))]):
            if last > until:
                found.append((self._instant(day, max(first, until)), self._instant(day, last)))
                until = last
        return found

    def _begun(self, day: date) -> list[tuple[int, int]]:
        """The hours that begin on a date, in minutes from its midnight."""
        if not self.works(day):
            return []
        if not any((self.hours or {}).values()):
            return [(0, DAY)]
        return [span_of(span) for span in (self.hours or {}).get(WEEKDAYS[day.weekday()], ())]

    def _instant(self, day: date, minute: int) -> datetime:
        return (datetime.combine(day, time(), self.zone) + timedelta(minutes=minute)).astimezone(UTC)
