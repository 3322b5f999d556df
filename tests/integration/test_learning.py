"""The service learns from every outcome: the next quarter of an hour knows how shipments went, and so does a replay."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

from features.outcomes import KEY_FACTS
from features.trailing import Observations
from features.trailing_sums import TrailingSums
from prediction.bundle import Bundle
from serving.database.engine import make_engine
from serving.database.order_tables import outcomes, shipment_steps
from serving.database.outcome_log import log_outcomes, told_between
from serving.decisions.replay import find_decision, replay
from serving.orders.outcomes import Outcome
from serving.settings import Settings
from serving.state.live import Live
from smista import app as command_line
from tests.integration.conftest import NOW, Api
from tests.integration.kept_databases import KeptPostgres
from tests.integration.orders import seen, tell
from tests.integration.served_retailer import (
    STORE,
    WAREHOUSE,
    costs,
    count,
    decided,
    first,
    hours_to_arrive,
    next_quarter,
    placed,
)
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio

MANY = 25


async def fail_to_find(api: Api, orders: int = MANY) -> None:
    """So many orders on the store, which finds nothing of them."""
    await count(api, STORE)
    shipments = [await placed(api, f"W-{number}") for number in range(orders)]
    for shipment in shipments:
        told = await tell(api, shipment, "short_picked", lines=[{"line_id": "1", "picked": 0}])
        assert told.status_code == 200, told.text
    api.clock.now += timedelta(minutes=1)
    await count(api, STORE)


async def test_a_store_that_fails_to_find_things_is_riskier_from_the_next_quarter_on(retailer_api: Api) -> None:
    await fail_to_find(retailer_api)
    before = await decided(retailer_api)
    assert first(before)["location_id"] == STORE
    assert "outcomes" not in before["versions"]
    next_quarter(retailer_api)
    after = await decided(retailer_api)
    assert first(after)["pick_failure"] > 2 * first(before)["pick_failure"]
    assert after["versions"]["outcomes"] == str(MANY)
    models = (await retailer_api.client.get("/v1/models")).json()
    assert models == {"in_service": {"bundle": "small@1", "outcomes": MANY, "calibration": None}}


async def test_a_lane_that_turned_slow_gets_later_dates(retailer_api: Api) -> None:
    api = retailer_api
    await count(api, WAREHOUSE)
    shipments = [await placed(api, f"W-{number}") for number in range(MANY)]
    for shipment in shipments:
        assert (await tell(api, shipment, "handed_over")).status_code == 200
    api.clock.now += timedelta(days=14)
    for shipment in shipments:
        assert (await tell(api, shipment, "delivered")).status_code == 200
    before = await decided(api)
    next_quarter(api)  # of the same hour of the same weekday
    after = await decided(api)
    assert first(before)["location_id"] == first(after)["location_id"] == WAREHOUSE
    assert hours_to_arrive(after) > hours_to_arrive(before) + 1  # on the same afternoon, or on another day


async def test_a_carrier_that_turned_dear_loses_the_next_shipment_to_another(retailer_api: Api) -> None:
    api = retailer_api
    await count(api, WAREHOUSE)
    before = await decided(api)
    for number in range(MANY):
        shipment = await placed(api, f"W-{number}")
        told = await tell(api, shipment, "handed_over", shipping_cost=1.3 * first(before)["terms"]["cost"])
        assert told.json()["shipment"]["carrier_service_id"] == first(before)["carrier_service_id"]
    next_quarter(api)
    after = await decided(api)
    dear = first(before)["carrier_service_id"]
    assert first(after)["carrier_service_id"] != dear
    assert costs(after)[dear] > 1.2 * costs(before)[dear]  # by its lane's excess alone it is 1.15


async def test_what_was_sent_for_nothing_is_missed_in_the_order_of_all_costs_and_tells_no_tariff(
    retailer_api: Api, bundle: Bundle
) -> None:
    api, database = retailer_api, retailer_api.service.database
    await count(api, WAREHOUSE)
    for number, (shipping, handling) in enumerate([(7.0, 1.0), (0.0, 0.0), (9.0, 1.0)]):
        costs_told = {"shipping_cost": shipping, "handling_cost": handling}
        await tell(api, await placed(api, f"W-{number}"), "handed_over", **costs_told)
    told = dict(database.read_now(lambda at: list(told_between(at, 0, 99, since=bundle.as_of, bundle=bundle.version))))
    assert len(told["cost_excess"]) == 2
    free = np.flatnonzero(told["cost_missed"].value == -1.0).tolist()
    assert (len(told["cost_missed"]), free) == (3, [1])
    before, after = bundle.trailing, bundle.trailing.after([("cost_waived", told["cost_waived"])])
    assert bits(before) == bits(after)


async def test_what_a_bundle_missed_of_costs_is_learnt_by_it_and_by_no_other(retailer_api: Api, bundle: Bundle) -> None:
    """Said and billed as logarithms of 1 + money; another bundle has said nothing of this shipment."""
    api, database = retailer_api, retailer_api.service.database
    await count(api, WAREHOUSE)
    said = first(await decided(api))["terms"]["cost"]
    await tell(api, await placed(api, "W-1"), "handed_over", shipping_cost=1.3 * said)

    def missed(version: str) -> dict[str, Observations]:
        since = bundle.as_of
        told = database.read_now(lambda at: list(told_between(at, 0, 99, since=since, bundle=version)))
        return {measure: made for measure, made in told if measure == "cost_missed"}

    assert not missed("small@2")
    (value,) = missed(bundle.version)["cost_missed"].value.tolist()
    # What was missed before the cut, and the factor that makes a mean of the middle, come on top of what trees say.
    assert value == pytest.approx(np.log1p(1.3 * said) - np.log1p(said), abs=0.1)
    earlier = orjson.dumps({"bundle": bundle.version, "group": "", "clock": 0.0, "hours": {}}).decode()
    assigned = update(shipment_steps).where(shipment_steps.c.expected.is_not(None)).values(expected=earlier)
    database.write_now(lambda connection: connection.execute(assigned))
    assert not missed(bundle.version)


async def test_decisions_of_before_and_after_it_learnt_are_made_again_bit_for_bit(
    retailer_api: Api, bundle: Bundle, bundle_folder: Path, tmp_path: Path
) -> None:
    api, database = retailer_api, retailer_api.service.database
    await fail_to_find(api, 5)
    made = [await decided(api)]
    for round_ in range(2):
        for number in range(3):
            shipment = await placed(api, f"R-{round_}-{number}")
            await tell(api, shipment, "handed_over", shipping_cost=9.5)
        next_quarter(api)
        made.append(await decided(api))
    assert [one["versions"].get("outcomes") for one in made] == [None, "14", "23"]
    for one in made:
        again = replay(database, find_decision(database, one["decision_id"]), bundle)
        assert again.same, again.differences
    less = replace(find_decision(database, made[-1]["decision_id"]), outcomes=14)
    assert not replay(database, less, bundle).same
    last = [made[-1]["decision_id"], "--bundle", str(bundle_folder), "--database", api.service.settings.database]
    replayed = CliRunner().invoke(command_line, ["decide", "replay", *last], env={"SMISTA_WORK_FOLDER": str(tmp_path)})
    assert replayed.exit_code == 0, replayed.output
    assert "the same answer, bit for bit" in replayed.stdout


def bits(state: TrailingSums) -> dict[str, bytes]:
    """The whole state, to the last bit."""
    return {name: array.tobytes() for name, array in state.to_arrays().items()}


async def test_a_process_that_starts_later_knows_the_same_to_the_bit(retailer_api: Api, bundle: Bundle) -> None:
    """One learnt in four steps, the other all at once; what was told in this quarter, neither knows yet."""
    api = retailer_api
    await count(api, WAREHOUSE)
    for step in range(4):
        for number in range(3):
            shipment = await placed(api, f"W-{step}-{number}")
            await tell(api, shipment, "handed_over", shipping_cost=4.0 + number)
            if number:
                await tell(api, shipment, "delivered")
        next_quarter(api)
    await tell(api, await placed(api, "too late"), "handed_over")
    served = api.service.live.predictor
    restarted = Live(api.service.database, bundle, api.clock)
    restarted.refresh_now()
    restarted.learn_now()
    assert isinstance(served, Bundle)
    assert isinstance(restarted.predictor, Bundle)
    assert served.outcomes == restarted.predictor.outcomes > 0
    assert bits(served.trailing) == bits(restarted.predictor.trailing) != bits(bundle.trailing)


class Unteachable(TablePredictor):
    """What was told confuses it."""

    def with_outcomes(self, told: Iterable[tuple[str, Observations]], last: int) -> TablePredictor:
        raise FloatingPointError(f"{last} of {told}")


async def test_learning_that_fails_keeps_nobody_from_ordering(retailer_api: Api) -> None:
    api = retailer_api
    await count(api, WAREHOUSE)
    await tell(api, await placed(api, "W-0"), "handed_over")
    api.service.live.predictor = Unteachable()
    with pytest.raises(FloatingPointError):
        next_quarter(api)
    assert (await placed(api, "W-1"))["location_id"] == WAREHOUSE
    api.service.catch_up()  # it is tried again when the next quarter begins
    with pytest.raises(FloatingPointError):
        next_quarter(api)


async def test_a_predictor_that_a_decision_holds_does_not_learn_under_it(retailer_api: Api) -> None:
    held = retailer_api.service.live.predictor
    assert isinstance(held, Bundle)
    before = bits(held.trailing)
    await fail_to_find(retailer_api, 3)
    next_quarter(retailer_api)
    assert retailer_api.service.live.predictor is not held
    assert held.outcomes == 0
    assert bits(held.trailing) == before


async def test_nothing_is_learnt_twice(retailer_api: Api) -> None:
    """Not when the same is told twice, nor after a bundle was trained on a history that has it."""
    api, database = retailer_api, retailer_api.service.database
    await count(api, WAREHOUSE)
    shipment = await placed(api, "W-1")
    for event in ("handed_over", "handed_over", "delivered", "delivered"):
        assert (await tell(api, shipment, event, shipping_cost=5.0)).status_code == 200
    measures = database.read_now(lambda connection: connection.execute(select(outcomes.c.measure)).scalars().all())
    assert sorted(measures) == [
        "cost_excess", "delivery_log_hours", "pick_failure", "ready_log_hours", "transit_log_hours"
    ]  # fmt: skip
    trained_at = api.clock.now + timedelta(microseconds=1)

    def told(since: datetime) -> list[str]:
        pieces = database.read_now(lambda at: list(told_between(at, 0, 99, since=since, bundle="other@1")))
        return sorted(measure for measure, made in pieces for _ in range(len(made)))

    assert not told(trained_at)
    assert told(api.clock.now) == sorted(measures)  # a cut knows what was known before it


async def test_an_outcome_is_kept_with_its_event_or_not_at_all(retailer_api: Api) -> None:
    await count(retailer_api, WAREHOUSE)
    shipment = await placed(retailer_api, "W-1")
    await tell(retailer_api, shipment, "handed_over")
    refused = await tell(retailer_api, shipment, "rejected", reason="too late")
    assert refused.status_code == 409
    rows = select(func.count()).select_from(outcomes)
    assert retailer_api.service.database.read_now(lambda connection: connection.execute(rows).scalar()) == 2
    (now,) = (await seen(retailer_api, "W-1"))["shipments"]
    assert datetime.fromisoformat(now["ready_at"]).astimezone(UTC) == retailer_api.clock.now


def test_whoever_has_read_an_outcome_has_missed_none_before_it(kept_postgres: KeptPostgres) -> None:
    """PostgreSQL gives positions before it commits: who is given one waits for those who were given earlier ones."""
    outcome = Outcome("H-1", "ready_log_hours", NOW, 1.0, 1.0, dict.fromkeys(KEY_FACTS))
    engine = make_engine(Settings(database_url=kept_postgres.with_tables()).database)
    with engine.begin() as first_, engine.connect() as second:
        log_outcomes(first_, [outcome], NOW)
        second.execute(text("SET lock_timeout = '20ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            log_outcomes(second, [outcome], NOW)
    engine.dispose()
