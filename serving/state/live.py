"""What decisions are made with right now: the newest snapshot of the state, and the bundle in service."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from prediction.lanes import LAST_RESORT, Lanes
from serving.database.database import Database
from serving.database.versions import current_version
from serving.state.capacity import quarter
from serving.state.learning import learnt_before
from serving.state.served import ServedPredictor
from serving.state.snapshot import Snapshot, refreshed


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
