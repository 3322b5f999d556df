"""Asking for decisions: answered, logged, repeatable; what is wrong with an order is named."""

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from decision.decide import MOST_LINES_AT_ALL
from decision.explanation.tell import tell
from decision.predictor import FloatArray
from features.facts import Columns
from serving.database.tables import decisions
from serving.wire import examples
from serving.wire.answer import answer_bytes, read_answer
from tests.integration.conftest import ON_ONE_DATABASE, Api
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fed(api: Api) -> Api:
    """The API with a small network and one ruleset."""
    for name, rows in examples.ROWS.items():
        await api.feed(name, rows)
    await api.feed("stock", [{**row, "location_id": "W001", "on_hand": 50} for row in examples.ROWS["stock"]])
    response = await api.client.post("/v1/rulesets/everything/publish", json={"name": "everything", "strategy": {}})
    assert response.status_code == 201, response.text
    return api


async def test_an_order_is_answered_with_ranked_plans_and_the_versions_that_shaped_them(fed: Api) -> None:
    response = await fed.decide(examples.ORDER)
    assert response.status_code == 201, response.text
    answer = response.json()
    assert answer["order_id"] == "W-1001"
    assert answer["decided_at"] == "2026-03-02T09:20:00Z"
    assert answer["degraded"] is False
    assert answer["versions"]["bundle"] == "table@1"
    assert answer["versions"]["ruleset"] == "everything@1"
    assert [option["rank"] for option in answer["options"]] == list(range(1, len(answer["options"]) + 1))
    best = answer["options"][0]
    assert best["total"] == pytest.approx(sum(best["terms"].values()))
    assert {line["line_id"] for shipment in best["shipments"] for line in shipment["lines"]} == {"1", "2"}


RULES_OVER_WHAT_WAS_FED = {
    "name": "everything",
    "strategy": {},
    "attributes": {"order": {"loyalty_points": "number"}, "line": {"abc": "text"}, "location": {"max_boxes": "number"}},
    "rules": [
        {
            "id": "no-outlets-for-gold",
            "when": 'order.customer_tier == "gold" && "gift" in order.tags && order.attributes.loyalty_points > 1000',
            "exclude": '"outlet" in location.tags && location.attributes.max_boxes == 20 && line.attributes.abc == "A"',
        }
    ],
}


async def test_rules_see_what_was_fed_and_what_the_order_brought(fed: Api) -> None:
    await fed.client.post("/v1/rulesets/everything/publish", json=RULES_OVER_WHAT_WAS_FED)

    async def excluded(**changed: Any) -> list[tuple[str, list[str]]]:
        answer = (await fed.decide({**examples.ORDER, **changed})).json()
        return [(place["location_id"], place["line_ids"]) for place in answer["excluded"]]

    assert await excluded() == [("S014", ["1"])]
    assert await excluded(customer_tier=None) == []
    assert await excluded(tags=[]) == []
    assert await excluded(attributes={"loyalty_points": "many"}) == []  # another type than declared: missing
    line = examples.ORDER["lines"][0]
    assert await excluded(lines=[{**line, "attributes": {"abc": "B"}}]) == []  # what the order says of the line wins


async def test_an_order_brings_open_shipments_and_groups(fed: Api) -> None:
    open_shipment = {"shipment_id": "P-7", "location_id": "S014", "carrier_service_id": "std", "units": 2, "lines": 1}
    lines = [{**line, "group": "set"} for line in examples.ORDER["lines"]]
    joined = await fed.decide({**examples.ORDER, "open_shipments": [open_shipment], "lines": lines})
    assert joined.status_code == 201, joined.text
    wrong = {**open_shipment, "location_id": "S999", "carrier_service_id": "drone"}
    refused = await fed.decide({**examples.ORDER, "open_shipments": [open_shipment, wrong]})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == [
        "open_shipments[1].location_id",
        "open_shipments[1].carrier_service_id",
    ]


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"attributes": {"points": {}}}, "attributes.points"),
        ({"tags": "gift"}, "tags"),
        ({"customer_tier": 3}, "customer_tier"),
        ({"lines": [{**examples.ORDER["lines"][0], "group": ""}]}, "lines[0].group"),
        ({"open_shipments": [{"shipment_id": "P"}]}, "open_shipments[0].location_id"),
    ],
)
async def test_what_is_wrong_with_an_order_s_facts_for_rules_is_named(
    fed: Api, wrong: dict[str, Any], field: str
) -> None:
    refused = await fed.decide({**examples.ORDER, **wrong})
    assert refused.status_code == 422
    assert field in [error["field"] for error in refused.json()["errors"]]


async def test_never_may_be_promised_as_the_end_of_all_calendars(fed: Api) -> None:
    never = {**examples.ORDER, "promised_at": "9999-12-31T23:59:59Z"}
    response = await fed.decide(never)
    assert response.status_code == 201, response.text
    assert response.json()["options"][0]["shipments"][0]["delivery"]["p_late"] == 0
    placed = await fed.client.post("/v1/orders", json=never)
    assert placed.status_code == 201, placed.text


async def test_stock_may_be_expected_at_the_end_of_all_calendars(fed: Api) -> None:
    await fed.feed("inbound", [{**examples.ROWS["inbound"][0], "expected_at": "9999-12-31T23:59:59Z"}])
    line = {"sku": examples.ROWS["inbound"][0]["sku"], "quantity": 1_000}
    response = await fed.client.post("/v1/promises", json={**examples.BASKET, "lines": [line]})
    assert response.status_code == 200, response.text


async def test_a_decision_can_be_read_again_byte_for_byte(fed: Api) -> None:
    made = await fed.decide(examples.ORDER)
    read = await fed.client.get(f"/v1/decisions/{made.json()['decision_id']}")
    assert read.status_code == 200
    assert read.content == made.content


async def test_deciding_touches_no_stock(fed: Api) -> None:
    before = fed.service.live.snapshot
    await fed.decide(examples.ORDER)
    await fed.decide(examples.ORDER)
    fed.service.live.refresh_now()
    assert fed.service.live.snapshot is before


async def test_a_collected_order_goes_to_its_store(fed: Api) -> None:
    response = await fed.decide(examples.COLLECTED_ORDER)
    assert response.status_code == 201, response.text


async def test_the_same_key_and_body_get_the_same_bytes(fed: Api) -> None:
    first = await fed.decide(examples.ORDER, **{"Idempotency-Key": "order-1"})
    again = await fed.decide(examples.ORDER, **{"Idempotency-Key": "order-1"})
    assert (again.status_code, again.content) == (first.status_code, first.content)
    other = await fed.decide(examples.ORDER, **{"Idempotency-Key": "order-2"})
    assert other.json()["decision_id"] != first.json()["decision_id"]


async def test_the_same_key_with_another_body_is_refused(fed: Api) -> None:
    await fed.decide(examples.ORDER, **{"Idempotency-Key": "order-1"})
    refused = await fed.decide({**examples.ORDER, "order_id": "W-1002"}, **{"Idempotency-Key": "order-1"})
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:smista:problem:idempotency-key-reused"


async def test_requests_that_race_with_one_key_all_get_the_winner_s_bytes(fed: Api) -> None:
    responses = await asyncio.gather(*(fed.decide(examples.ORDER, **{"Idempotency-Key": "race"}) for _ in range(20)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.content for response in responses}) == 1


def _without(field: str) -> dict[str, Any]:
    return {name: value for name, value in examples.ORDER.items() if name != field}


def _with_line(**changes: object) -> dict[str, Any]:
    return {**examples.ORDER, "lines": [{**examples.ORDER["lines"][0], **changes}]}


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("order", "field"),
    [
        (_without("order_id"), "order_id"),
        (_without("destination"), "destination"),
        ({**examples.ORDER, "placed_at": "2026-03-02T09:14:00"}, "placed_at"),
        ({**examples.ORDER, "currency": "euro"}, "currency"),
        ({**examples.ORDER, "delivery_method": "drone"}, "delivery_method"),
        ({**examples.ORDER, "delivery_method": "click_and_collect"}, "collect_location_id"),
        ({**examples.ORDER, "promised": "2026-03-05T17:00:00Z"}, "promised"),
        ({**examples.ORDER, "lines": []}, "lines"),
        ({**examples.ORDER, "lines": examples.ORDER["lines"][:1] * 2}, "lines"),
        ({**examples.ORDER, "destination": {"country": "IT", "latitude": 145.0}}, "destination.latitude"),
        (_with_line(quantity=0), "lines[0].quantity"),
        (_with_line(quantity="1"), "lines[0].quantity"),
        (_with_line(quantity=True), "lines[0].quantity"),
        (_with_line(unit_price="49.90"), "lines[0].unit_price"),
        ({**examples.ORDER, "options": "5"}, "options"),
        ({**examples.ORDER, "placed_at": 1772431200}, "placed_at"),
        ({**examples.ORDER, "placed_at": "20260302"}, "placed_at"),
        ({**examples.ORDER, "destination": {"country": "IT", "latitude": "45.47"}}, "destination.latitude"),
        (_with_line(sku="a\x00b"), "lines[0].sku"),
        (_with_line(sku="SKU-9"), "lines[0].sku"),
        ({**examples.COLLECTED_ORDER, "collect_location_id": "S999"}, "collect_location_id"),
    ],
)
async def test_what_is_wrong_with_an_order_is_named(fed: Api, order: dict[str, Any], field: str) -> None:
    response = await fed.decide(order)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 422
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["instance"] == "/v1/decisions"


async def test_an_order_in_another_currency_than_the_bundle_s_is_refused(fed: Api) -> None:
    response = await fed.decide({**examples.ORDER, "currency": "GBP"})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["field"] == "currency"
    assert "GBP" in error["message"]
    assert "EUR" in error["message"]


def _with_lines(count: int) -> dict[str, Any]:
    return {**examples.ORDER, "lines": [{"line_id": str(at), "sku": "SKU-1", "quantity": 1} for at in range(count)]}


async def test_an_order_of_more_lines_than_can_be_planned_is_refused(fed: Api) -> None:
    response = await fed.decide(_with_lines(MOST_LINES_AT_ALL + 1))
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["field"] == "lines"
    assert f"at most {MOST_LINES_AT_ALL}" in error["message"]


@dataclass(frozen=True)
class HeldPredictor(TablePredictor):
    """Says when it is asked, and answers once it is let go."""

    asked: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def cost(self, facts: Columns) -> FloatArray:
        self.asked.set()
        assert self.let_go.wait(timeout=20), "nobody else was answered meanwhile"
        return super().cost(facts)


async def test_others_are_answered_while_a_long_order_is_decided(fed: Api) -> None:
    held = HeldPredictor()
    fed.service.live.predictor = held
    long = asyncio.create_task(fed.decide(_with_lines(13)))
    assert await asyncio.to_thread(held.asked.wait, 20)
    assert not long.done()
    assert (await fed.client.get("/healthz")).status_code == 200
    held.let_go.set()
    assert (await long).status_code == 201


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"{", 400), (b"\xff\xfe", 400), (b"[" * 5000, 400), (b"null", 422), (b"[1]", 422)],
)
async def test_a_body_that_is_no_order_is_refused(fed: Api, content: bytes, status: int) -> None:
    response = await fed.client.post("/v1/decisions", content=content)
    assert response.status_code == status
    assert "Traceback" not in response.text


async def test_one_option_is_not_called_the_only_one_when_there_are_more(fed: Api) -> None:
    few, many = [(await fed.client.post("/v1/decisions", json={**examples.ORDER, "options": n})).json() for n in (1, 5)]
    assert len(few["options"]) == 1
    assert len(many["options"]) > 1
    assert few["options"][0]["explanation"] == many["options"][0]["explanation"]


async def test_an_order_without_stock_says_what_is_missing(fed: Api) -> None:
    await fed.feed("products", [{"sku": "SKU-3"}])
    response = await fed.decide(_with_line(sku="SKU-3"))
    assert response.status_code == 201
    answer = response.json()
    assert answer["options"] == []
    assert [(line["line_id"], line["sku"]) for line in answer["missing"]] == [("1", "SKU-3")]


async def test_an_unknown_decision_is_not_found(fed: Api) -> None:
    response = await fed.client.get("/v1/decisions/nothing")
    assert (response.status_code, response.json()["type"]) == (404, "urn:smista:problem:not-found")


async def test_the_log_keeps_the_request_and_who_asked(fed: Api) -> None:
    made = await fed.decide(examples.ORDER)
    row = fed.service.database.read_now(lambda connection: connection.execute(select(decisions)).one())
    assert orjson.loads(row.request) == examples.ORDER
    assert row.answer == made.content
    assert (row.client, row.bundle, row.ruleset) == ("development", "table@1", "everything@1")


async def test_the_sentences_are_in_the_language_that_was_asked_for(fed: Api) -> None:
    english = (await fed.decide(examples.ORDER)).json()
    italian = (await fed.decide({**examples.ORDER, "language": "it"})).json()
    assert (english["language"], italian["language"]) == ("en", "it")
    assert english["options"][0]["explanation"].startswith("One parcel from")
    assert italian["options"][0]["explanation"].startswith("Un pacco da")
    assert [option["total"] for option in italian["options"]] == [option["total"] for option in english["options"]]
    refused = await fed.decide({**examples.ORDER, "language": "fr"})
    assert [error["field"] for error in refused.json()["errors"]] == ["language"]


async def test_what_changed_is_told_in_the_language_that_was_asked_for(fed: Api) -> None:
    one, other = [(await fed.decide(examples.ORDER)).json()["decision_id"] for _ in range(2)]
    path = f"/v1/decisions/{other}/changes"
    told = [
        (await fed.client.get(path, params={"since": one, "language": language})).json()["text"]
        for language in ("en", "it")
    ]
    assert told == ["The same plan wins.", "Vince lo stesso piano."]


async def test_decisions_on_different_orders_are_not_compared(fed: Api) -> None:
    one, other = [
        (await fed.decide({**examples.ORDER, "order_id": name})).json()["decision_id"] for name in ("A-1", "A-2")
    ]
    refused = await fed.client.get(f"/v1/decisions/{other}/changes", params={"since": one})
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"field": "query.since", "message": "is a decision on the order 'A-1'; the other is on 'A-2'"}
    ]


async def test_the_text_of_an_answer_can_be_told_again_from_the_answer(fed: Api) -> None:
    made = await fed.decide(examples.ORDER)
    decision = read_answer(made.content)
    assert answer_bytes(made.json()["decision_id"], tell(tell(decision, "it"), "en")) == made.content


async def test_a_decision_of_before_answers_were_data_is_not_compared(fed: Api) -> None:
    made = await fed.decide(examples.ORDER)
    early = orjson.dumps({**made.json(), "currency": None, "limits": None})
    fed.service.database.write_now(lambda connection: connection.execute(update(decisions).values(answer=early)))
    decision_id = made.json()["decision_id"]
    response = await fed.client.get(f"/v1/decisions/{decision_id}/changes", params={"since": decision_id})
    assert (response.status_code, response.json()["type"]) == (422, "urn:smista:problem:decision-too-old")


async def test_an_order_that_the_rules_stop_is_told_what_to_relax(fed: Api) -> None:
    shut = [{"id": "shut", "exclude": "true", "reason": "inventory day"}]
    await fed.client.post("/v1/rulesets/everything/publish", json={"name": "everything", "rules": shut})
    answer = (await fed.decide(examples.ORDER)).json()
    assert answer["options"] == []
    assert [relaxation["rule_ids"] for relaxation in answer["relaxations"]] == [["shut"]]
    assert answer["summary"].startswith("No plan stands. The order could be fulfilled without the rule shut")
    assert [(line["available"], line["short"]) for line in answer["missing"]] == [(1, 0), (2, 0)]


async def test_a_decision_that_no_database_can_have_is_refused(api: Api) -> None:
    assert (await api.client.get("/v1/decisions/a%00b")).status_code == 422
    assert (await api.client.get("/v1/decisions/a/changes", params={"since": "a\0b"})).status_code == 422
