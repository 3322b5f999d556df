"""What decisions are made with right now: the newest snapshot of the state, and the bundle in service."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import numpy as np

from decision.predictor import Predictor
from prediction.lanes import LAST_RESORT, Lanes
from serving.capacity import quarter
from serving.database.database import Database
from serving.database.versions import current_version
from serving.snapshot import Snapshot, refreshed


class ServedPredictor(Predictor, Protocol):
    """The bundle as the service uses it."""

    @property
    def as_of(self) -> datetime:
        """Nothing later was known when it was trained."""

    @property
    def currency(self) -> str:
        """ISO 4217: the currency of `cost`, and so of the orders that can be decided."""

    def footfall_usual(self, location_id: str, hour_of_week: int) -> float:
        """Usual visitors in that local hour of the week (0 = Monday 00:00); NaN where the history says nothing."""


class Live:
    """Holds one snapshot at a time and swaps it for a newer one; readers take ``snapshot`` once and keep it.

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

    def refresh_now(self) -> None:
        """Read what was committed since, by this process or another; cheap when that is nothing."""
        with self._refreshing:
            began = self._clock()
            now = quarter(began)
            version = self._database.read_now(current_version)
            if version == self.snapshot.version and now == self.snapshot.quarter:
                self.refreshed_at = began
                return
            before = self.snapshot
            self.snapshot = self._database.read_now(
                lambda connection: refreshed(connection, before, now, self._footfall_usual)
            )
            self.refreshed_at = began

    def _footfall_usual(self, location_id: str, hour_of_week: int) -> float:
        return np.nan if self.predictor is None else self.predictor.footfall_usual(location_id, hour_of_week)
