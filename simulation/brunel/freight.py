"""The freight table and the plants' unit costs as a predictor: everything is known exactly."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from features.facts import Columns
from simulation.brunel.tables import CUSTOMER_ARRANGED, DECIMALS_OF_KG, Day

Floats = NDArray[np.float64]


class Freight:
    """What each lane takes for a weight. ``lanes``: their names, the one that the customer arranges last."""

    def __init__(self, day: Day) -> None:
        """Sort the rates by lane."""
        rates = day.rates.sort_values("lane", kind="stable")
        names, starts = np.unique(rates["lane"].to_numpy(str), return_index=True)
        self.lanes = (*names.tolist(), CUSTOMER_ARRANGED)
        self._starts = starts
        self._from, self._to = rates["from_kg"].to_numpy(), rates["to_kg"].to_numpy()
        self._minimum, self._per_kg = rates["minimum"].to_numpy(), rates["per_kg"].to_numpy()

    def prices(self, weight_kg: float, *, in_band: bool = True) -> Floats:
        """Return the cheapest price of each lane for ``weight_kg``, infinite where no band holds that weight.

        Without ``in_band`` any of a lane's rates may be had.
        """
        prices = np.maximum(self._minimum, self._per_kg * weight_kg)
        if in_band:
            prices = np.where((self._from <= weight_kg) & (weight_kg <= self._to), prices, np.inf)
        return np.append(np.minimum.reduceat(prices, self._starts), 0.0)


@dataclass(frozen=True)
class Exactly:
    """Hours that are known."""

    hours: Floats

    def take(self, rows: NDArray[np.intp]) -> "Exactly":
        """Return the hours at ``rows``."""
        return Exactly(self.hours[rows])

    def quantile(self, level: float) -> Floats:
        """Return the hours, at whatever ``level``."""
        del level
        return self.hours

    def probability_later_than(self, hours: Floats) -> Floats:
        """Return 1 where it takes longer, else 0."""
        return (self.hours > hours).astype(float)

    def expected_excess(self, hours: Floats) -> Floats:
        """Return how much longer it takes."""
        return np.maximum(self.hours - hours, 0.0)


class FreightPredictor:
    """`decision.predictor.Predictor` of the day: prices and days as the tables have them; nobody fails to pick.

    A cost that no weight band tells is unknown (NaN).
    """

    version = "brunel-freight@1"

    def __init__(self, day: Day) -> None:
        """Read the tables once."""
        self._freight = Freight(day)
        self._position = {lane: row for row, lane in enumerate(self._freight.lanes)}
        days = day.rates.drop_duplicates("lane").set_index("lane")["days"].astype(float)
        self._hours = np.array([24.0 * days.get(lane, 0.0) for lane in self._freight.lanes])
        self._unit_cost: Mapping[str, float] = day.unit_cost

    def delivery_hours(self, facts: Columns) -> Exactly:
        """Return the days that the freight takes."""
        return Exactly(self._hours[self._lanes(facts)])

    def ready_hours(self, facts: Columns) -> Exactly:
        """Return no time at all: the tables count none."""
        return Exactly(np.zeros(len(facts["units"])))

    def delivery_rests(self, facts: Columns, first: date, days: int) -> NDArray[np.bool_]:  # noqa: ARG002 (protocol)
        """Return that it knows no holidays."""
        return np.zeros((len(facts["units"]), days), bool)

    def cost(self, facts: Columns) -> Floats:
        """Return the plant's cost of the units and the freight of their weight."""
        handling = np.array([self._unit_cost[plant] for plant in facts["location_id"]]) * facts["units"]
        # Units weigh their share of the order: together they may miss a band's end by the last bit.
        weights, which = np.unique(np.round(facts["weight_kg"], DECIMALS_OF_KG), return_inverse=True)
        prices = np.array([self._freight.prices(weight) for weight in weights.tolist()])
        cost: Floats = handling + prices[which, self._lanes(facts)]
        return np.where(np.isfinite(cost), cost, np.nan)

    def pick_failure(self, facts: Columns) -> Floats:
        """Return 0: a plant that may hold a product has it."""
        return np.zeros(len(facts["units"]))

    def _lanes(self, facts: Columns) -> NDArray[np.intp]:
        return np.array([self._position[lane] for lane in facts["carrier_service_id"]], np.intp)
