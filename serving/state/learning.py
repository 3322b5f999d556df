"""The bundle in service goes on from its cut: what shipments taught since then moves its trailing statistics, and
what was under way its calibration.

What is applied, and in which order, follows from the logs of outcomes and steps alone: the same in every process and
replay.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection

from serving.database.outcome_log import last_known, told_between
from serving.database.step_log import last_step, told_up_to
from serving.state.served import ServedPredictor


def version_learnt(predictor: ServedPredictor) -> dict[str, str]:
    """What a decision names beside the bundle: the last outcome that it had learnt, and what it was calibrated with."""
    calibration = calibration_named(predictor)
    return {
        **({"outcomes": str(predictor.outcomes)} if predictor.outcomes else {}),
        **({} if calibration is None else {"calibration": calibration}),
    }


def calibration_named(predictor: ServedPredictor) -> str | None:
    """``day@step``: the midnight (UTC) and the last step that was known; ``None`` where it is as trained."""
    if predictor.calibrated_with is None:
        return None
    midnight, last = predictor.calibrated_with
    return f"{midnight:%Y-%m-%d}@{last}"


def learnt_before(connection: Connection, predictor: ServedPredictor, instant: datetime) -> ServedPredictor:
    """``predictor`` as it is from ``instant`` on: with every outcome told before it, calibrated as of its midnight."""
    last = last_known(connection, predictor.outcomes, instant)
    learnt = predictor if last is None else learnt_up_to(connection, predictor, last)
    return _calibrated_before(connection, learnt, instant.astimezone(UTC).replace(hour=0, minute=0))


def learnt_up_to(connection: Connection, predictor: ServedPredictor, last: int) -> ServedPredictor:
    """``predictor`` with every outcome up to the position ``last``."""
    told = told_between(connection, predictor.outcomes, last, since=predictor.as_of, bundle=predictor.version)
    return predictor.with_outcomes(told, last)


def calibrated_as(connection: Connection, predictor: ServedPredictor, name: str) -> ServedPredictor:
    """``predictor`` calibrated as `calibration_named` says."""
    day, _, last = name.partition("@")
    midnight = datetime.fromisoformat(day).replace(tzinfo=UTC)
    return predictor.with_calibration(told_up_to(connection, midnight, int(last)), midnight, int(last))


def _calibrated_before(connection: Connection, predictor: ServedPredictor, midnight: datetime) -> ServedPredictor:
    """``predictor`` calibrated as of ``midnight``; as it is where it knows all that was told before.

    Where nothing was told since, nothing tells that its calibration has aged.
    """
    if midnight <= predictor.as_of:
        return predictor
    before, known = predictor.calibrated_with or (predictor.as_of, 0)
    last = last_step(connection, known, midnight)
    if last is None and (known == 0 or before == midnight):
        return predictor
    step = known if last is None else last
    return predictor.with_calibration(told_up_to(connection, midnight, step), midnight, step)
