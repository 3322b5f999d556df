"""The bundle as the service uses it: a predictor that goes on from its cut."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from decision.predictor import Predictor
from features.facts import Columns
from features.trailing import Observations
from prediction.following import Expected, Told


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
        """What it says of each row before it learns: for `with_calibration` and costs, once the row is a shipment."""

    def with_calibration(self, told: Sequence[Told], now: datetime, last: int) -> "ServedPredictor":
        """It, calibrated ``now`` with what was told of shipments up to the step ``last``; this one stays as it is."""

    def with_outcomes(self, told: Iterable[tuple[str, Observations]], last: int) -> "ServedPredictor":
        """It, once it has learnt what was told, up to the position ``last``; this one stays as it is."""

    def footfall_usual(self, location_id: str, hour_of_week: int) -> float:
        """Usual visitors in that local hour of the week (0 = Monday 00:00); NaN where the history says nothing."""
