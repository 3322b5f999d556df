"""Calibration in service follows what comes of shipments, as a backtest's does: from each midnight on, and replayed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection

from features.facts import FACTS, FloatArray
from features.history import History
from features.outcomes import missed
from features.tariff import log_tariff
from features.trailing import Observations
from prediction.bundle import Bundle
from prediction.calibration import calibrate
from prediction.following import Expected
from serving.database.database import Database
from serving.database.engine import make_engine
from serving.database.step_log import log_steps
from serving.decisions.replay import find_decision, replay
from serving.orders.steps import Stage, Step
from serving.settings import Settings
from serving.state.learning import learnt_before, learnt_up_to
from serving.state.live import Live
from tests.conftest import CUT
from tests.integration.conftest import Api
from tests.integration.orders import tell
from tests.integration.served_retailer import QUARTER, WAREHOUSE, count, decided, hours_to_arrive, placed
from training.packing import golden_facts
from training.trained import Scored, Trained, score

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
AT_CUT = datetime.fromtimestamp(CUT, UTC)


def bits(calibration: Mapping[str, FloatArray]) -> list[bytes]:
    """Levels, to the last bit."""
    return [levels.tobytes() for levels in calibration.values()]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database."""
    database = Database(make_engine(Settings(database_url=database_url).database))
    yield database
    database.close()


class Stretch:
    """The history after the cut, as a service would have told it: what was expected of each attempt, and its steps.

    ``expected``: what the bundle said of each attempt from the cut on, by its row.
    """

    def __init__(self, history: History, bundle: Bundle) -> None:
        """Ask the bundle about each attempt at its decision, when it knew what was known then."""
        self.attempts = history.attempts
        self.expected: dict[int, Expected] = {}
        heard_until = CUT
        for row in np.flatnonzero(self.attempts.decided_at >= CUT).tolist():
            decided_at = float(self.attempts.decided_at[row])
            new = {measure: _between(made, heard_until, decided_at) for measure, made in history.observations.items()}
            bundle, heard_until = bundle.with_outcomes(new.items(), 0), decided_at
            self.expected[row] = self.said(bundle, row)
        # Who was under way at the cut was assigned by an earlier bundle.
        ended_at = np.fmin(self.attempts.delivered_at, self.attempts.ended_at)
        self.going = np.flatnonzero((self.attempts.decided_at < CUT) & ~(ended_at <= CUT)).tolist()
        self.earlier: dict[int, Expected] = {row: {**self.said(bundle, row), "bundle": "small@0"} for row in self.going}

    def said(self, bundle: Bundle, row: int) -> Expected:
        (said,) = bundle.expected({fact.name: self.attempts.columns[fact.name][[row]] for fact in FACTS})
        return said

    def steps(self, *, going: bool = True, silent: frozenset[Stage] = frozenset()) -> list[tuple[float, Step]]:
        """Each step when it happened, but for ``silent`` stages; without ``going``, of nobody from before the cut."""
        told: list[tuple[float, Step]] = []
        for row, said in {**(self.earlier if going else {}), **self.expected}.items():
            name = str(self.attempts.fulfilment_id[row])
            instants = {
                Stage.ASSIGNED: self.attempts.decided_at[row],
                Stage.READY: self.attempts.ready_at[row],
                Stage.ARRIVED: self.attempts.delivered_at[row],
                Stage.ENDED: self.attempts.ended_at[row],
            }
            told += [
                (float(at), Step(name, stage, _at(at), said if stage is Stage.ASSIGNED else None))
                for stage, at in instants.items()
                if stage not in silent and not np.isnan(at)
            ]
        return sorted(told, key=lambda one: one[0])  # of equals the first stays first


def _between(made: Observations, since: float, until: float) -> Observations:
    rows = slice(*np.searchsorted(made.known_at, [since, until], side="left"))
    columns = {name: column[rows] for name, column in made.columns.items()}
    return Observations(made.known_at[rows], made.value[rows], made.weight[rows], columns)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(seconds * 1e6))


@pytest.fixture(scope="module")
def scored(history: History, trained: Trained) -> Scored:
    """What a backtest calibrates."""
    return score(history, trained)


@pytest.fixture(scope="module")
def stretch(scored: Scored, bundle: Bundle) -> Stretch:
    """The three weeks of the small retailer after the cut."""
    return Stretch(scored.history, bundle)


def tell_all(database: Database, steps: Iterable[tuple[float, Step]]) -> None:
    """Steps are told when they happen, those of one hour together."""

    def work(connection: Connection) -> None:
        for _, hour in groupby(steps, key=lambda one: one[0] // 3600):
            together = list(hour)
            log_steps(connection, [step for _, step in together], _at(together[-1][0]))

    database.write_now(work)


def served_on(database: Database, bundle: Bundle, instant: datetime) -> Bundle:
    """The bundle as it is served from ``instant`` on, a quarter of an hour."""
    served = database.read_now(lambda connection: learnt_before(connection, bundle, instant))
    assert isinstance(served, Bundle)
    return served


def test_a_service_is_calibrated_to_the_bit_as_a_backtest_of_the_same_history(
    database: Database, scored: Scored, stretch: Stretch, bundle: Bundle
) -> None:
    """From when it was told of arrivals everywhere: on the third day."""
    tell_all(database, stretch.steps())
    for days in (3, 4, 10, 20):
        midnight = AT_CUT + days * DAY
        backtest = scored.calibration(midnight.timestamp())
        assert bits(served_on(database, bundle, midnight).calibration) == bits(backtest) != bits(bundle.calibration)


def test_what_is_expected_of_costs_is_to_the_bit_what_a_backtest_misses_them_by(
    scored: Scored, stretch: Stretch
) -> None:
    """Whatever had been missed of earlier ones by then."""
    attempts, made = scored.history.attempts, scored.history.observations["cost_missed"]
    rows = np.array(sorted(stretch.expected))
    known = ~np.isnan(attempts.cost)
    excess = np.log1p(attempts.cost) - log_tariff(attempts.columns)
    said = np.array([stretch.expected[row]["cost_excess"] for row in rows])
    of_rows = rows[known[rows]]
    assert len(of_rows) > 100
    in_backtest = dict(zip(np.flatnonzero(known).tolist(), made.value.tolist(), strict=True))
    assert [in_backtest[row] for row in of_rows.tolist()] == missed(excess[rows], said)[known[rows]].tolist()


def test_who_was_under_way_at_the_cut_and_is_no_shipment_of_the_service_is_lost_from_sight_then(
    database: Database, scored: Scored, stretch: Stretch, bundle: Bundle
) -> None:
    tell_all(database, stretch.steps(going=False))
    midnight = AT_CUT + 10 * DAY
    for time, hours in scored.hours.items():
        arrived_at, ended_at = hours.arrived_at.copy(), hours.ended_at.copy()
        lost = (hours.started_at < CUT) & ~(np.fmin(arrived_at, ended_at) <= CUT)
        arrived_at[lost], ended_at[lost] = np.nan, CUT
        found = calibrate(replace(hours, arrived_at=arrived_at, ended_at=ended_at), scored.groups, midnight.timestamp())
        assert bits({time: served_on(database, bundle, midnight).calibration[time]}) == bits({time: found})


def test_what_is_told_after_midnight_changes_nothing_until_the_next(
    database: Database, stretch: Stretch, bundle: Bundle
) -> None:
    midnight = AT_CUT + 9 * DAY
    steps = stretch.steps()
    in_time = [told for told in steps if told[0] < midnight.timestamp()]
    late = [told for told in in_time[-60:] if told[1].stage is not Stage.ASSIGNED]
    tell_all(database, (told for told in in_time if told not in late))
    before = served_on(database, bundle, midnight)
    tell_all(database, ((midnight.timestamp() + 60, step) for _, step in late))  # what happened on the day before
    tell_all(database, (told for told in steps if told[0] >= midnight.timestamp()))
    for served in (before, bundle):
        after = served_on(database, served, midnight + 95 * QUARTER)
        assert bits(after.calibration) == bits(before.calibration)
        assert after.calibrated_with == before.calibrated_with
    assert bits(served_on(database, before, midnight + DAY).calibration) != bits(before.calibration)


def test_where_nobody_tells_of_deliveries_dates_do_not_become_later(
    database: Database, stretch: Stretch, bundle: Bundle
) -> None:
    """What is never heard of again is not slow: its carrier's word is missing."""
    tell_all(database, stretch.steps(silent=frozenset({Stage.ARRIVED})))
    midnight = AT_CUT + 20 * DAY
    served, nothing = served_on(database, bundle, midnight), bundle.with_calibration([], midnight, 1)
    assert bits({"": served.calibration["delivery_hours"]}) == bits({"": nothing.calibration["delivery_hours"]})
    assert bits({"": served.calibration["ready_hours"]}) != bits({"": nothing.calibration["ready_hours"]})


def test_with_hardly_anything_to_learn_from_calibration_is_as_trained(
    database: Database, stretch: Stretch, bundle: Bundle
) -> None:
    """Ten weeks after the cut, one shipment is all that was told of."""
    tell_all(database, stretch.steps(going=False)[:1])
    assert bits(served_on(database, bundle, AT_CUT + 70 * DAY).calibration) == bits(bundle.calibration)


async def a_day(api: Api, under_way: list[tuple[datetime, dict[str, Any]]], slower: float) -> None:
    """Some orders at nine, handed over at one, and told to arrive when so much of the expected time has passed."""
    nine = api.clock.now
    await count(api, WAREHOUSE)
    shipments = [await placed(api, f"{nine:%m-%d}-{number}") for number in range(5)]
    api.clock.now = nine + timedelta(hours=4)
    for shipment in shipments:
        assert (await tell(api, shipment, "handed_over")).status_code == 200
        expected = datetime.fromisoformat(shipment["expected_p50_at"]) - nine
        under_way.append((nine + slower * expected, shipment))
    for due in sorted((one for one in under_way if one[0] < nine + DAY), key=lambda one: one[0]):
        under_way.remove(due)
        api.clock.now = max(api.clock.now, due[0])
        assert (await tell(api, due[1], "delivered")).status_code == 200
    api.clock.now = nine + DAY
    api.service.catch_up()


@pytest.mark.parametrize(("slower", "database_url"), [(3.0, "sqlite"), (0.4, "postgresql")], indirect=["database_url"])
async def test_when_all_parcels_change_their_pace_dates_follow_within_days_and_every_decision_is_made_again(
    retailer_api: Api, bundle: Bundle, history: History, slower: float
) -> None:
    """Without training again; and a process that starts then is calibrated alike."""
    api, database = retailer_api, retailer_api.service.database
    api.clock.now = AT_CUT + timedelta(hours=9)
    api.service.catch_up()
    await count(api, WAREHOUSE)
    made, under_way = [await decided(api)], list[tuple[datetime, dict[str, Any]]]()
    for _ in range(14):  # from Monday to Monday
        await a_day(api, under_way, slower)
        made.append(await decided(api))
    later = hours_to_arrive(made[-1]) - hours_to_arrive(made[0])
    assert later > 2 if slower > 1 else later < -2
    for one in made:
        again = replay(database, find_decision(database, one["decision_id"]), bundle)
        assert again.same, again.differences
    assert [one["versions"].get("calibration", "")[:11] for one in made[:2]] == ["", "2025-12-02@"]
    models = (await api.client.get("/v1/models")).json()["in_service"]
    assert models["calibration"] == made[-1]["versions"]["calibration"]
    earlier = replace(find_decision(database, made[-1]["decision_id"]), calibration="2025-12-14@10")
    assert not replay(database, earlier, bundle).same

    served, restarted = api.service.live.predictor, Live(database, bundle, api.clock)
    restarted.refresh_now()
    restarted.learn_now()
    assert isinstance(served, Bundle)
    assert isinstance(restarted.predictor, Bundle)
    assert bits(served.calibration) == bits(restarted.predictor.calibration) != bits(bundle.calibration)
    facts = golden_facts(history, api.clock.now.timestamp())
    as_trained = database.read_now(lambda connection: learnt_up_to(connection, bundle, served.outcomes))
    nothing = np.array(0.0)
    without, with_ = (float(one.delivery_hours(facts).expected_excess(nothing).mean()) for one in (as_trained, served))
    assert with_ > without + 1 if slower > 1 else with_ < without - 2  # what statistics alone do not follow
