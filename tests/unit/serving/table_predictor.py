"""A predictor whose every answer is known: hours and money grow with the distance, by a table per location type."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from decision.predictor import FloatArray, HoursDistribution
from features.facts import Columns, check_facts
from features.trailing import Observations
from prediction.following import Expected, Told

_HOURS = {"warehouse": 30.0, "store": 20.0, "supplier": 70.0, "hub": 25.0}


@dataclass(frozen=True)
class UniformHours:
    """Hours spread evenly from half to one and a half times ``middle``."""

    middle: FloatArray

    def take(self, rows: np.ndarray) -> "UniformHours":
        return UniformHours(self.middle[rows])

    def quantile(self, level: float) -> FloatArray:
        return self.middle * (0.5 + level)

    def probability_later_than(self, hours: FloatArray) -> FloatArray:
        return np.clip(1.5 - hours / self.middle, 0.0, 1.0)

    def expected_excess(self, hours: FloatArray) -> FloatArray:
        latest = 1.5 * self.middle
        below = np.maximum(0.5 * self.middle - hours, 0.0)
        inside = np.clip(latest - np.maximum(hours, 0.5 * self.middle), 0.0, None)
        return below + inside**2 / (2 * self.middle)


@dataclass(frozen=True)
class TablePredictor:
    """``usual``: footfall by location and hour of the week; unknown elsewhere."""

    version: str = "table@1"
    as_of: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    currency: str = "EUR"
    usual: dict[tuple[str, int], float] = field(default_factory=dict)
    outcomes: int = 0
    calibrated_with: tuple[datetime, int] | None = None

    def with_outcomes(self, told: Iterable[tuple[str, Observations]], last: int) -> "TablePredictor":
        """It reads what was told, and goes on saying the same."""
        list(told)
        return replace(self, outcomes=last)

    def expected(self, facts: Columns) -> list[Expected]:
        """What it was asked about: where from and when, and how heavy how many units are."""
        asked = (facts[name].tolist() for name in ("location_id", "decided_at", "weight_kg", "units"))
        return [
            Expected(
                bundle=self.version,
                group=place,
                clock=at,
                calendars={"delivery_hours": "IT"},
                hours={"delivery_hours": (weight, units)},
                cost_excess=0.0,
            )
            for place, at, weight, units in zip(*asked, strict=True)
        ]

    def with_calibration(self, told: Sequence[Told], now: datetime, last: int) -> "TablePredictor":  # noqa: ARG002 (protocol)
        """It goes on saying the same."""
        return replace(self, calibrated_with=(now, last))

    def _hours(self, facts: Columns) -> FloatArray:
        check_facts(facts)
        return np.array([_HOURS[kind] for kind in facts["location_type"]])

    def delivery_hours(self, facts: Columns) -> HoursDistribution:
        return UniformHours(self._hours(facts))

    def ready_hours(self, facts: Columns) -> HoursDistribution:
        return UniformHours(self._hours(facts) / 4)

    def delivery_rests(self, facts: Columns, first: date, days: int) -> NDArray[np.bool_]:  # noqa: ARG002 (protocol)
        return np.zeros((check_facts(facts), days), bool)

    def cost(self, facts: Columns) -> FloatArray:
        return 5.0 + 0.5 * np.nan_to_num(facts["weight_kg"]) + 0.1 * facts["units"]

    def pick_failure(self, facts: Columns) -> FloatArray:
        return np.where(np.array([kind == "store" for kind in facts["location_type"]]), 0.05, 0.01)

    def footfall_usual(self, location_id: str, hour_of_week: int) -> float:
        return self.usual.get((location_id, hour_of_week), np.nan)
