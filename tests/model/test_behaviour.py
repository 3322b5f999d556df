"""What a trained bundle must do whatever it was trained on: what may not matter does not, what must matter does."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from features.facts import FACTS, Columns
from features.history import History
from prediction.bundle import Bundle
from prediction.golden import predictions
from prediction.reading import read_boosters
from tests.conftest import CUT
from training.metrics import log_loss, mean_absolute_error
from training.trained import Trained, score

LEVELS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)


@pytest.fixture(scope="module")
def facts(history: History) -> Columns:
    """Four hundred attempts of the three weeks after the cut."""
    after = np.flatnonzero(history.attempts.decided_at >= CUT)
    rows = after[np.linspace(0, len(after) - 1, 400).astype(int)]
    return {fact.name: history.attempts.columns[fact.name][rows] for fact in FACTS}


@pytest.fixture(scope="module")
def shipped(facts: Columns) -> Columns:
    """Those that travel by a carrier, to a known place."""
    travels = np.array([service is not None for service in facts["carrier_service_id"]])
    return {name: column[travels & ~np.isnan(facts["destination_latitude"])] for name, column in facts.items()}


def changed(facts: Columns, **columns: Any) -> dict[str, NDArray[Any]]:
    """The facts with some of them put to another value in every row."""
    return {
        **facts,
        **{name: np.full(len(facts["decided_at"]), value, dtype=facts[name].dtype) for name, value in columns.items()},
    }


def test_what_the_heads_do_not_know_of_does_not_matter(bundle: Bundle, facts: Columns) -> None:
    """Channel and carrier's name are no features."""
    assert predictions(bundle, changed(facts, channel="fax", carrier="another name")) == predictions(bundle, facts)


def test_other_rows_and_their_order_do_not_matter(bundle: Bundle, facts: Columns) -> None:
    """A candidate is predicted alike among many, alone and in any order."""
    together = predictions(bundle, facts)
    order = np.random.default_rng(1).permutation(len(facts["decided_at"]))
    shuffled = predictions(bundle, {name: column[order] for name, column in facts.items()})
    alone = predictions(bundle, {name: column[7:8] for name, column in facts.items()})
    for name, values in together.items():
        assert [values[row] for row in order] == shuffled[name], name
        assert values[7] == alone[name][0], name


def test_asking_twice_gives_the_same_answer(bundle: Bundle, facts: Columns) -> None:
    """A prediction leaves no trace."""
    assert predictions(bundle, facts) == predictions(bundle, facts)


def test_more_of_the_same_costs_more(bundle: Bundle, shipped: Columns) -> None:
    """Twice and four times the goods, nearly everywhere; that no plan gains by it, the decision sees to."""
    before = bundle.cost(shipped)
    for _ in range(2):
        shipped = {**shipped, **{name: 2 * shipped[name] for name in ("weight_kg", "volume_l", "value", "units")}}
        after = bundle.cost(shipped)
        assert (after > before).mean() > 0.95
        before = after


def test_heavy_parcels_cost_more(bundle: Bundle, shipped: Columns) -> None:
    """Not only not less."""
    light, heavy = bundle.cost(changed(shipped, weight_kg=0.2)), bundle.cost(changed(shipped, weight_kg=25.0))
    assert heavy.mean() > 1.1 * light.mean()


def test_far_is_not_cheaper_than_near_by_more_than_noise(bundle: Bundle, shipped: Columns) -> None:
    """The same parcels from a place around the corner, and from the other end of the country."""
    near = {
        **shipped,
        "location_latitude": shipped["destination_latitude"] + 0.05,
        "location_longitude": shipped["destination_longitude"],
    }
    north = np.where(shipped["destination_latitude"] > 42.5, 38.0, 45.5)
    far = {**near, "location_latitude": north}
    assert bundle.cost(far).mean() > 0.97 * bundle.cost(near).mean()
    assert bundle.delivery_hours(far).quantile(0.5).mean() > 0.97 * bundle.delivery_hours(near).quantile(0.5).mean()


def test_the_slower_service_takes_longer(bundle: Bundle, history: History, shipped: Columns) -> None:
    """Standard against express, of the same parcels, on average."""
    columns = history.attempts.columns
    hours = (history.attempts.delivered_at - history.attempts.decided_at) / 3600
    known = (history.attempts.delivered_at < CUT) & (columns["location_type"] == "warehouse")
    known &= columns["carrier_service_id"] != np.array(None)
    seen = pd.DataFrame({"service": columns["carrier_service_id"][known], "hours": hours[known]})
    medians = seen.groupby("service")["hours"].agg(["median", "size"]).query("size >= 100")["median"].sort_values()
    assert len(medians) >= 2, "the small retailer's warehouse uses two services often"
    fastest, slowest = str(medians.index[0]), str(medians.index[-1])
    of_warehouse = {name: column[shipped["location_type"] == "warehouse"] for name, column in shipped.items()}

    def median_hours(service: str) -> float:
        rows = np.flatnonzero(columns["carrier_service_id"] == service)[:1]
        other = {name: columns[name][rows][0] for name in ("carrier_service_id", "carrier", "service_level")}
        return float(bundle.delivery_hours(changed(of_warehouse, **other)).quantile(0.5).mean())

    assert median_hours(slowest) > median_hours(fastest)


def test_more_recorded_stock_means_fewer_failed_picks(bundle: Bundle, facts: Columns) -> None:
    """On average: one unit on record against twenty."""
    few, many = (bundle.pick_failure(changed(facts, units=1.0, on_hand=on_hand)).mean() for on_hand in (1.0, 20.0))
    assert many < few


def test_a_place_that_fails_often_is_expected_to_fail_again(bundle: Bundle, history: History, facts: Columns) -> None:
    """The location with the highest rate of failed picks against the one with the lowest."""
    lines = history.lines
    known = lines.failure_known_at < CUT
    seen = pd.DataFrame({"location": lines.columns["location_id"][known], "failed": lines.failure[known]})
    rates = seen.groupby("location")["failed"].agg(["mean", "size"]).query("size >= 100")["mean"].sort_values()
    best, worst = (bundle.pick_failure(changed(facts, location_id=str(rates.index[end]))).mean() for end in (0, -1))
    assert worst > best


def test_quantiles_are_ordered_and_agree_with_probabilities(bundle: Bundle, facts: Columns) -> None:
    """For every row of both durations."""
    for hours in (bundle.delivery_hours(facts), bundle.ready_hours(facts)):
        quantiles = np.array([hours.quantile(level) for level in LEVELS])
        assert (np.diff(quantiles, axis=0) > 0).all()
        for level, quantile in zip(LEVELS, quantiles, strict=True):
            assert hours.probability_later_than(quantile) == pytest.approx(1 - level, abs=1e-9)


@pytest.mark.parametrize(
    "unknown",
    [
        {"location_id": "NEW-STORE"},
        {"sku": "NEW-SKU", "category": "hoverboards"},
        {"destination_region": "ATLANTIS", "destination_postal_code": "99999"},
        {"destination_region": None, "destination_postal_code": None},
        {"destination_latitude": np.nan, "destination_longitude": np.nan},
        {"carrier_service_id": "pigeon", "carrier": "Pigeon Post", "service_level": "feathered"},
        {"location_type": "hub"},
        {"weight_kg": np.nan, "volume_l": np.nan, "value": np.nan},
        {"longest_side_cm": np.nan, "size_class": None},
        {"longest_side_cm": 400.0, "size_class": "oversize"},
        {"on_hand": np.nan, "days_since_count": np.nan, "footfall_ratio": np.nan, "capacity_per_day": np.nan},
        {"payment_method": None, "channel": None, "category": None},
        {"weight_kg": 1e6, "units": 1e6, "backlog": 1e9},
    ],
    ids=lambda unknown: next(iter(unknown)),
)
def test_what_training_never_saw_is_predicted_all_the_same(
    bundle: Bundle, facts: Columns, unknown: dict[str, Any]
) -> None:
    """Finite, positive, and a probability: a new store works from its first minute."""
    found = predictions(bundle, changed(facts, **unknown))
    for name, values in found.items():
        assert np.isfinite(values).all(), name
        assert (np.array(values) > 0).all() or name in {"cost", "pick_failure"}, name
    assert (np.array(found["cost"]) >= 0).all()
    assert ((np.array(found["pick_failure"]) >= 0) & (np.array(found["pick_failure"]) <= 1)).all()


def first_of(bundle: Bundle, fact: str) -> str:
    """The text whose code is 0."""
    return min(bundle.manifest.vocabularies[fact], key=bundle.manifest.vocabularies[fact].__getitem__)


def test_an_unknown_backlog_is_not_an_idle_location(bundle: Bundle, facts: Columns) -> None:
    """Trees that never saw a missing value would take it for 0."""
    unknown, idle = (predictions(bundle, changed(facts, backlog=value)) for value in (np.nan, 0.0))
    assert unknown["ready_hours_p50"] != idle["ready_hours_p50"]


def test_an_unknown_weight_is_not_no_weight(bundle: Bundle, facts: Columns) -> None:
    """A shipment of unknown weight costs what such shipments cost, and not what a feather does."""
    unknown, nothing = (predictions(bundle, changed(facts, weight_kg=value)) for value in (np.nan, 0.0))
    assert np.mean(unknown["cost"]) > np.mean(nothing["cost"])


def test_a_new_carrier_service_is_not_the_first_of_the_alphabet(bundle: Bundle, facts: Columns) -> None:
    """Codes begin at 0, which is what trees without missing values take an unknown code for."""
    first = first_of(bundle, "carrier_service_id")
    unknown, known = (predictions(bundle, changed(facts, carrier_service_id=name)) for name in ("PIGEON", first))
    assert unknown["delivery_hours_p50"] != known["delivery_hours_p50"]


def test_no_candidates_have_no_predictions(bundle: Bundle, facts: Columns) -> None:
    """An order that nobody can send is no error."""
    found = predictions(bundle, {name: column[:0] for name, column in facts.items()})
    assert all(values == [] for values in found.values())


def test_facts_that_are_not_complete_are_refused(bundle: Bundle, facts: Columns) -> None:
    """By the name of what is missing."""
    with pytest.raises(ValueError, match="weight_kg"):
        bundle.cost({name: column for name, column in facts.items() if name != "weight_kg"})


def test_the_heads_beat_constants_on_the_weeks_after_the_cut(history: History, trained: Trained) -> None:
    """The least that a trained model must do: medians of what was known, and the rate of failures."""
    attempts, scored = history.attempts, score(history, trained)
    for head, ends in (("delivery_hours", attempts.delivered_at), ("ready_hours", attempts.ready_at)):
        hours = (ends - attempts.decided_at) / 3600
        constant = np.median(hours[ends < CUT])
        later = (attempts.decided_at >= CUT) & ~np.isnan(hours)
        of = scored.hours[head]
        predicted = of.rota.hours(of.clock, np.exp(of.centre))
        error = mean_absolute_error(predicted[later], hours[later])
        assert error < 0.9 * mean_absolute_error(np.full(later.sum(), constant), hours[later]), head
    cost = attempts.cost
    before, later = (attempts.decided_at < CUT) & ~np.isnan(cost), (attempts.decided_at >= CUT) & ~np.isnan(cost)
    error = mean_absolute_error(scored.cost[later], cost[later])
    assert error < 0.7 * mean_absolute_error(np.full(later.sum(), np.median(cost[before])), cost[later])
    lines = history.lines
    known = ~np.isnan(lines.failure)
    before, later = known & (lines.failure_known_at < CUT), known & (attempts.decided_at[lines.attempt] >= CUT)
    rate = np.full(later.sum(), lines.failure[before].mean())
    loss = log_loss(scored.line_failure[later], lines.failure[later], lines.weight[later])
    assert loss < log_loss(rate, lines.failure[later], lines.weight[later])


def test_about_eight_in_ten_durations_lie_between_p10_and_p90(history: History, bundle: Bundle) -> None:
    """Of the three weeks after the cut, with the calibration of the cut."""
    rows = np.flatnonzero((history.attempts.decided_at >= CUT) & (history.attempts.delivered_at > 0))
    facts = {fact.name: history.attempts.columns[fact.name][rows] for fact in FACTS}
    hours = bundle.delivery_hours(facts)
    observed = (history.attempts.delivered_at - history.attempts.decided_at)[rows] / 3600
    inside = (observed >= hours.quantile(0.1)) & (observed <= hours.quantile(0.9))
    assert 0.7 < inside.mean() < 0.9


@pytest.fixture(scope="module")
def keeps_holidays(bundle_folder: Path, bundle: Bundle) -> Bundle:
    """The same, had it learnt that nothing is prepared or delivered on public holidays."""
    nothing = {"public": [0.01] * len(bundle.manifest.groups), "optional": [1.0] * len(bundle.manifest.groups)}
    holidays = dict.fromkeys(bundle.manifest.holidays, nothing)
    boosters = read_boosters(bundle_folder)
    manifest = bundle.manifest.model_copy(update={"holidays": holidays})
    return Bundle(manifest, boosters, bundle.trailing, bundle.looked)


def asked_on(facts: Columns, day: date) -> Columns:
    """The same at nine in the morning of the day."""
    return changed(facts, decided_at=datetime(day.year, day.month, day.day, 8, tzinfo=UTC).timestamp())


def test_what_is_ordered_before_a_holiday_takes_longer_than_in_any_other_week(
    bundle: Bundle, keeps_holidays: Bundle, shipped: Columns
) -> None:
    """On the Thursday before Easter Monday, not a month earlier; and it is no surer to be late by then."""
    before, any_week = asked_on(shipped, date(2026, 4, 2)), asked_on(shipped, date(2026, 3, 5))
    for hours in (Bundle.delivery_hours, Bundle.ready_hours):
        usual, longer = (hours(of, before).quantile(0.9) for of in (bundle, keeps_holidays))
        assert hours(bundle, any_week).quantile(0.9).tolist() == hours(keeps_holidays, any_week).quantile(0.9).tolist()
        assert (longer >= usual - 1e-9).all()
    usual, longer = (of.delivery_hours(before).quantile(0.9) for of in (bundle, keeps_holidays))
    assert 8.0 < np.median((longer - usual)[usual > 80]) < 26.0
    late = keeps_holidays.delivery_hours(before).probability_later_than(longer)
    assert late == pytest.approx(np.full(len(late), 0.1), abs=1e-6)


def test_it_tells_on_which_days_it_takes_it_that_nothing_is_done(
    bundle: Bundle, keeps_holidays: Bundle, facts: Columns
) -> None:
    """Easter Monday is the fifth day from Thursday on, and Easter the fourth."""
    first, rows = date(2026, 4, 2), len(facts["decided_at"])
    assert keeps_holidays.delivery_rests(facts, first, 8).tolist() == [[False] * 3 + [True] * 2 + [False] * 3] * rows
    assert not bundle.delivery_rests(facts, first, 8).any()
