"""How the attributes of rules are read: from an order, a network and candidates to columns of expressions."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from decision.calendars.opening import DAY, minute_of_week, minutes_passing
from decision.candidates.scores import Scores
from decision.custom import typed
from decision.order import Line, Order
from decision.rules.situation import Situation
from expressions.kinds import Kind
from expressions.sets import TextSets
from expressions.text import Text, encode

#: How the column of an attribute is read.
Read = Callable[[Situation], Any]

#: Days from yesterday on in which a place may open next: nine weeks.
DAYS_SEEN: Final = 63
#: Position of one value per line beside the candidates' axis: (L, 1).
BELOW: Final = (slice(None), None)


def at(column: Any, positions: Any) -> Any:
    """Return a column's values at ``positions``, of whatever type it is."""
    return column.take(positions) if isinstance(column, Text | TextSets) else column[positions]


#: Spaces with custom attributes, which a ruleset declares, and how the column of one is read.
CUSTOM: Final[dict[str, Callable[[Situation, str, Kind], Any]]] = {
    "order": lambda s, name, kind: at(typed([s.order.attributes], name, kind), 0),
    "line": lambda s, name, kind: at(typed([line.attributes for line in s.order.lines], name, kind), BELOW),
    "location": lambda s, name, kind: at(s.network.location_attribute(name, kind), s.candidates.location),
    "service": lambda s, name, kind: at(s.network.service_attribute(name, kind), s.candidates.service),
}


def hours(later: datetime | None, now: datetime) -> NDArray[np.float64]:
    """Return hours from ``now`` on."""
    return np.array(np.nan if later is None else (later - now) / timedelta(hours=1))


def total(order: Order, name: str) -> NDArray[np.float64]:
    """Return a figure of one unit, summed over all units of the order: in whole billionths, so that 100 units at 4.35
    are worth 435 and not a little less."""
    return np.round(np.array(sum(_figure(line, name) * line.quantity for line in order.lines)), 9)


def _figure(line: Line, name: str) -> float:
    value = getattr(line, name)
    return float("nan") if value is None else float(value)


def line_figure(name: str) -> Read:
    """Return how to read a number or truth value of each line."""
    return lambda s: np.array([_figure(line, name) for line in s.order.lines])[BELOW]


def line_text(name: str) -> Read:
    """Return how to read a text of each line."""
    return lambda s: encode([[getattr(line, name)] for line in s.order.lines])


def location(column: str) -> Read:
    """Return how to read a number of the location; unknown where the network has no such column."""

    def read(s: Situation) -> NDArray[np.float64]:
        values = s.network.locations.get(column)
        return np.full(len(s.candidates), np.nan) if values is None else values[s.candidates.location]

    return read


def location_text(column: str) -> Read:
    """Return how to read a text of the location."""
    return lambda s: s.network.location_texts[column].take(s.candidates.location)


def service_text(column: str) -> Read:
    """Return how to read a text of the carrier service."""
    return lambda s: s.network.service_texts[column].take(s.candidates.service)


def scored(read: Callable[[Scores], Any]) -> Read:
    """Return how to read a prediction."""

    def value(s: Situation) -> Any:
        assert s.scores is not None, "predictions are asked for before they are made"
        return read(s.scores)

    return value


def ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quotient, NaN where the denominator is 0."""
    return numerator / np.where(denominator == 0, np.nan, denominator)


def zone(s: Situation) -> Text:
    """Return the delivery zone of the destination seen from each location."""
    to, texts, rows = s.order.destination, s.network.location_texts, s.candidates.location
    country = texts["country"].take(rows).equals(encode(to.country))
    region = texts["region"].take(rows)
    same_region = country & region.equals(encode(to.region)) & ~region.is_null()
    return Text(np.where(same_region, 0, np.where(country, 1, 2)), ("same_region", "same_country", "abroad"))


def by_clock(measure: Callable[[datetime], float]) -> Read:
    """Return how to measure the local time of each candidate, once per time zone."""
    return lambda s: _each_clock(s, lambda local, _: measure(local))


def _each_clock(s: Situation, read: Callable[[datetime, NDArray[np.intp]], Any]) -> NDArray[np.float64]:
    values = np.full(len(s.candidates), np.nan)
    for local, rows in s.clocks:
        values[rows] = read(local, rows)
    return values


def capacity_used(s: Situation) -> NDArray[np.float64]:
    """Return the shipments that each location was given today; what was told of another day is not known of today."""
    used: NDArray[np.float64] = location("capacity_used")(s)
    told = s.network.location_texts.get("capacity_used_on")
    if told is None:
        return used
    days = told.take(s.candidates.location)
    today = _each_clock(s, lambda local, rows: days.take(rows).is_in([local.date().isoformat()]))
    return np.where(today == 1, used, np.nan)


def open_now(s: Situation) -> NDArray[np.float64]:
    """Return whether each location is open."""
    places, weekly = s.candidates.location, s.network.location_hours
    return _each_clock(
        s, lambda local, rows: weekly.is_open(places[rows], minute_of_week(local), _days_worked(s, local, rows))
    )


def _days_worked(s: Situation, local: datetime, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return (rows, `DAYS_SEEN`) whether no closing date or holiday is told of each day from yesterday on."""
    worked, usual = s.network.days_worked(local.date() - timedelta(days=1), DAYS_SEEN)
    return np.asarray((worked | ~usual)[s.candidates.location[rows]])


def opens_in_hours(s: Situation) -> NDArray[np.float64]:
    """Return hours until each location opens next, 0 while it is open."""
    places, weekly = s.candidates.location, s.network.location_hours

    def read(local: datetime, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        waiting = weekly.minutes_until_open(places[rows], minute_of_week(local), _days_worked(s, local, rows))
        return minutes_passing(local, waiting) / 60

    return _each_clock(s, read)


def minutes_to_cut_off(s: Situation, cut_offs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return minutes until today's cut-off; ``cut_offs`` (C, 7) of each candidate by weekday.

    There is none on a day on which the location is closed: nothing is handed over.
    """

    def read(local: datetime, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        today = np.where(_days_worked(s, local, rows)[:, 1], cut_offs[rows, local.weekday()], np.nan)
        return minutes_passing(local, today - minute_of_week(local) % DAY)

    return _each_clock(s, read)
