"""A history as the models see it: facts of every past attempt as of its decision, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.dataset import Dataset
from data.schemas import FAILED_OUTCOMES
from features.backlog import backlog_as_of, closed_at
from features.calendar import HOUR_SECONDS
from features.facts import FACTS, Columns, FloatArray, TextColumn
from features.footfall import footfall_ratios, observed_visitors
from features.outcomes import failures, in_order, missed, of_attempts
from features.places import with_places
from features.sizes import size_class
from features.tariff import log_tariff
from features.trailing import DAY_SECONDS, Observations, Statistic, heard_before, means, sums_as_of


@dataclass(frozen=True, eq=False)
class Attempts:
    """Past attempts in the order of their decisions: one row each.

    Instants are seconds since 1970 UTC, NaN where there is none; ``columns`` are facts and derived places.
    """

    fulfilment_id: TextColumn
    order_id: TextColumn
    columns: Columns
    decided_at: FloatArray
    ready_at: FloatArray
    delivered_at: FloatArray
    #: When it ended otherwise than by a delivery of known instant: failed, cancelled, lost.
    ended_at: FloatArray
    cost: FloatArray
    weight: FloatArray

    def __len__(self) -> int:
        """How many attempts."""
        return len(self.decided_at)


@dataclass(frozen=True, eq=False)
class AttemptLines:
    """The lines of past attempts; one row each.

    ``attempt``: row in `Attempts`. ``failure``: 1, 0 or NaN where it never became known.
    """

    attempt: NDArray[np.intp]
    columns: Columns
    failure: FloatArray
    failure_known_at: FloatArray
    weight: FloatArray


@dataclass(frozen=True, eq=False)
class History:
    """Attempts, their lines, and every observation by measure, in the order in which it became known."""

    attempts: Attempts
    lines: AttemptLines
    observations: dict[str, Observations]
    #: Where the forward decay starts: seconds since 1970, a midnight before anything was decided.
    landmark: float

    def missing_costs(self, expected: FloatArray) -> "History":
        """The history with what was missed of costs by who said ``expected`` of them (log of 1 + cost, per attempt).

        In a history as it is read, nothing was missed: nobody has said anything.
        """
        attempts = self.attempts
        tariff = log_tariff(attempts.columns)
        of_costs = missed(np.log1p(attempts.cost) - tariff, expected - tariff)
        observed = in_order(attempts.decided_at, of_costs, attempts.weight, attempts.columns)
        return replace(self, observations={**self.observations, "cost_missed": observed})

    def attempt_columns(self, statistics: Sequence[Statistic]) -> Columns:
        """Facts, places and trailing means of every attempt, as of its decision."""
        return self._with_means(self.attempts.columns, statistics)

    def line_columns(self, statistics: Sequence[Statistic]) -> Columns:
        """Facts, places and trailing means of every attempt's line, as of its decision."""
        return self._with_means(self.lines.columns, statistics)

    def _with_means(self, columns: Columns, statistics: Sequence[Statistic]) -> Columns:
        instants = np.ascontiguousarray(columns["decided_at"])
        sums = {
            statistic.name: sums_as_of(
                statistic, self.observations[statistic.measure], statistic.keys(columns), instants, self.landmark
            )
            for statistic in statistics
        }
        heard_at = {
            measure: heard_before(self.observations[measure], instants)
            for measure in {statistic.measure for statistic in statistics}
        }
        return {**columns, **means(statistics, sums, heard_at, self.landmark)}


def read_history(dataset: Dataset) -> History:
    """Join the tables of ``dataset`` into a history."""
    attempts = dataset.fulfilments.sort_values(["decided_at", "fulfilment_id"], ignore_index=True)
    lines = _joined_lines(dataset, attempts)
    table = _joined_attempts(dataset, attempts, lines)
    landmark = float(np.floor(table["decided_at"].min() / DAY_SECONDS) * DAY_SECONDS) if len(table) else 0.0
    visitors = _visitors(dataset)
    table["footfall_ratio"] = _footfall_ratio(visitors, table, landmark)
    read = _attempts(table)
    read_lines = _lines(lines, table)
    return History(read, read_lines, {**_observations(read, read_lines), "visitors": visitors}, landmark)


def _seconds(instants: "pd.Series[pd.Timestamp]") -> FloatArray:
    microseconds = instants.dt.as_unit("us").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    seconds = microseconds.astype(np.int64) / 1e6
    seconds[np.isnat(microseconds)] = np.nan
    return np.asarray(seconds, dtype=np.float64)


def _text(values: "pd.Series[str]") -> TextColumn:
    column = values.to_numpy(dtype=object, copy=True)
    column[pd.isna(values).to_numpy()] = None
    return column


def _joined_lines(dataset: Dataset, attempts: pd.DataFrame) -> pd.DataFrame:
    """Lines of the attempts, in the order of attempts and lines, with product, price and recorded stock."""
    lines = dataset.fulfilment_lines.merge(dataset.products, on="sku", how="left", validate="many_to_one")
    lines["attempt"] = pd.Index(attempts["fulfilment_id"]).get_indexer(pd.Index(lines["fulfilment_id"]))
    lines = lines.sort_values(["attempt", "line_id"], ignore_index=True)
    asked = attempts[["order_id", "location_id", "decided_at"]].iloc[lines["attempt"]].reset_index(drop=True)
    lines = pd.concat([lines, asked], axis=1).merge(
        dataset.order_lines[["order_id", "line_id", "unit_price"]], on=["order_id", "line_id"], how="left"
    )
    lines["weight_kg"] = lines["weight_kg"] * lines["quantity"]
    lines["volume_l"] = lines["volume_l"] * lines["quantity"]
    lines["value"] = lines["unit_price"] * lines["quantity"]
    return _with_stock(lines, dataset.stock)


def _with_stock(lines: pd.DataFrame, stock: pd.DataFrame) -> pd.DataFrame:
    """Add ``on_hand`` and ``days_since_count`` of the last record at or before the decision."""
    records = stock[["location_id", "sku", "counted_at", "on_hand"]].sort_values("counted_at", ignore_index=True)
    by_time = lines[["location_id", "sku", "decided_at"]].reset_index().sort_values("decided_at", kind="stable")
    found = pd.merge_asof(
        by_time, records, left_on="decided_at", right_on="counted_at", by=["location_id", "sku"]
    ).set_index("index")
    found = found.loc[lines.index]
    age = _seconds(lines["decided_at"]) - _seconds(found["counted_at"])
    return lines.assign(on_hand=found["on_hand"].astype("float64"), days_since_count=age / DAY_SECONDS)


def _joined_attempts(dataset: Dataset, attempts: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    locations = dataset.locations.add_prefix("location_").rename(
        columns={
            "location_location_id": "location_id",
            "location_location_type": "location_type",
            "location_capacity_per_day": "capacity_per_day",
        }
    )
    orders = dataset.orders[["order_id", "channel", "payment_method", "delivery_method", *_DESTINATION]].rename(
        columns={name: f"destination_{name}" for name in _DESTINATION}
    )
    services = dataset.carrier_services[["carrier_service_id", "carrier", "level"]].rename(
        columns={"level": "service_level"}
    )
    table = (
        attempts.merge(orders, on="order_id", how="left", validate="many_to_one")
        .merge(locations, on="location_id", how="left", validate="many_to_one")
        .merge(services, on="carrier_service_id", how="left", validate="many_to_one")
    )
    for name in ("decided_at", "ready_at", "delivered_at", "outcome_at"):
        table[name] = _seconds(table[name])
    # What was delivered without anybody writing down when is lost from sight when that is known.
    delivered = table["outcome"].isin(["delivered", "collected"]) & table["delivered_at"].notna()
    table["ended_at"] = table["outcome_at"].where(~delivered & (table["outcome"] != "open"))
    left_at = closed_at(
        table["decided_at"].to_numpy(),
        table["ready_at"].to_numpy(),
        table["ended_at"].fillna(table["delivered_at"]).to_numpy(dtype=np.float64),
    )
    table["backlog"] = backlog_as_of(_text(table["location_id"]), table["decided_at"].to_numpy(), left_at)
    return _with_totals(table, lines)


_DESTINATION = ("country", "region", "postal_code", "latitude", "longitude")


def _with_totals(table: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Add the totals over the lines of each attempt, and the sku of its heaviest line (the first of equals)."""
    rows = lines["attempt"].to_numpy()
    # bincount adds in the order of the lines, as one request does.
    for name in ("weight_kg", "volume_l", "value"):
        table[name] = np.bincount(rows, lines[name].to_numpy(), minlength=len(table))
    longest = np.full(len(table), np.nan)
    np.fmax.at(longest, rows, lines["longest_side_cm"].to_numpy())
    table["longest_side_cm"] = longest
    table["units"] = np.bincount(rows, lines["quantity"].to_numpy(), minlength=len(table))
    table["lines"] = np.bincount(rows, minlength=len(table)).astype(np.float64)
    order = np.lexsort((np.arange(len(lines)), -lines["weight_kg"].fillna(0.0).to_numpy(), rows))
    heaviest = lines.iloc[order].drop_duplicates("attempt").set_index("attempt")
    return table.join(heaviest[["sku", "category", "on_hand", "days_since_count"]])


def _footfall_ratio(observed: Observations, table: pd.DataFrame, landmark: float) -> FloatArray:
    """Of the last full hour before each decision."""
    counted = pd.DataFrame(
        {
            "location_id": observed.columns["location_id"],
            "known_at": observed.known_at,
            "footfall_ratio": footfall_ratios(observed, landmark),
        }
    )
    wanted = pd.DataFrame(
        {
            "location_id": _text(table["location_id"]),
            "known_at": np.floor(table["decided_at"].to_numpy() / HOUR_SECONDS) * HOUR_SECONDS,
        }
    )
    joined = wanted.merge(counted, on=["location_id", "known_at"], how="left", validate="many_to_one")
    return joined["footfall_ratio"].to_numpy(dtype=np.float64)


def _visitors(dataset: Dataset) -> Observations:
    zones = dataset.footfall.merge(dataset.locations, on="location_id", how="left")["timezone"]
    return observed_visitors(
        _text(dataset.footfall["location_id"]),
        _text(zones),
        _seconds(dataset.footfall["hour_utc"]),
        dataset.footfall["visitors"].to_numpy(dtype=np.float64),
    )


def _attempts(table: pd.DataFrame) -> Attempts:
    facts: dict[str, TextColumn | FloatArray] = {
        fact.name: _text(table[fact.name]) if fact.is_text else table[fact.name].to_numpy(dtype=np.float64)
        for fact in FACTS
        if fact.name != "size_class"
    }
    facts["size_class"] = size_class(facts).column()
    cost = table["shipping_cost"] + table["handling_cost"].fillna(0.0)
    return Attempts(
        fulfilment_id=_text(table["fulfilment_id"]),
        order_id=_text(table["order_id"]),
        columns={**facts, **with_places(facts)},
        decided_at=table["decided_at"].to_numpy(),
        ready_at=table["ready_at"].to_numpy(),
        delivered_at=table["delivered_at"].to_numpy(),
        ended_at=table["ended_at"].to_numpy(dtype=np.float64),
        cost=cost.to_numpy(dtype=np.float64),
        weight=table["weight"].to_numpy(dtype=np.float64),
    )


def _lines(lines: pd.DataFrame, table: pd.DataFrame) -> AttemptLines:
    """The attempt's facts, with those of the line in their place."""
    rows = lines["attempt"].to_numpy()
    of_line = lines.assign(units=lines["quantity"].astype("float64"), lines=1.0)
    own = (
        *("weight_kg", "volume_l", "longest_side_cm", "value", "units", "lines"),
        *("sku", "category", "on_hand", "days_since_count"),
    )
    expanded = table.iloc[rows].reset_index(drop=True).assign(**{name: of_line[name] for name in own})
    read = _attempts(expanded)
    failed, known_at = _failures(expanded, of_line["picked_quantity"], of_line["units"])
    return AttemptLines(rows, read.columns, failed, known_at, read.weight)


def _failures(
    table: pd.DataFrame, picked: "pd.Series[float]", units: "pd.Series[float]"
) -> tuple[FloatArray, FloatArray]:
    """Whether each line was not supplied, and when that was known; NaN where it never was."""
    return failures(
        table["outcome"].isin(FAILED_OUTCOMES).to_numpy(),
        table["outcome_at"].to_numpy(dtype=np.float64),
        table["ready_at"].fillna(table["delivered_at"]).to_numpy(dtype=np.float64),
        picked=np.asarray(picked, dtype=np.float64),
        units=np.asarray(units, dtype=np.float64),
    )


def _observations(attempts: Attempts, lines: AttemptLines) -> dict[str, Observations]:
    nothing = np.full(len(attempts), np.nan)
    return {
        **of_attempts(
            attempts.decided_at,
            attempts.ready_at,
            attempts.delivered_at,
            cost=attempts.cost,
            weight=attempts.weight,
            columns=attempts.columns,
        ),
        "cost_missed": in_order(attempts.decided_at, nothing, attempts.weight, attempts.columns),
        "pick_failure": in_order(lines.failure_known_at, lines.failure, lines.weight, lines.columns),
    }
