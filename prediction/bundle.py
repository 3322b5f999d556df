"""The trained heads at work: facts in, predictions out."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from features.calendar import clock_of
from features.coded import Coded, CodedColumns, joined
from features.facts import Columns, FloatArray
from features.places import coded_facts, join_keys
from features.request import RequestFeatures
from features.statistics import MISSED, USUAL_VISITORS
from features.trailing import Observations
from features.trailing_sums import TrailingSums
from prediction.calibration import calibrate
from prediction.clock_hours import ClockHours
from prediction.following import Expected, Looked, Told, enough, followed
from prediction.hours import HoursTable, one_after_the_other
from prediction.manifest import EVERY_GROUP, Manifest
from prediction.trees import fastest_trees
from prediction.working_hours import CALENDAR, Rota

if TYPE_CHECKING:
    import lightgbm

#: Between these the trailing rate of failures is believed; a place without failures is not free of risk.
LIKELY = (0.0005, 0.5)


class Bundle:
    """Trained, calibrated heads and the state of the trailing statistics. Implements `decision.predictor.Predictor`."""

    def __init__(
        self,
        manifest: Manifest,
        boosters: Mapping[tuple[str, str], "lightgbm.Booster"],
        trailing: TrailingSums,
        looked: Mapping[str, Looked],
    ) -> None:
        """Put the parts together; `prediction.reading` and training do."""
        self.manifest = manifest
        self.trailing = trailing
        #: Position, in the log of the service, of the last outcome that was learnt since the cut; 0: none.
        self.outcomes = 0
        #: What calibration at the cut looked at, by time head.
        self.looked = looked
        #: When the service calibrated it last, and the last step of a shipment that it knew then; None: as trained.
        self.calibrated_with: tuple[datetime, int] | None = None
        #: Calibrated levels by time head.
        self.calibration = _as_of_cut(manifest)
        self._working = manifest.working_time()
        self._trees = {model: fastest_trees(booster) for model, booster in boosters.items()}
        self._features = {head: tuple(names) for head, names in manifest.features.items()}
        self._now = RequestFeatures(trailing, manifest.vocabularies)

    @property
    def version(self) -> str:
        """``name@version``."""
        return f"{self.manifest.name}@{self.manifest.version}"

    @property
    def as_of(self) -> datetime:
        """The instant of the cut: nothing later is known to the heads."""
        return datetime.fromisoformat(self.manifest.window.as_of)

    @property
    def currency(self) -> str:
        """ISO 4217: the currency of `cost`."""
        return self.manifest.currency

    def with_outcomes(self, told: Iterable[tuple[str, Observations]], last: int) -> "Bundle":
        """The bundle once it has learnt what was told since, up to the position ``last``.

        Trees and calibration are shared; this bundle stays as it is.
        """
        other = copy(self)
        other.trailing, other.outcomes = self.trailing.after(told), last
        other._now = self._now.following(other.trailing)
        return other

    def with_calibration(self, told: Sequence[Told], now: datetime, last: int) -> "Bundle":
        """The bundle calibrated with what was under way before its cut and in service since, as far as known ``now``.

        ``told``: every shipment that was assigned in service, in that order, up to the step at position ``last``. Trees
        and sums are shared; this bundle stays as it is.
        """
        other, groups, instant = copy(self), self.manifest.groups, now.timestamp()
        other.calibrated_with = now, last
        other.calibration = _as_of_cut(self.manifest)
        for time, looked in self.looked.items():
            hours = followed(
                looked,
                time,
                told,
                bundle=self.version,
                groups=groups,
                working=self._working[time],
                as_of=self.as_of.timestamp(),
            )
            if enough(hours, instant):
                other.calibration[time] = calibrate(hours, len(groups), instant)
        return other

    def expected(self, facts: Columns) -> list[Expected]:
        """What it says of each row before calibration, and before it learns of costs, once the row is a shipment."""
        columns = coded_facts(facts)
        hours = {"delivery_hours": self._delivery(columns), "ready_hours": self._log_hours("ready_hours", columns)}
        groups, clock = calibration_groups(columns).column(), clock_of(columns)
        calendars = {time: columns[calendar].tolist() for time, calendar in CALENDAR.items()}
        cost_excess = self._cost_excess(columns)
        return [
            Expected(
                bundle=self.version,
                group=str(group),
                clock=float(clock[row]),
                calendars={time: of_rows[row] for time, of_rows in calendars.items()},
                hours={time: (float(centre[row]), float(spread[row])) for time, (centre, spread) in hours.items()},
                cost_excess=float(cost_excess[row]),
            )
            for row, group in enumerate(groups)
        ]

    def delivery_hours(self, facts: Columns) -> ClockHours:
        """Decision → delivered, one row per row of ``facts``."""
        return self._calibrated("delivery_hours", self._delivery(facts), facts)

    def ready_hours(self, facts: Columns) -> ClockHours:
        """Decision → handed to the carrier, or ready to collect."""
        return self._calibrated("ready_hours", self._log_hours("ready_hours", facts), facts)

    def delivery_rests(self, facts: Columns, first: date, days: int) -> NDArray[np.bool_]:
        """On which of so many dates `delivery_hours` take it that nothing is delivered; (rows, days)."""
        columns = coded_facts(facts)
        working = self._working["delivery_hours"]
        return working.rests(columns, "delivery_hours", self._groups(columns), first, days)

    def cost(self, facts: Columns) -> FloatArray:
        """Shipping and handling of each shipment, in money; never below 0."""
        rows, start = self.inputs("cost", facts)
        return cost_of(self._predict("cost", "log_mean", rows) + start) * self.manifest.cost_factor

    def pick_failure(self, facts: Columns) -> FloatArray:
        """Probability that each line will not be supplied: once for all candidates of which the same is seen."""

        def compute(columns: CodedColumns) -> FloatArray:
            rows, start = self.inputs("pick_failure", columns)
            return np.asarray(expit(self._predict("pick_failure", "log_odds", rows) + start))

        seen = (*self._features["pick_failure"], *self.manifest.offsets.get("pick_failure", ()))
        return self._now.at_home("pick_failure", seen, compute, coded_facts(facts))

    def inputs(self, head: str, facts: Columns) -> tuple[FloatArray, FloatArray]:
        """The features of ``head`` for every row of ``facts`` as of now, and what its trees start from."""
        columns = coded_facts(facts)
        offsets = [self._now.column(name, columns) for name in self.manifest.offsets.get(head, ())]
        rows = self._now.matrix(self._features[head], columns)
        return rows, starts(head, offsets, len(rows))

    def _cost_excess(self, columns: CodedColumns) -> FloatArray:
        """See `Expected`."""
        names = [name for name in self.manifest.offsets["cost"] if name not in MISSED]
        rows = self._now.matrix(self._features["cost"], columns)
        start = starts("cost", [self._now.column(name, columns) for name in names], len(rows))
        return self._predict("cost", "log_mean", rows) + start - self._now.column("log_tariff", columns)

    def footfall_usual(self, location_id: str, hour_of_week: int) -> float:
        """Visitors usual for a store at a local hour of its week (0 = Monday midnight); NaN where none were counted."""
        columns: Columns = {
            "location_id": np.array([location_id], dtype=object),
            "hour_of_week": np.array([str(hour_of_week)], dtype=object),
        }
        sums = self.trailing.as_of_now(columns, [USUAL_VISITORS])[USUAL_VISITORS.name][0, 0]
        return float(sums[1] / sums[0]) if sums[0] > 0 else float("nan")

    def _delivery(self, facts: Columns) -> tuple[FloatArray, FloatArray]:
        """Centre and spread of the log-hours of work from decision to delivery."""
        columns = coded_facts(facts)
        hours = self._log_hours("ready_hours", columns), self._log_hours("transit_hours", columns)
        rotas = {time: self._rota(time, columns) for time in self._working}
        return delivered_after(*hours, clock_of(columns), rotas)

    def _log_hours(self, head: str, facts: Columns) -> tuple[FloatArray, FloatArray]:
        """Centre and spread of the log-hours; those of `ready_hours` are part of `delivery_hours`, and found once."""

        def compute(columns: CodedColumns) -> FloatArray:
            rows, _ = self.inputs(head, columns)
            return np.stack([self._predict(head, "centre", rows), np.exp(self._predict(head, "spread", rows))])

        centre, spread = coded_facts(facts).kept((self, head), compute, self.trailing.edition)
        return centre, spread

    def _calibrated(self, time: str, hours: tuple[FloatArray, FloatArray], facts: Columns) -> ClockHours:
        columns = coded_facts(facts)
        work = HoursTable(*hours, self._groups(columns), self.calibration[time])
        return ClockHours(work, clock_of(columns), self._rota(time, columns))

    def _rota(self, time: str, columns: CodedColumns) -> Rota:
        return self._working[time].rota(columns, time, self._groups(columns), clock_of(columns))

    def _groups(self, columns: CodedColumns) -> NDArray[np.intp]:
        return group_codes(calibration_groups(columns), self.manifest.groups)

    def _predict(self, head: str, part: str, rows: FloatArray) -> FloatArray:
        return self._trees[head, part].sums(rows)


def delivered_after(
    ready: tuple[FloatArray, FloatArray],
    transit: tuple[FloatArray, FloatArray],
    clock: FloatArray,
    rotas: Mapping[str, Rota],
) -> tuple[FloatArray, FloatArray]:
    """Centre and spread of the log-hours of work, by the weeks of deliveries, from the decision to delivery; (rows,).

    ``ready``, ``transit``: those of each part, by weeks of its own. ``clock``: when it is decided, local hours.
    ``rotas``: the weeks of each row, by time head.
    """
    centre, spread = ready
    hours = rotas["ready_hours"].hours(clock, np.exp(centre))
    return one_after_the_other((rotas["delivery_hours"].log_worked(clock, hours), spread), transit)


def starts(head: str, offsets: Sequence[FloatArray], rows: int) -> FloatArray:
    """What the head's trees start from in every row: the sum of ``offsets``, of failures as log-odds.

    What is missing adds nothing.
    """
    start = np.zeros(rows)
    for offset in offsets:
        part = logit(np.clip(offset, *LIKELY)) if head == "pick_failure" else offset
        start += np.where(np.isnan(part), 0.0, part)
    return start


def cost_of(log_cost: FloatArray) -> FloatArray:
    """Money from the logarithm of 1 + money; never below 0."""
    return np.maximum(np.expm1(log_cost), 0.0)


def calibration_groups(columns: Columns) -> Coded:
    """What each row is calibrated with: its location type and carrier service."""
    return joined(columns, ("location_type", "carrier_service_id"), join_keys)


def group_codes(groups: Coded, codes: Mapping[str, int]) -> NDArray[np.intp]:
    """The calibration table of each row: its group's, or every group's where training did not know it."""
    return np.array([codes.get(group, codes[EVERY_GROUP]) for group in groups.values.tolist()], dtype=np.intp)[
        groups.codes
    ]


def _as_of_cut(manifest: Manifest) -> dict[str, FloatArray]:
    """Calibrated levels by time head, as training found them."""
    return {time: np.array(levels) for time, levels in manifest.calibration.items()}
