"""When a rule is active: on weekdays, at hours, between dates, by the clock of the candidate's location."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from decision.calendars.opening import DAY


@dataclass(frozen=True)
class Calendar:
    """Times at which a rule is active. Whatever is not told (``None``) does not restrict.

    ``weekdays``: 0 Monday … 6 Sunday; ``hours``: first minute of the day and the one after the last, which is past
    `DAY` where the hours pass midnight: the early hours then belong to the day before. Dates are inclusive.
    """

    weekdays: frozenset[int] | None = None
    hours: tuple[int, int] | None = None
    first: date | None = None
    last: date | None = None

    def is_active(self, local: datetime) -> bool:
        """Return whether a rule is active when a clock at the location shows ``local``."""
        day, minute = local.date(), _minute(local)
        if self.hours is not None:
            start, end = self.hours
            if minute < end - DAY:
                day, minute = day - timedelta(days=1), minute + DAY
            if not start <= minute < end:
                return False
        return (
            (self.weekdays is None or day.weekday() in self.weekdays)
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )


def steady_until(
    calendars: Sequence[Calendar], zones: Sequence[ZoneInfo], since: datetime, until: datetime
) -> datetime:
    """Return ``until``, or the last second before one of ``calendars`` begins or ends to be active in a zone."""
    if not calendars:
        return until
    edges = {0}.union(*({minute % DAY for minute in calendar.hours or ()} for calendar in calendars))

    def clocks(instant: datetime) -> list[datetime]:
        return [instant.astimezone(zone) for zone in zones]

    before, minute = clocks(since), since.replace(second=0, microsecond=0) + timedelta(minutes=1)
    began = _active(calendars, before)
    while minute <= until:
        local = clocks(minute)
        # Between the edges nothing changes, unless the clock does: it may jump over one.
        jumped = any(now.utcoffset() != then.utcoffset() for now, then in zip(local, before, strict=True))
        if (jumped or any(_minute(now) in edges for now in local)) and _active(calendars, local) != began:
            return max(since, minute - timedelta(seconds=1))
        before, minute = local, minute + timedelta(minutes=1)
    return until


def _active(calendars: Sequence[Calendar], local: Sequence[datetime]) -> list[bool]:
    return [calendar.is_active(clock) for calendar in calendars for clock in local]


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute
