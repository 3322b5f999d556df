"""What may be trained on as of a cut: every head's rows, without what was not known then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.calendar import clock_of, local_hours
from features.coded import coded
from features.definitions import ENCODED, FEATURES, Vocabularies, matrix
from features.facts import Columns, FloatArray
from features.history import Attempts, History
from features.outcomes import log_hours
from features.statistics import STATISTICS
from features.trailing import Statistic
from prediction.bundle import calibration_groups, group_codes, starts
from prediction.calibration import UnderWay
from prediction.manifest import EVERY_GROUP, TIME_HEADS
from prediction.week import learn_holidays, learn_week
from prediction.working_hours import Rota, WorkingTime, calendars_of
from training.fit import Rows, maturity_seconds
from training.heads import RECIPES

#: Values of a text fact that get a code of their own, the most frequent first.
_MOST_CODES = 255


@dataclass(frozen=True)
class Encoding:
    """How text becomes numbers: codes of text facts, and the calibration table of each group."""

    vocabularies: Vocabularies
    groups: dict[str, int]


def encoding_as_of(history: History, as_of: float) -> Encoding:
    """Give codes, in alphabetical order, to what was seen before the cut (seconds)."""
    seen = history.attempts.decided_at < as_of
    of_line = history.lines.columns["category"][seen[history.lines.attempt]]
    vocabularies = {}
    for name in ENCODED:
        values = of_line if name == "category" else history.attempts.columns[name][seen]
        named, counts = np.unique(values[values != np.array(None)].astype(str), return_counts=True)
        frequent = named[np.sort(np.argsort(-counts, kind="stable")[:_MOST_CODES])]
        vocabularies[name] = {str(value): code for code, value in enumerate(frequent)}
    groups = np.unique(
        calibration_groups({name: c[seen] for name, c in history.attempts.columns.items()}).column().astype(str)
    )
    return Encoding(vocabularies, {EVERY_GROUP: 0, **{str(group): row + 1 for row, group in enumerate(groups)}})


def head_inputs(history: History, head: str, encoding: Encoding) -> tuple[FloatArray, FloatArray]:
    """The features of a head as of each decision, and what its trees start from.

    One row per attempt, for ``pick_failure`` one per line.
    """
    features, offset = RECIPES[head].features, RECIPES[head].offset
    statistics = statistics_of([*features, *offset])
    columns: Columns = (
        history.line_columns(statistics) if head == "pick_failure" else history.attempt_columns(statistics)
    )
    rows = matrix(features, columns, encoding.vocabularies)
    offsets = [FEATURES[name].compute(columns, encoding.vocabularies) for name in offset]
    return rows, starts(head, offsets, len(rows))


def statistics_of(features: Sequence[str]) -> tuple[Statistic, ...]:
    """The trailing statistics that the named features need, with those that they shrink to, in their order."""
    unknown = sorted(set(features) - set(FEATURES))
    if unknown:
        raise KeyError(f"unknown feature(s): {', '.join(unknown)}")
    by_name = {statistic.name: statistic for statistic in STATISTICS}
    needed = {s.name for s in STATISTICS if any(s.column(days) in features for days in s.half_lives_days)}
    parents = needed
    while parents:
        parents = {towards for name in parents if (towards := by_name[name].shrink_to) is not None} - needed
        needed |= parents
    return tuple(statistic for statistic in STATISTICS if statistic.name in needed)


def arrived_at(attempts: Attempts, head: str) -> FloatArray:
    """When what a time head predicts happened, seconds; NaN where it did not."""
    return attempts.delivered_at if head == "delivery_hours" else attempts.ready_at


def working_time_as_of(history: History, encoding: Encoding, as_of: float) -> dict[str, WorkingTime]:
    """When work is done, by time head, as `prediction.week` learns it from what had arrived at ``as_of``."""
    attempts, groups, count = history.attempts, groups_of(history, encoding), len(encoding.groups)
    working = {}
    for head in TIME_HEADS:
        arrived = arrived_at(attempts, head)
        rows = np.flatnonzero(arrived < as_of)
        group, clock = groups[rows], clock_at(attempts, arrived)[rows]
        which, calendars = calendars_of(attempts.columns, head)
        holidays = learn_holidays(group, clock, which[rows], calendars, count)
        working[head] = WorkingTime(learn_week(group, clock, count), holidays)
    return working


def rotas_of(history: History, encoding: Encoding, working: Mapping[str, WorkingTime]) -> dict[str, Rota]:
    """The weeks that each attempt goes by, by time head."""
    columns, groups = history.attempts.columns, groups_of(history, encoding)
    clock = clock_of(columns)
    return {head: of.rota(columns, head, groups, clock) for head, of in working.items()}


def rows_known(
    history: History,
    head: str,
    features: FloatArray,
    start: FloatArray,
    *,
    rotas: Mapping[str, Rota],
    as_of: float,
) -> Rows:
    """The rows of a head whose outcome was known at ``as_of`` (seconds), old enough not to be only the fast ones.

    Hours are working hours, by ``rotas``, see `rotas_of`.
    """
    attempts = history.attempts
    if head in ("ready_hours", "transit_hours"):
        # Transit begins with the handover: parcels still waiting for it are not yet its concern.
        decided_at, known_at = (
            (attempts.decided_at, attempts.ready_at)
            if head == "ready_hours"
            else (attempts.ready_at, attempts.delivered_at)
        )
        hours, weight = np.exp(log_hours(decided_at, known_at)), attempts.weight
        known = (known_at < as_of) & ~np.isnan(hours)
        rota = rotas["ready_hours" if head == "ready_hours" else "delivery_hours"].take(np.flatnonzero(known))
        target = np.full(len(hours), np.nan)
        target[known] = rota.log_worked(clock_at(attempts, decided_at)[known], hours[known])
        young = as_of - maturity_seconds((known_at - decided_at)[known])
    elif head == "cost":
        target, known_at, decided_at, weight = attempts.cost, attempts.decided_at, attempts.decided_at, attempts.weight
        known = (known_at < as_of) & ~np.isnan(target)
        young = as_of
    else:
        lines = history.lines
        decided_at = attempts.decided_at[lines.attempt]
        target, known_at, weight = lines.failure, lines.failure_known_at, lines.weight
        known = known_at < as_of
        # Failures may take longer to be known than successes, and must not be missing from the young.
        young = as_of - maturity_seconds((known_at - decided_at)[known & (target == 1)])
    rows = np.flatnonzero(known & (decided_at < young))
    return Rows(features[rows], target[rows], weight[rows], decided_at[rows], start[rows])


def under_way(
    history: History, head: str, hours: tuple[FloatArray, FloatArray], groups: NDArray[np.intp], rota: Rota
) -> UnderWay:
    """Every attempt of the history with its predicted distribution, as `calibrate` takes them.

    ``hours``: centre and spread. ``rota``: the weeks that each goes by.
    """
    centre, spread = hours
    attempts = history.attempts
    return UnderWay(
        group=groups,
        centre=centre,
        spread=spread,
        started_at=attempts.decided_at,
        arrived_at=arrived_at(attempts, head),
        # Delivered without a word on when it was ready: nothing more will be heard of that.
        ended_at=np.fmin(attempts.ended_at, attempts.delivered_at),
        weight=attempts.weight,
        clock=clock_of(attempts.columns),
        rota=rota,
    )


def groups_of(history: History, encoding: Encoding) -> NDArray[np.intp]:
    """The row of the calibration tables of each attempt."""
    return group_codes(calibration_groups(history.attempts.columns), encoding.groups)


def clock_at(attempts: Attempts, instants: FloatArray) -> FloatArray:
    """The `local_hours` of each attempt's location; NaN of no instant."""
    known = ~np.isnan(instants)
    clock = local_hours(np.where(known, instants, 0.0), coded(attempts.columns, "location_timezone"))
    return np.where(known, clock, np.nan)
