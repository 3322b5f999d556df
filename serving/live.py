"""What decisions are made with right now: the newest snapshot of the state, and the bundle in service."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import numpy as np

from decision.predictor import Predictor
from features.facts import Columns
from features.trailing import Observations
from prediction.following import Expected, Told
from prediction.lanes import LAST_RESORT, Lanes
from serving.capacity import quarter
from serving.database.database import Database
from serving.database.versions import current_version
from serving.learning import learnt_before
from serving.snapshot import Snapshot, refreshed


class ServedPredictor(Predictor, Protocol):
    """The bundle as the service uses it."""

    @property
    def as_of(self) -> datetime:
        """Nothing later was known when it was trained."""

    @property
    def currency(self) -> str:
        """ISO 4217: the currency of `cost`, and so of the orders that can be decided."""

    @property
    def outcomes(self) -> int:
        """Position of the last outcome that it has learnt in service; 0: none."""

    @property
    def calibrated_with(self) -> tuple[datetime, int] | None:
        """When it was calibrated in service, and the last step of a shipment that was known then; ``None``: never."""

    def expected(self, facts: Columns) -> list[Expected]:
        """What it says of each row before calibration: for `with_calibration`, once the row is a shipment."""

    def with_calibration(self, told: Sequence[Told], now: datetime, last: int) -> "ServedPredictor":
        """It, calibrated ``now`` with what was told of shipments up to the step ``last``; this one stays as it is."""

    def with_outcomes(self, told: Iterable[tuple[str, Observations]], last: int) -> "ServedPredictor":
        """It, once it has learnt what was told, up to the position ``last``; this one stays as it is."""

    def footfall_usual(self, location_id: str, hour_of_week: int) -> float:
        """Usual visitors in that local hour of the week (0 = Monday 00:00); NaN where the history says nothing."""


class Live:
    """Holds one snapshot at a time and swaps it for a newer one; readers take ``snapshot`` once and keep it.

    So it is with ``predictor``, which learns in steps, at the quarters of an hour (`learn_now`): what columns remember
    of it is of one step, and processes that have read what was told before a quarter predict alike until the next.

    ``refreshed_at``: when the state was last seen to be that of ``snapshot``. ``lanes`` promise where the predictor
    cannot.
    """

    def __init__(
        self,
        database: Database,
        predictor: ServedPredictor | None,
        clock: Callable[[], datetime],
        lanes: Lanes = LAST_RESORT,
    ) -> None:
        """Start with an empty snapshot: call `refresh_now` to fill it."""
        self.snapshot = Snapshot()
        self.refreshed_at = clock()
        self.predictor = predictor
        self.lanes = lanes
        self._database = database
        self._clock = clock
        self._refreshing = threading.Lock()
        self._learning = threading.Lock()
        self._learnt_in: datetime | None = None

    def start_with(self, kept: Snapshot) -> None:
        """Begin with what was known at an earlier time: a state that is old however long ago that was."""
        self.snapshot, self.refreshed_at = kept, datetime.min.replace(tzinfo=UTC)

    def refresh_now(self) -> None:
        """Read what was committed since, by this process or another; cheap when that is nothing."""
        with self._refreshing:
            began = self._clock()
            now = quarter(began)
            version = self._database.read_now(current_version)
            if version == self.snapshot.version and now == self.snapshot.quarter:
                self.refreshed_at = began
                return
            before = self.snapshot if self.snapshot.is_read else Snapshot()
            self.snapshot = self._database.read_now(
                lambda connection: refreshed(connection, before, now, self._footfall_usual)
            )
            self.refreshed_at = began

    def learn_now(self) -> None:
        """Exchange the predictor for one that knows what was told before this quarter of an hour; cheap if it does.

        Takes seconds where much was told: whoever answers requests goes on with the one there is, and so does everybody
        until the next quarter where this fails.
        """
        with self._learning:
            now = quarter(self._clock())
            predictor = self.predictor
            if predictor is None or now == self._learnt_in:
                return
            self._learnt_in = now
            self.predictor = self._database.read_now(lambda connection: learnt_before(connection, predictor, now))

    def _footfall_usual(self, location_id: str, hour_of_week: int) -> float:
        return np.nan if self.predictor is None else self.predictor.footfall_usual(location_id, hour_of_week)
