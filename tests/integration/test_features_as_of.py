"""What a request sees is what training saw, to the bit; and nothing of the future reaches either."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.dataset import Dataset, load_dataset
from data.synthetic.generate import generate
from data.synthetic.presets import Preset
from decision.candidates.asked import asked_of
from decision.candidates.candidates import Candidates
from decision.candidates.consolidation import NOTHING_OPEN
from decision.candidates.parcels import parcels
from decision.network import Network
from decision.order import Destination, Line, Order
from features.backlog import FORGOTTEN_AFTER_SECONDS
from features.coded import CodedColumns
from features.definitions import FEATURES, matrix
from features.facts import FACTS, Columns
from features.history import History, read_history
from features.request import RequestFeatures
from features.statistics import STATISTICS, USUAL_VISITORS
from features.trailing import Observations, means
from features.trailing_sums import TrailingSums
from prediction.working_hours import Rota
from tests.conftest import CUT
from training.known import Encoding, encoding_as_of, head_inputs, rotas_of, rows_known, working_time_as_of
from training.trained import Trained, score

DECISIONS = 10_000
PRODUCT = ("category", "weight_kg", "volume_l", "longest_side_cm", "hazmat", "bulky")
#: Large enough for so many decisions.
BUSY = Preset(date(2025, 9, 1), 90, warehouses=1, stores=12, suppliers=2, skus=80, orders_per_day=120)


def rows_of(observed: Observations, start: int, end: int) -> Observations:
    """A slice of observations."""
    return Observations(
        observed.known_at[start:end],
        observed.value[start:end],
        observed.weight[start:end],
        {name: column[start:end] for name, column in observed.columns.items()},
    )


class Service:
    """What a service keeps as events come in: trailing sums, work in hand, stock records and visitors."""

    def __init__(self, dataset: Dataset, history: History) -> None:
        """Start with nothing known."""
        self.history = history
        self.state = TrailingSums([*STATISTICS, USUAL_VISITORS], history.landmark)
        self.told = dict.fromkeys(history.observations, 0)
        self.stock: dict[tuple[str, str], tuple[list[float], list[int]]] = defaultdict(lambda: ([], []))
        for row in dataset.stock.sort_values("counted_at").itertuples():
            instants, units = self.stock[row.location_id, row.sku]  # type: ignore[index]  # itertuples is untyped
            instants.append(row.counted_at.timestamp())  # type: ignore[union-attr]  # itertuples is untyped
            units.append(row.on_hand)  # type: ignore[arg-type]  # itertuples is untyped
        self.visitors: dict[tuple[str, float], float] = {}
        self.in_hand: dict[str, list[float]] = defaultdict(list)

    def hear_until(self, instant: float) -> None:
        """Take in everything that became known before ``instant``: what was counted hour by hour."""
        for measure, observed in self.history.observations.items():
            start = self.told[measure]
            end = self.told[measure] = int(np.searchsorted(observed.known_at, instant, side="left"))
            if measure != "visitors":
                if start < end:
                    self.state.observe(measure, rows_of(observed, start, end))
                continue
            hours = np.unique(observed.known_at[start:end], return_index=True)[1] + start
            for first, last in pairwise([*hours.tolist(), end]):
                heard = rows_of(observed, first, last)
                places = heard.columns["location_id"].tolist()
                self.visitors |= zip(zip(places, heard.known_at.tolist(), strict=True), self.ratios(heard), strict=True)
                self.state.observe(measure, heard)

    def ratios(self, counted: Observations) -> list[float]:
        """Counts ÷ what was usual before them."""
        sums = self.state.as_of_now(counted.columns, [USUAL_VISITORS])
        (usual,) = means([USUAL_VISITORS], sums, {}, self.state.landmark).values()
        ratios: list[float] = np.divide(counted.value, usual, out=np.full(len(usual), np.nan), where=usual > 0).tolist()
        return ratios

    def backlog(self, location_id: str, instant: float) -> float:
        """Attempts in hand, each held as the instant at which it left."""
        held = [left for left in self.in_hand[location_id] if left >= instant]
        self.in_hand[location_id] = held
        return float(len(held))

    def decided(self, location_id: str, left_at: float) -> None:
        """Put an attempt into the location's hands."""
        self.in_hand[location_id].append(left_at)

    def recorded(self, location_id: str, sku: str, instant: float) -> tuple[float, float]:
        """Units of the last stock record, and when they were counted."""
        instants, units = self.stock[location_id, sku]
        # A record counts from its very instant.
        position = bisect_left(instants, np.nextafter(instant, np.inf)) - 1
        if position < 0:
            return float("nan"), float("nan")
        return float(units[position]), instants[position]


@pytest.fixture(scope="module")
def busy_retailer(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A retailer with enough decisions."""
    folder = tmp_path_factory.mktemp("busy") / "data"
    for _ in generate(BUSY, 5, folder, folder.with_name("data-truth")):
        pass
    return load_dataset(folder)


def test_a_request_computes_every_feature_to_the_bit_as_the_history_did(busy_retailer: Dataset) -> None:
    """Ten thousand past decisions are made again one by one, with what was known just before each.

    The facts are made of an order and a network by the code of the decision, the trailing statistics by outcomes told
    to a service one at a time.
    """
    history = missed_by_somebody(read_history(busy_retailer))
    attempts = history.attempts
    codes = encoding_as_of(history, CUT).vocabularies
    names = tuple(FEATURES)
    expected = matrix(names, history.attempt_columns(STATISTICS), codes)
    service = Service(busy_retailer, history)
    now = RequestFeatures(service.state, codes)
    orders = orders_of(busy_retailer)
    left_at = np.fmin(
        np.fmin(attempts.ready_at, np.fmin(attempts.ended_at, attempts.delivered_at)),
        attempts.decided_at + FORGOTTEN_AFTER_SECONDS,
    )
    assert len(attempts) >= DECISIONS
    waiting: list[int] = []
    for row in range(DECISIONS):
        instant = float(attempts.decided_at[row])
        if waiting and attempts.decided_at[waiting[0]] < instant:
            for earlier in waiting:
                service.decided(attempts.columns["location_id"][earlier], float(left_at[earlier]))
            waiting = []
        waiting.append(row)
        service.hear_until(instant)
        past = {fact.name: attempts.columns[fact.name][row : row + 1] for fact in FACTS}
        order = orders[attempts.fulfilment_id[row]]
        answer = now.matrix(names, request_facts(service, order, past, instant))[0]
        different = [
            names[i] for i in np.flatnonzero(answer.view(np.int64) != expected[row].view(np.int64))
            if not (np.isnan(answer[i]) and np.isnan(expected[row, i]))
        ]  # fmt: skip
        assert not different, f"decision {row}: {different}"


def missed_by_somebody(history: History) -> History:
    """The history as somebody sees it who takes every shipment to cost the same."""
    return history.missing_costs(np.full(len(history.attempts), 2.0))


def orders_of(dataset: Dataset) -> dict[str, Order]:
    """What each attempt was asked to send, as an order, by its id."""
    products = dataset.products.set_index("sku").to_dict("index")
    prices = dataset.order_lines.set_index(["order_id", "line_id"])["unit_price"].to_dict()
    orders = dataset.orders.set_index("order_id").to_dict("index")
    attempts = dataset.fulfilments.set_index("fulfilment_id").to_dict("index")
    asked: dict[str, list[Line]] = defaultdict(list)
    for row in dataset.fulfilment_lines.sort_values(["fulfilment_id", "line_id"]).to_dict("records"):
        order_id, product = attempts[row["fulfilment_id"]]["order_id"], products[row["sku"]]
        line = {name: known(product[name]) for name in PRODUCT}
        price = known(prices[order_id, row["line_id"]])
        asked[row["fulfilment_id"]].append(Line(row["line_id"], row["sku"], row["quantity"], unit_price=price, **line))
    return {name: order_of(orders[attempts[name]["order_id"]], name, lines) for name, lines in asked.items()}


def order_of(order: Mapping[Hashable, Any], name: str, lines: list[Line]) -> Order:
    """One order, as a checkout would send it."""
    place = {part: known(order[part]) for part in ("postal_code", "region", "latitude", "longitude")}
    return Order(
        order_id=name,
        placed_at=order["placed_at"].to_pydatetime(),
        currency=order["currency"],
        delivery_method=order["delivery_method"],
        destination=Destination(order["country"], **place),
        lines=tuple(lines),
        channel=known(order["channel"]),
        payment_method=known(order["payment_method"]),
    )


def known(value: Any) -> Any:
    """``None`` for what a table has as missing."""
    return None if pd.isna(value) else value


def request_facts(service: Service, order: Order, past: Columns, instant: float) -> CodedColumns:
    """The facts of sending the whole order from one location, as a decision makes them of order and network."""
    location_id = past["location_id"][0]
    network = network_of(past)
    network.locations["backlog"][0] = service.backlog(location_id, instant)
    network.locations["footfall_ratio"][0] = service.visitors.get((location_id, instant // 3600 * 3600), np.nan)
    records = [service.recorded(location_id, line.sku, instant) for line in order.lines]
    on_hand = np.array([[units] for units, _ in records])
    one, unknown = np.zeros(1, np.intp), np.full(1, np.nan)
    candidate = Candidates(
        location=one,
        service=one if past["carrier_service_id"][0] is not None else one - 1,
        joined=one + NOTHING_OPEN,
        collected=np.zeros(1, bool),
        distance_km=unknown,
        max_weight_kg=unknown,
        carbon_kg=unknown,
        on_hand=on_hand,
        free=on_hand,
        safety=on_hand,
        counted_at=np.array([[counted_at] for _, counted_at in records]),
        daily_demand=np.full(on_hand.shape, np.nan),
        markdown_risk=np.full(on_hand.shape, np.nan),
    )
    everything = parcels(order, np.array([[line.quantity for line in order.lines]]))
    now = datetime.fromtimestamp(instant, UTC)
    return asked_of([order], network, [candidate], now).of(one, everything, one)


def network_of(past: Columns) -> Network:
    """A network of the one location and carrier service of an attempt."""
    of_location = {
        "location_id": "location_id",
        "location_type": "location_type",
        "location_country": "country",
        "location_region": "region",
        "location_postal_code": "postal_code",
        "location_latitude": "latitude",
        "location_longitude": "longitude",
        "location_timezone": "timezone",
        "capacity_per_day": "capacity_per_day",
    }
    locations = {name: past[fact].copy() for fact, name in of_location.items()}
    services = {"carrier_service_id": past["carrier_service_id"], "carrier": past["carrier"]}
    return Network(
        locations={**locations, "backlog": np.full(1, np.nan), "footfall_ratio": np.full(1, np.nan)},
        services={**services, "level": past["service_level"]},
        stock={},
    )


@pytest.fixture(scope="module")
def other_future(retailer: Dataset) -> History:
    """The same history up to the cut, and another one after it."""
    cut = pd.Timestamp(CUT, unit="s", tz="UTC")
    attempts = retailer.fulfilments.copy()
    before = attempts["decided_at"] < cut
    attempts = attempts[before | (np.arange(len(attempts)) % 2 == 0)].copy()
    shifted = pd.Timedelta(hours=77)
    for column in ("ready_at", "delivered_at", "outcome_at"):
        later = attempts[column] >= cut
        attempts.loc[later, column] = attempts.loc[later, column] + shifted
    late_failure = attempts["outcome"].isin(["short_pick", "rejected"]) & (attempts["outcome_at"] >= cut)
    attempts.loc[late_failure, "outcome"] = "lost"
    after = attempts["decided_at"] >= cut
    attempts.loc[after, "shipping_cost"] = attempts.loc[after, "shipping_cost"] * 3
    lines = retailer.fulfilment_lines
    lines = lines[lines["fulfilment_id"].isin(attempts["fulfilment_id"])]
    stock = retailer.stock.copy()
    stock.loc[stock["counted_at"] >= cut, "on_hand"] += 7
    footfall = retailer.footfall.copy()
    unknown = footfall["hour_utc"] + pd.Timedelta(hours=1) >= cut
    footfall.loc[unknown, "visitors"] = footfall.loc[unknown, "visitors"] * 5
    return read_history(replace(retailer, fulfilments=attempts, fulfilment_lines=lines, stock=stock, footfall=footfall))


def rotas_as_of(history: History, encoding: Encoding) -> dict[str, Rota]:
    """By which weeks each attempt goes, as known at the cut."""
    return rotas_of(history, encoding, working_time_as_of(history, encoding, CUT))


def test_another_future_changes_no_feature_no_training_row_and_no_calibration(
    history: History, other_future: History, trained: Trained
) -> None:
    """Everything after the cut is changed; nothing that is known as of the cut may change with it."""
    here, there = score(history, trained), score(other_future, trained)
    for head in ("ready_hours", "transit_hours", "cost", "pick_failure"):
        encoding, other = encoding_as_of(history, CUT), encoding_as_of(other_future, CUT)
        assert encoding == other
        features, start = head_inputs(history, head, encoding)
        changed, other_start = head_inputs(other_future, head, encoding)
        decided_at = history.attempts.decided_at
        if head == "pick_failure":
            decided_at = decided_at[history.lines.attempt]
        before = int(np.searchsorted(decided_at, CUT))
        assert np.array_equal(features[:before], changed[:before], equal_nan=True), head
        rows, others = (
            rows_known(one, head, *inputs, rotas=rotas_as_of(one, encoding), as_of=CUT)
            for one, inputs in ((history, (features, start)), (other_future, (changed, other_start)))
        )
        assert np.array_equal(rows.start, others.start), head
        assert np.array_equal(rows.features, others.features, equal_nan=True), head
        assert np.array_equal(rows.target, others.target), head
    for head, of_head in here.calibration(CUT).items():
        for table, same in zip(of_head, there.calibration(CUT)[head], strict=True):
            assert np.array_equal(table, same), head


def test_costs_follow_what_was_missed_of_earlier_ones(
    history: History, other_future: History, trained: Trained
) -> None:
    """From the cut on carriers bill three times as much: nothing said before it moves, and models that stay follow."""
    here, there = score(history, trained), score(other_future, trained)
    before = int(np.searchsorted(history.attempts.decided_at, CUT))
    assert np.array_equal(here.cost[:before], there.cost[:before])
    last_days = other_future.attempts.decided_at.max() - 3 * 86_400
    usual = here.cost[history.attempts.decided_at > last_days]
    followed = there.cost[other_future.attempts.decided_at > last_days]
    assert np.median(followed) > 1.5 * np.median(usual)


def test_a_surcharge_for_large_parcels_is_expected_of_large_parcels(history: History, trained: Trained) -> None:
    """From the cut on they are billed ten more: soon they are expected to cost more, and others hardly do."""
    attempts = history.attempts
    large = attempts.columns["size_class"] == "large"
    surcharge = np.where(large & (attempts.decided_at >= CUT), 10.0, 0.0)
    charged = replace(history, attempts=replace(attempts, cost=attempts.cost + surcharge))
    more = score(charged, trained).cost - score(history, trained).cost
    last_days = attempts.decided_at > attempts.decided_at.max() - 7 * 86_400
    assert (large & last_days).sum() >= 10
    assert np.median(more[large & last_days]) > 2
    assert np.abs(np.median(more[~large & last_days])) < 0.05


def test_the_changed_future_is_really_another(history: History, other_future: History) -> None:
    """Otherwise the test above would prove nothing."""
    assert len(history.attempts) > len(other_future.attempts)
    assert not np.array_equal(
        history.observations["delivery_log_hours"].value, other_future.observations["delivery_log_hours"].value
    )
