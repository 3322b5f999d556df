"""The bundle in service goes on from its cut: what shipments taught since then moves its trailing statistics.

What is applied, and in which order, follows from the log of outcomes alone: the same in every process and replay.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from serving.database.outcome_log import last_known, told_between

if TYPE_CHECKING:
    from serving.live import ServedPredictor


def version_learnt(predictor: "ServedPredictor") -> dict[str, str]:
    """What a decision names beside the bundle: the last outcome that it had learnt, where it had learnt any."""
    return {"outcomes": str(predictor.outcomes)} if predictor.outcomes else {}


def learnt_before(connection: Connection, predictor: "ServedPredictor", instant: datetime) -> "ServedPredictor":
    """``predictor`` with every outcome that was told before ``instant``; as it is where there is none beyond it."""
    last = last_known(connection, predictor.outcomes, instant)
    return predictor if last is None else learnt_up_to(connection, predictor, last)


def learnt_up_to(connection: Connection, predictor: "ServedPredictor", last: int) -> "ServedPredictor":
    """``predictor`` with every outcome up to the position ``last``."""
    return predictor.with_outcomes(told_between(connection, predictor.outcomes, last, predictor.as_of), last)
