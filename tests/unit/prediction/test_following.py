"""What a bundle keeps of the attempts that calibration looked at, and how they go on."""

from dataclasses import replace

import numpy as np
import pytest

from prediction.calibration import COLUMNS, DAY_SECONDS, HOUR_SECONDS, UnderWay, calibrate
from prediction.following import MOST_KEPT, Expected, Told, followed, from_arrays, looked_at, to_arrays
from tests.unit.prediction.rotas import ALWAYS, rota

NOW = 1_764_547_200.0
NAN = float("nan")
TIME = "delivery_hours"


def attempts(count: int, seed: int = 1) -> UnderWay:
    """Attempts of the last ten weeks and the week to come, nearly all of which arrive within days."""
    rng = np.random.default_rng(seed)
    started_at = np.sort(rng.uniform(NOW - 70 * DAY_SECONDS, NOW + 7 * DAY_SECONDS, count))
    arrived_at = started_at + np.exp(rng.normal(4.0, 0.5, count)) * HOUR_SECONDS
    lost = rng.uniform(size=count) < 0.02
    return UnderWay(
        group=rng.integers(0, 3, count),
        centre=np.full(count, 4.0),
        spread=np.full(count, 0.4),
        started_at=started_at,
        arrived_at=np.where(lost, np.nan, arrived_at),
        ended_at=np.where(lost, arrived_at, np.nan),
        weight=rng.uniform(0.5, 1.5, count),
        clock=started_at / HOUR_SECONDS,
        rota=rota(ALWAYS, np.zeros(count, np.intp), started_at / HOUR_SECONDS),
    )


def names(hours: UnderWay) -> np.ndarray:
    return np.array([f"A-{row}" for row in range(len(hours.group))], object)


def bits(hours: UnderWay) -> list[bytes]:
    """Every column, to the last bit."""
    return [*(getattr(hours, name).tobytes() for name in COLUMNS), hours.rota.row.tobytes()]


def told(name: str, started_at: float, arrived_at: float = NAN, *, bundle: str = "b@1", group: str = "store") -> Told:
    said = Expected(
        bundle=bundle,
        group=group,
        clock=started_at / HOUR_SECONDS,
        calendars={TIME: "IT"},
        hours={TIME: (4.0, 0.4)},
        cost_excess=0.1,
    )
    return Told(name, said, started_at, NAN, arrived_at, NAN)


def before_calendars(name: str, started_at: float) -> Told:
    """As versions kept it that knew no holidays."""
    found = told(name, started_at)
    del found.expected["calendars"]  # type: ignore[misc] # rows of a database are as old as they are
    return found


def test_what_is_kept_calibrates_as_the_whole_history_did_and_survives_its_file() -> None:
    made = attempts(3_000)
    looked = looked_at(made, names(made), NOW, 1)
    (read,) = from_arrays({TIME: ALWAYS}, to_arrays({TIME: looked})).values()
    assert bits(read.under_way) == bits(looked.under_way)
    assert read.going.tolist() == looked.going.tolist()
    assert calibrate(read.under_way, 3, NOW).tobytes() == calibrate(made, 3, NOW).tobytes()


def test_nothing_of_after_the_cut_is_kept() -> None:
    made = attempts(3_000)
    looked = looked_at(made, names(made), NOW, 1)
    assert looked.under_way.started_at.max() < NOW
    ended_at = np.fmin(looked.under_way.arrived_at, looked.under_way.ended_at)
    assert np.nanmax(ended_at) <= NOW
    assert len(looked.going) == np.isnan(ended_at).sum() > 50
    later = replace(
        made, arrived_at=np.where(made.arrived_at > NOW, made.arrived_at + 9 * DAY_SECONDS, made.arrived_at)
    )
    assert bits(looked_at(later, names(made), NOW, 1).under_way) == bits(looked.under_way)


def test_of_a_huge_history_some_are_kept_who_stand_for_all() -> None:
    made = attempts(2 * MOST_KEPT)
    looked = looked_at(made, names(made), NOW, 1)
    assert len(looked.under_way.group) == MOST_KEPT
    assert bits(looked_at(made, names(made), NOW, 1).under_way) == bits(looked.under_way)
    recent = made.during(NOW - 49 * DAY_SECONDS, NOW)
    assert looked.under_way.weight.sum() == pytest.approx(recent.weight.sum(), rel=0.01)
    assert calibrate(looked.under_way, 3, NOW) == pytest.approx(calibrate(made, 3, NOW), abs=0.03)


def test_a_shipment_counts_once_by_the_history_or_by_the_bundle_that_said_what_to_expect() -> None:
    made = attempts(3_000)
    looked = looked_at(made, names(made), NOW, 1)
    heard, *_ = looked.going.tolist()
    found = followed(
        looked,
        TIME,
        [
            told(heard, NOW - DAY_SECONDS, NOW + HOUR_SECONDS, bundle="b@0"),  # the history has its beginning
            told("before", NOW - HOUR_SECONDS),  # a history of then had it, or never will
            told("by another", NOW + HOUR_SECONDS, bundle="b@0"),
            before_calendars("by an older version of the same name", NOW + HOUR_SECONDS),
            told("own", NOW + HOUR_SECONDS, NOW + 9 * HOUR_SECONDS),
            told("unknown group", NOW + 2 * HOUR_SECONDS, NOW + 9 * HOUR_SECONDS, group="kiosk"),
            told("silent group", NOW + 3 * HOUR_SECONDS, group="hub"),
        ],
        bundle="b@1",
        groups={"": 0, "hub": 1, "store": 2},
        working=ALWAYS,
        as_of=NOW,
    )
    since = found.started_at >= NOW
    assert found.started_at[since].tolist() == [NOW + HOUR_SECONDS, NOW + 2 * HOUR_SECONDS]
    assert found.group[since].tolist() == [2, 0]
    assert len(found.group) == len(looked.under_way.group) + 2
    went_on = np.flatnonzero(found.arrived_at[~since] == NOW + HOUR_SECONDS)
    assert len(went_on) == 1
    lost = np.isnan(looked.under_way.arrived_at) & np.isnan(looked.under_way.ended_at)
    lost[went_on] = False
    assert (found.ended_at[~since][lost] == NOW).all()
