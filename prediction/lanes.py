"""What a bundle says at its most cautious, by lane: predictions for when there is no bundle to ask.

A lane is a location type with a carrier service, within a country or abroad. Of each lane the table keeps the longest
hours that the bundle predicted at each level, for attempts of its window and for ones that never were. So a date from
here is meant to be later than the bundle's would be, not earlier.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from features.facts import Columns, FloatArray
from prediction.bundle import Bundle
from prediction.errors import LanesError
from prediction.hours import BASE_LEVELS
from prediction.manifest import TIME_HEADS

LANES_FILE: Final = "lanes.json"
#: The levels at which hours are kept; the last is certainty.
LEVELS: Final = np.append(BASE_LEVELS, 1.0)
#: What a lane's longest hours are stretched by at each level: the bundle goes on learning, and tomorrow's order may be
#: the slowest, or miss an evening and come the next day. At the highest levels the longest of a draw says little of the
#: longest that there is.
MARGIN: Final = np.where(LEVELS <= 0.95, 1.4, 4.0)
#: Stands for every lane where one is unknown: the longest of all.
ANY: Final = ""
_ALMOST_CERTAIN: Final = 1.0 - 1e-12


@dataclass(frozen=True, eq=False)
class StepHours:
    """Row ``i`` takes one of ``hours[lane[i]]``, (lanes, levels): no more than the first with P ≤ the first level, …"""

    hours: FloatArray
    lane: NDArray[np.intp]

    def take(self, rows: NDArray[np.intp]) -> "StepHours":
        """Return the distributions at ``rows``."""
        return StepHours(self.hours, self.lane[rows])

    def quantile(self, level: float) -> FloatArray:
        """Hours that each row stays under with probability ``level`` (0 < level < 1); shape (rows,)."""
        return np.asarray(self.hours[self.lane, np.searchsorted(LEVELS, level)])

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        """P(duration > ``hours``) of each row; shape (rows,)."""
        within = (self.hours[self.lane] <= np.reshape(hours, (-1, 1))).sum(axis=1)
        return np.asarray(1.0 - np.append(0.0, LEVELS)[within])

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        """E[max(duration − ``hours``, 0)] of each row, in hours; shape (rows,)."""
        over = np.maximum(self.hours[self.lane] - np.reshape(hours, (-1, 1)), 0.0)
        return np.asarray(over @ np.diff(LEVELS, prepend=0.0))


@dataclass(frozen=True, eq=False)
class Lanes:
    """The table of lanes at work: implements `decision.predictor.Predictor`.

    ``rows``: lane → row of ``hours`` (by time head, (lanes, levels)), ``mean_cost`` and ``failure`` (lanes,); `ANY` is
    among them. ``currency`` is that of the costs; ``None``: of any.
    """

    version: str
    currency: str | None
    rows: Mapping[str, int]
    hours: Mapping[str, FloatArray]
    mean_cost: FloatArray
    failure: FloatArray

    def delivery_hours(self, facts: Columns) -> StepHours:
        """Decision → delivered."""
        return StepHours(self.hours["delivery_hours"], self._rows(facts))

    def ready_hours(self, facts: Columns) -> StepHours:
        """Decision → handed to the carrier, or ready to collect."""
        return StepHours(self.hours["ready_hours"], self._rows(facts))

    def delivery_rests(self, facts: Columns, first: date, days: int) -> NDArray[np.bool_]:  # noqa: ARG002 (protocol)
        """It knows no dates: its hours are those of the worst time of the year; (rows, days)."""
        return np.zeros((len(facts["decided_at"]), days), bool)

    def cost(self, facts: Columns) -> FloatArray:
        """Mean cost of the lane's shipments, in money."""
        return np.asarray(self.mean_cost[self._rows(facts)])

    def pick_failure(self, facts: Columns) -> FloatArray:
        """The lane's highest probability that a line is not supplied."""
        return np.asarray(self.failure[self._rows(facts)])

    def _rows(self, facts: Columns) -> NDArray[np.intp]:
        return np.array([self.rows.get(lane, self.rows[ANY]) for lane in lanes_of(facts)], np.intp)


#: The last resort, where no bundle ever was: so far in the future that nothing usual is later.
LAST_RESORT: Final = Lanes(
    "none",
    None,
    {ANY: 0},
    {"delivery_hours": np.full((1, len(LEVELS)), 45 * 24.0), "ready_hours": np.full((1, len(LEVELS)), 21 * 24.0)},
    np.zeros(1),
    np.full(1, 0.5),
)


def lanes_of(facts: Columns) -> list[str]:
    """Return the lane of each row."""
    names = ("location_type", "carrier_service_id", "location_country", "destination_country")
    return [
        f"{kind} {service or '-'} {'within' if here == there else 'abroad'}"
        for kind, service, here, there in zip(*(facts[name].tolist() for name in names), strict=True)
    ]


def make_lanes(bundle: Bundle, facts: Columns) -> Lanes:
    """Return the lanes of ``facts`` as ``bundle`` predicts them."""
    names, lane = np.unique(lanes_of(facts), return_inverse=True)
    # How long preparing takes is a matter of the location alone: it is read off all lanes of its type.
    _, types = np.unique([name.split()[0] for name in names], return_inverse=True)
    alike = {"delivery_hours": np.arange(len(names)), "ready_hours": types}
    hours = {head: np.empty((len(names) + 1, len(LEVELS))) for head in TIME_HEADS}
    for head, longest in hours.items():
        predicted, rows = getattr(bundle, head)(facts), alike[head][lane]
        for at, (level, margin) in enumerate(zip(np.minimum(LEVELS, _ALMOST_CERTAIN), MARGIN, strict=True)):
            quantile = predicted.quantile(float(level))
            longest[:-1, at] = [margin * quantile[rows == group].max() for group in alike[head]]
        longest[-1] = longest[:-1].max(axis=0)
    cost, failure = bundle.cost(facts), bundle.pick_failure(facts)
    return Lanes(
        f"{bundle.version}/lanes",
        bundle.currency,
        {**{str(name): at for at, name in enumerate(names)}, ANY: len(names)},
        hours,
        np.array([*(cost[lane == at].mean() for at in range(len(names))), cost.mean()]),
        np.array([*(failure[lane == at].max() for at in range(len(names))), failure.max()]),
    )


def write_lanes(lanes: Lanes, folder: Path) -> None:
    """Write ``lanes`` into ``folder``, with the sha256 of what is written: the file vouches for itself."""
    table = json.dumps(
        {
            "version": lanes.version,
            "currency": lanes.currency,
            "rows": dict(lanes.rows),
            "hours": {head: hours.tolist() for head, hours in lanes.hours.items()},
            "mean_cost": lanes.mean_cost.tolist(),
            "failure": lanes.failure.tolist(),
        },
        allow_nan=False,
    )
    whole = json.dumps({"sha256": _sha256(table), "table": table})
    unfinished = folder / f"{LANES_FILE}.unfinished"
    unfinished.write_text(whole)
    unfinished.replace(folder / LANES_FILE)


def read_lanes(folder: Path) -> Lanes:
    """Read the lanes in ``folder``. Raises `LanesError` when there are none, or not those that were written."""
    path = folder / LANES_FILE
    try:
        whole = json.loads(path.read_bytes())
        if whole["sha256"] != _sha256(whole["table"]):
            raise LanesError(f"{path} was altered: its sha256 is not the one it names.")
        table = _Table.model_validate_json(whole["table"])
    except OSError as error:
        raise LanesError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LanesError(f"{path} is not a table of lanes.") from error
    return Lanes(
        table.version,
        table.currency,
        table.rows,
        {head: np.array(hours) for head, hours in table.hours.items()},
        np.array(table.mean_cost),
        np.array(table.failure),
    )


class _Table(BaseModel):
    """What is written of `Lanes`."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    version: str
    currency: str | None
    rows: dict[str, int]
    hours: dict[str, list[list[float]]]
    mean_cost: list[float]
    failure: list[float]

    @model_validator(mode="after")
    def _every_lane_has_its_row(self) -> "_Table":
        lanes = len(self.mean_cost)
        widths = {head: [len(row) for row in hours] for head, hours in self.hours.items()}
        if widths != dict.fromkeys(TIME_HEADS, [len(LEVELS)] * lanes) or len(self.failure) != lanes:
            raise ValueError("a lane lacks a number")
        if ANY not in self.rows or not all(0 <= row < lanes for row in self.rows.values()):
            raise ValueError("a lane has no row")
        return self


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
