"""The peers say what anyone could have said, and only from what was known."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from benchmarks.olist_peers import promised_hours, trailing_median
from benchmarks.synthetic import service_quantiles
from features.history import History
from training.backtest import Retrain, Window, backtest

CUT = 1_764_547_200.0


def test_the_published_promise_is_the_midnight_that_begins_its_day() -> None:
    orders = pd.DataFrame(
        {"order_id": ["O1"], "promised_at": pd.to_datetime(["2018-05-11T02:59:59Z"])}  # end of 10 May in São Paulo
    )
    decided_at = np.array([pd.Timestamp("2018-05-09T03:00:00Z").timestamp()])
    assert promised_hours(orders, np.array(["O1"], dtype=object), decided_at).tolist() == [24.0]


def test_the_trailing_median_knows_only_what_was_delivered_by_then(history: History) -> None:
    attempts, now = history.attempts, np.array([CUT])
    later = np.where(attempts.delivered_at >= CUT, attempts.delivered_at + 1e6, attempts.delivered_at)
    changed = replace(attempts, delivered_at=later)
    known = (attempts.decided_at >= CUT - 45 * 86_400) & (attempts.decided_at < CUT) & (attempts.delivered_at < CUT)
    hours = (attempts.delivered_at - attempts.decided_at)[known] / 3600
    assert trailing_median(attempts, now).tolist() == trailing_median(changed, now).tolist() == [np.median(hours)]


def test_what_services_reached_before_is_said_for_every_attempt(history: History) -> None:
    window = Window(date(2025, 12, 1), date(2025, 12, 3), "UTC")
    predictions = backtest(history, window, Retrain.NEVER, 1, lambda *_: None)
    said = service_quantiles(history, predictions, CUT)
    names = [
        "delivery_hours_p10",
        "delivery_hours_p50",
        "delivery_hours_p90",
        "ready_hours_p50",
        "cost",
        "pick_failure",
    ]
    assert said[names].notna().all(axis=None)
    assert (said["delivery_hours_p10"] < said["delivery_hours_p90"]).all()
    assert said.groupby("carrier_service_id")["delivery_hours_p50"].nunique().eq(1).all()
