"""What may be trained on as of a cut, and what calibration follows."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.history import History
from prediction.manifest import EVERY_GROUP
from tests.conftest import CUT
from tests.unit.prediction.rotas import ALWAYS, rota
from training.known import encoding_as_of, rotas_of, rows_known, under_way, working_time_as_of


@pytest.mark.parametrize("head", ["ready_hours", "transit_hours", "cost", "pick_failure"])
def test_only_what_was_known_is_trained_on(history: History, head: str) -> None:
    """And nothing so young that only its fast outcomes are known; costs are known at once."""
    attempts, lines = history.attempts, history.lines
    known_at, decided_at = {
        "ready_hours": (attempts.ready_at, attempts.decided_at),
        "transit_hours": (attempts.delivered_at, attempts.ready_at),
        "cost": (attempts.decided_at, attempts.decided_at),
        "pick_failure": (lines.failure_known_at, attempts.decided_at[lines.attempt]),
    }[head]
    positions = np.arange(len(known_at), dtype=np.float64)
    encoding = encoding_as_of(history, CUT)
    rotas = rotas_of(history, encoding, working_time_as_of(history, encoding, CUT))
    rows = rows_known(history, head, positions[:, None], positions, rotas=rotas, as_of=CUT)
    taken = rows.start.astype(int)
    assert len(rows) > 1_000
    assert (known_at[taken] < CUT).all()
    assert not np.isnan(rows.target).any()
    youngest = decided_at[taken].max()
    if head == "cost":
        assert youngest == decided_at[decided_at < CUT].max()
    else:
        old_enough = (decided_at <= youngest) & ~np.isnan(known_at)
        assert np.mean(known_at[old_enough] < CUT) > 0.99


def test_codes_are_those_of_what_was_seen_before_the_cut(history: History) -> None:
    """In alphabetical order; as of the beginning there are none, and all groups share one table."""
    early = encoding_as_of(history, CUT)
    nothing = encoding_as_of(history, history.landmark)
    assert nothing.groups == {EVERY_GROUP: 0}
    assert all(not codes for codes in nothing.vocabularies.values())
    assert sorted(early.groups.values()) == list(range(len(early.groups)))
    for codes in early.vocabularies.values():
        assert list(codes) == sorted(codes)


def test_an_attempt_delivered_without_a_word_on_when_it_was_ready_is_not_awaited_for_ever(
    history: History,
) -> None:
    """Else a source that does not record handovers would make every store look slow."""
    count = len(history.attempts)
    attempts = replace(history.attempts, ready_at=np.full(count, np.nan))
    silent = under_way(
        replace(history, attempts=attempts),
        "ready_hours",
        (np.zeros(count), np.ones(count)),
        np.zeros(count, dtype=np.intp),
        rota(ALWAYS, np.zeros(count, dtype=np.intp), np.zeros(count)),
    )
    delivered = ~np.isnan(attempts.delivered_at)
    assert np.array_equal(silent.ended_at[delivered], attempts.delivered_at[delivered])


def test_a_holiday_on_which_nothing_was_delivered_is_known_once_it_has_passed(history: History) -> None:
    """What was due on All Saints' or on 8 December came the day after; of the latter nobody knows as of the 7th."""
    attempts, day = history.attempts, 24 * 3600.0
    for holiday in (date(2025, 11, 1), date(2025, 12, 8)):
        begins = datetime.combine(holiday, time(), ZoneInfo("Europe/Rome")).timestamp()
        due = (attempts.delivered_at >= begins) & (attempts.delivered_at < begins + day)
        attempts = replace(attempts, delivered_at=attempts.delivered_at + np.where(due, day, 0.0))
    kept = replace(history, attempts=attempts)
    for as_of, known in ((date(2025, 12, 7), False), (date(2025, 12, 21), True)):
        cut = datetime.combine(as_of, time(), UTC).timestamp()
        encoding = encoding_as_of(kept, cut)
        found = working_time_as_of(kept, encoding, cut)
        every = encoding.groups[EVERY_GROUP]
        assert found["delivery_hours"].holidays["Ognissanti"][every] < 0.35
        assert found["ready_hours"].holidays["Ognissanti"][every] == 1.0
        assert ("Immacolata Concezione" in found["delivery_hours"].holidays) == known
