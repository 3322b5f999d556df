"""The dates on which all that is awaited is there, surely enough: ends of delivery days, or openings of a store."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache, partial
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from decision.calendars.delivery_days import DeliveryDays, delivery_days
from decision.calendars.dispatch import Dispatch, next_opening
from decision.calendars.opening import DAY
from decision.network import Network
from decision.order import Order
from decision.predictor import Rests
from decision.promises.awaited import Awaited

#: Nothing is promised for later dates.
DAYS_AHEAD: Final = 60
#: Most dates are no later.
SOON: Final = 10
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Read:
    """A date that can be told, and the probability that everything is there by then.

    ``again`` (1 + A,): that everything is there on that date: where it is ordered while the promise is valid, and where
    it is asked again, and ordered later.
    """

    promised_at: datetime
    promised_on: date
    confidence: float
    again: NDArray[np.float64]


@dataclass(frozen=True)
class Waiting:
    """Parcels on their way by ``service`` (K,), as ``awaited`` where they are ordered ``now``, and ``later``, while a
    promise is valid. ``rests``: the dates on which the models know that they do not come. ``zone``: the clock of the
    destination.
    """

    order: Order
    network: Network
    service: NDArray[np.intp]
    leaves: Dispatch
    rests: Rests
    now: datetime
    zone: ZoneInfo
    awaited: Awaited
    later: Awaited

    @property
    def place(self) -> int:
        """The location where it is collected."""
        assert self.order.collect_location_id is not None, "it is collected"
        return self.network.positions[self.order.collect_location_id]

    @cached_property
    def today(self) -> date:
        """The date at the destination."""
        return self.now.astimezone(self.zone).date()

    @cached_property
    def days(self) -> DeliveryDays:
        """Of the parcels, on the dates from today on."""
        of_parcels = self.order, self.network, self.service, self.leaves
        return delivery_days(*of_parcels, rests=self.rests, now=self.now, count=DAYS_AHEAD)

    @cached_property
    def _lost(self) -> tuple[NDArray[np.float64], list[int]]:
        """The distinct hours that parcels lose on their way, (K, N), and which of these on each date."""
        if not self.days.lost.any():  # as nearly always: looking for what is distinct takes longer
            return np.zeros((len(self.days.lost), 1)), [0] * DAYS_AHEAD
        distinct, which = np.unique(24.0 * self.days.lost, axis=1, return_inverse=True)
        return distinct, which.ravel().tolist()

    def midnight(self, ahead: int) -> datetime:
        """The instant at which a date begins at the destination, so many dates from today."""
        return _midnight(self.today + timedelta(days=ahead), self.zone)

    def surely(self, until: Sequence[datetime], ahead: Sequence[int] | slice) -> NDArray[np.float64]:
        """Return (1 + A, T) how surely everything is there ``until`` each instant, on the date so far ``ahead``."""
        hours = np.array([(instant - self.now) / _HOUR for instant in until])
        return self.later.within(hours - 24.0 * self.days.lost[:, ahead])

    def there(self, level: float, awaited: Awaited) -> Iterator[tuple[int, datetime]]:
        """Yield dates, as days ahead, and from when on each all ``awaited`` is there with probability ``level``.

        Each day that a parcel loses before its date puts it off by a day.
        """
        lost, which = self._lost
        hours: dict[int, float] = {}
        for ahead, at in enumerate(which):
            if at not in hours:
                hours[at] = awaited.quantile(lost[:, at], level)
            if hours[at] < (DAYS_AHEAD + 1) * 24:
                instant = self.now + timedelta(hours=hours[at])
                if instant.astimezone(self.zone).date() <= self.today + timedelta(days=ahead):
                    yield ahead, max(_whole_minute(instant), self.midnight(ahead))


@lru_cache(maxsize=1024)
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)


def first_date(waiting: Waiting, confidence: float, days_later: int) -> Read | None:
    """Return the end of the first delivery day by which everything is there with ``confidence``."""
    delivers = np.asarray(waiting.days.delivers.all(axis=0))
    for until in (SOON, DAYS_AHEAD):  # later days are only asked where none of the first will do
        ends = [waiting.midnight(ahead + 1) for ahead in range(until)]
        sure = waiting.surely(ends, slice(until))
        found = np.flatnonzero(delivers[:until] & (sure[0] >= confidence))[days_later:]
        if len(found):
            first = int(found[0])
            return _read(ends[first], waiting.today + timedelta(days=first), sure[:, first])
    return None


def first_opening(waiting: Waiting, confidence: float, days_later: int) -> Read | None:
    """Return when the store is open, the first time that everything is there with ``confidence``."""
    for ahead, instant in _openings(waiting, confidence, waiting.later):
        sure = waiting.surely([instant, _last_open(waiting, ahead, instant)], [ahead, ahead])
        if sure[0, 0] >= confidence:
            days_later -= 1
        if days_later < 0:
            return Read(instant, waiting.today + timedelta(days=ahead), float(sure[0, 0]), sure[:, 1])
    return None


def last_date(waiting: Waiting) -> Read | None:
    """Return the end of the last delivery day for which anything is promised, however sure."""
    found = np.flatnonzero(waiting.days.delivers.all(axis=0))
    if not len(found):
        return None
    last = int(found[-1])
    end = waiting.midnight(last + 1)
    return _read(end, waiting.today + timedelta(days=last), waiting.surely([end], [last])[:, 0])


def last_opening(waiting: Waiting) -> Read | None:
    """Return when the store opens on the last day for which anything is promised, however sure."""
    for ahead in reversed(range(DAYS_AHEAD)):
        opens = _opens(waiting, ahead, waiting.midnight(ahead))
        if opens is not None:
            sure = waiting.surely([opens], [ahead])[:, 0]
            return _read(opens, waiting.today + timedelta(days=ahead), sure)
    return None


def _read(promised_at: datetime, promised_on: date, sure: NDArray[np.float64]) -> Read:
    return Read(promised_at, promised_on, float(sure[0]), sure)


def _openings(waiting: Waiting, level: float, awaited: Awaited) -> Iterator[tuple[int, datetime]]:
    for ahead, instant in waiting.there(level, awaited):
        opens = _opens(waiting, ahead, instant)
        if opens is not None:
            yield ahead, opens


def _opens(waiting: Waiting, ahead: int, instant: datetime) -> datetime | None:
    """Return when the store is open from ``instant`` on, if it is on the date so far ``ahead``."""
    opens = next_opening(waiting.network, waiting.place, instant)
    return opens if opens.astimezone(waiting.zone).date() == waiting.today + timedelta(days=ahead) else None


def _last_open(waiting: Waiting, ahead: int, instant: datetime) -> datetime:
    """Return the last minute at which the store is open on the date so far ``ahead``, on which it is at ``instant``."""
    closes = waiting.network.location_hours.closes[waiting.place, (waiting.today + timedelta(days=ahead)).weekday()]
    begins = datetime.combine(waiting.today + timedelta(days=ahead), datetime.min.time(), waiting.zone)
    minutes = DAY if np.isnan(closes) else float(closes)
    return max(instant, (begins + timedelta(minutes=minutes - 1)).astimezone(UTC))


def at_level(waiting: Waiting, level: float, latest: datetime) -> datetime:
    """Return when all is there with probability ``level`` if it is ordered now, ``latest`` where that is later."""
    home = waiting.order.delivery_method == "home"
    instants = (waiting.there if home else partial(_openings, waiting))(level, waiting.awaited)
    return min(next((instant for _, instant in instants), latest), latest)


def _whole_minute(instant: datetime) -> datetime:
    """The first whole minute after ``instant``: hours are rounded, and just then it may not be quite as sure."""
    return instant + timedelta(minutes=1) - (instant - datetime.min.replace(tzinfo=UTC)) % timedelta(minutes=1)
