"""How sure a shipment on its way still is of its promise, and until when each step of it may wait.

What a decision said of a shipment stays: when it would be handed over, when it would arrive (half, 9 in 10). An hour by
which the handover is later or earlier than that, its slip, moves the arrival by an hour. Between the two known levels
and beyond, the logarithm of the hours is taken as normal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp, log, prod
from typing import Final

from scipy.special import ndtr, ndtri

_P90: Final = float(ndtri(0.9))
#: A minute: what is told as arriving at once still takes that long, and nothing is known more exactly.
_LEAST: Final = timedelta(minutes=1)
#: Nobody looks further ahead for when everything will be there.
_DAYS_AHEAD: Final = 60


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A shipment decided at ``decided_at``, expected to be ready at ``ready_at`` and there at ``p50_at``, ``p90_at``.

    ``handed_over_at``, ``there_at``: when it was, ``None`` before.
    """

    decided_at: datetime
    ready_at: datetime
    p50_at: datetime
    p90_at: datetime
    handed_over_at: datetime | None = None
    there_at: datetime | None = None


def on_time(shipments: Sequence[OnItsWay], promised_at: datetime, now: datetime) -> float:
    """Return the probability that all of them are there by ``promised_at``, by what is known ``now``."""
    return prod(_there_by(shipment, promised_at, now) for shipment in shipments)


def all_there(shipments: Sequence[OnItsWay], confidence: float, now: datetime) -> datetime:
    """Return the hour by which all of them are there with ``confidence``; the last one that is looked at, if none."""
    for hours in range(1, _DAYS_AHEAD * 24):
        by = now + timedelta(hours=hours)
        if on_time(shipments, by, now) >= confidence:
            return by
    return now + timedelta(days=_DAYS_AHEAD)


def slack(shipment: OnItsWay, promised_at: datetime, confidence: float) -> timedelta:
    """Return how much later than expected it may be handed over, and still keep its promise with ``confidence``.

    Less than nothing where it is too late already.
    """
    needed = exp(_centre(shipment) + _spread(shipment) * float(ndtri(confidence)))
    return promised_at - shipment.decided_at - timedelta(hours=needed)


def _there_by(shipment: OnItsWay, instant: datetime, now: datetime) -> float:
    if shipment.there_at is not None:
        return float(shipment.there_at <= instant)
    if instant <= now:
        return 0.0
    slip = (shipment.handed_over_at or max(now, shipment.ready_at)) - shipment.ready_at
    left = 1 - _within(shipment, now, slip)  # it has not arrived yet
    return 0.0 if left <= 0 else max(0.0, (_within(shipment, instant, slip) - 1 + left) / left)


def _within(shipment: OnItsWay, instant: datetime, slip: timedelta) -> float:
    hours = (instant - shipment.decided_at - slip) / timedelta(hours=1)  # an instant may be the last that there is
    return float(ndtr((log(hours) - _centre(shipment)) / _spread(shipment))) if hours > 0 else 0.0


def _centre(shipment: OnItsWay) -> float:
    return log(_p50(shipment) / timedelta(hours=1))


def _spread(shipment: OnItsWay) -> float:
    p90 = max(shipment.p90_at - shipment.decided_at, _p50(shipment) + _LEAST)
    return (log(p90 / timedelta(hours=1)) - _centre(shipment)) / _P90


def _p50(shipment: OnItsWay) -> timedelta:
    """By what was expected, it may be there already: a plan may be chosen long after it was made."""
    return max(shipment.p50_at - shipment.decided_at, _LEAST)
