"""What calibration at the cut looked at, and how it goes on with the shipments of a service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Any, Final, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from features.facts import FloatArray, TextColumn
from prediction.calibration import CALIBRATION, COLUMNS, DAY_SECONDS, LONGEST_DAYS, WEEK_SECONDS, UnderWay
from prediction.manifest import EVERY_GROUP
from prediction.working_hours import Rota, WorkingTime

#: Attempts of one time head that a bundle keeps at most.
MOST_KEPT: Final = 100_000
#: With fewer arrivals than this in the weeks that count, levels stay those of the cut.
FEWEST_ARRIVALS: Final = 200
#: Who was assigned so long before a calibration is nothing to it.
SECONDS_THAT_COUNT: Final = CALIBRATION.weeks * WEEK_SECONDS + LONGEST_DAYS * DAY_SECONDS


class Expected(TypedDict):
    """What a bundle expects of a shipment before calibration, and before what was missed of earlier costs, as JSON.

    ``clock``: see `UnderWay`. ``calendars``: whose holidays are kept (`prediction.working_hours.CALENDAR`), and
    ``hours``: centre and spread of log-hours of work, both by time head. ``cost_excess``: as in
    `features.statistics.MEASURES`, by the trees without what was missed of earlier costs.
    """

    bundle: str
    group: str
    clock: float
    calendars: dict[str, str]
    hours: dict[str, tuple[float, float]]
    cost_excess: float


class Told(NamedTuple):
    """What a service knows of one of its shipments. Instants are seconds since 1970 UTC, NaN where there is none."""

    shipment_id: str
    expected: Expected
    started_at: float
    ready_at: float
    arrived_at: float
    ended_at: float

    def ends(self, time: str) -> tuple[float, float]:
        """When what a time head predicts happened, and when it became known that it never will."""
        end = self.arrived_at if isnan(self.ended_at) else self.ended_at  # who arrived has not ended otherwise
        return (self.arrived_at if time == "delivery_hours" else self.ready_at), end


@dataclass(frozen=True, eq=False)
class Looked:
    """What calibration at the cut looked at. ``going``: the attempts still under way then, by name, in their order."""

    under_way: UnderWay
    going: NDArray[np.str_]

    def going_on(self, told: Mapping[str, FloatArray], as_of: float) -> UnderWay:
        """The same attempts after the cut: who goes on is ``told`` of, by name, or lost from sight at the cut.

        ``told``: when each arrived, and when it became known that it never will.
        """
        rows = np.flatnonzero(_under_way_still(self.under_way))
        lost = np.array([np.nan, as_of])
        ends = [told.get(name, lost) for name in self.going.tolist()]
        arrived_at, ended_at = self.under_way.arrived_at.copy(), self.under_way.ended_at.copy()
        arrived_at[rows], ended_at[rows] = np.array(ends, float).reshape(-1, 2).T
        return replace(self.under_way, arrived_at=arrived_at, ended_at=ended_at)


def looked_at(hours: UnderWay, names: TextColumn, as_of: float, seed: int) -> Looked:
    """What is looked at by a calibration at ``as_of`` (seconds); ``names`` of the attempts. Later is blank.

    Of more than `MOST_KEPT` attempts some are drawn, each of which counts for the others too.
    """
    numbered = replace(hours, group=np.arange(len(names)))  # to find the rows again
    rows = numbered.during(as_of - CALIBRATION.weeks * WEEK_SECONDS, as_of).group
    share = max(len(rows) / MOST_KEPT, 1.0)
    if share > 1.0:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_KEPT, replace=False))
    kept = hours.take(rows)
    known = replace(
        kept,
        arrived_at=np.where(kept.arrived_at <= as_of, kept.arrived_at, np.nan),
        ended_at=np.where(kept.ended_at <= as_of, kept.ended_at, np.nan),
        weight=kept.weight * share,
    )
    return Looked(known, names[rows][_under_way_still(known)].astype(str))


def followed(
    looked: Looked,
    time: str,
    told: Sequence[Told],
    *,
    bundle: str,
    groups: Mapping[str, int],
    working: WorkingTime,
    as_of: float,
) -> UnderWay:
    """The attempts that a calibration after the cut looks at: those of the history, and the service's own since.

    Of these, what ``bundle`` itself said counts, and only in groups in which the service is told of arrivals at all:
    where nobody tells of them, nothing seems ever to arrive. ``groups``: as in `Manifest.groups`. ``working``: of this
    time head.
    """
    ends = np.array([one.ends(time) for one in told], float).reshape(-1, 2)
    group = [one.expected["group"] for one in told]
    heard = {group[row] for row in np.flatnonzero(~np.isnan(ends[:, 0])).tolist()}
    going, rows = set(looked.going.tolist()), [row for row, name in enumerate(group) if name in heard]
    history = looked.going_on({told[r].shipment_id: ends[r] for r in rows if told[r].shipment_id in going}, as_of)

    own = [row for row in rows if _is_own(told[row], bundle) and told[row].started_at >= as_of]
    hours = np.array([told[row].expected["hours"][time] for row in own], float).reshape(-1, 2)
    codes = np.array([groups.get(group[row], groups[EVERY_GROUP]) for row in own], np.intp)
    clock = np.array([told[row].expected["clock"] for row in own], float)
    kept = [told[row].expected["calendars"][time] for row in own]
    # Those of the history come first, so that its rows stay the rows of the same weeks.
    calendars = {name: at for at, name in enumerate(dict.fromkeys([*history.rota.weeks.calendars, *kept]))}
    weeks = working.weeks(list(calendars), np.concatenate([history.clock, clock]))
    since = UnderWay(
        group=codes,
        centre=hours[:, 0],
        spread=hours[:, 1],
        started_at=np.array([told[row].started_at for row in own], float),
        arrived_at=ends[own, 0],
        ended_at=ends[own, 1],
        weight=np.ones(len(own)),
        clock=clock,
        rota=weeks.rota(codes, np.array([calendars[name] for name in kept], np.intp)),
    )
    return replace(history, rota=Rota(weeks, history.rota.row)).and_then(since)


def _is_own(told: Told, bundle: str) -> bool:
    # What versions before this one expected tells no calendars, and another clock; names may come again.
    return told.expected["bundle"] == bundle and "calendars" in told.expected


def enough(hours: UnderWay, now: float) -> bool:
    """Whether enough arrived in the weeks that a calibration at ``now`` (seconds) looks at."""
    recent = hours.during(now - CALIBRATION.weeks * WEEK_SECONDS, now)
    return int((recent.arrived_at <= now).sum()) >= FEWEST_ARRIVALS


def to_arrays(looked: Mapping[str, Looked]) -> dict[str, NDArray[np.float64] | NDArray[np.intp] | NDArray[np.str_]]:
    """As plain arrays by name, to be written."""
    return {
        f"{time}.{part}": array
        for time, of_time in looked.items()
        for part, array in {
            **{name: getattr(of_time.under_way, name) for name in COLUMNS},
            "rota": of_time.under_way.rota.row,
            "calendars": np.array(of_time.under_way.rota.weeks.calendars, np.str_),
            "going": of_time.going,
        }.items()
    }


def from_arrays(working: Mapping[str, WorkingTime], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Looked]:
    """What `to_arrays` made arrays of; ``working``: by time head. Raises ``KeyError`` where one is missing."""
    return {
        time: _looked(of_time, {name: arrays[f"{time}.{name}"] for name in _STORED})
        for time, of_time in working.items()
    }


_STORED: Final = (*COLUMNS, "rota", "calendars", "going")


def _looked(working: WorkingTime, stored: Mapping[str, NDArray[Any]]) -> Looked:
    weeks = working.weeks(stored["calendars"].tolist(), stored["clock"])
    columns = {name: stored[name] for name in COLUMNS}
    return Looked(UnderWay(**columns, rota=Rota(weeks, stored["rota"])), stored["going"].astype(str))


def _under_way_still(hours: UnderWay) -> NDArray[np.bool_]:
    return np.isnan(hours.arrived_at) & np.isnan(hours.ended_at)
