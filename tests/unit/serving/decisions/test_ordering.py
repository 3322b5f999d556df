"""From the order that was sent to the order that is decided."""

import numpy as np
import orjson
import pytest

from decision.network import Network
from decision.order import Destination
from serving.decisions.ordering import to_order
from serving.state.shared import Shared
from serving.state.snapshot import Product, Snapshot
from serving.wire import examples
from serving.wire.order import OrderBody

_PLACE = {"country": "IT", "postal_code": "20121", "region": "MI", "latitude": 45.472, "longitude": 9.188}
_ELSEWHERE = {"country": "FR", "postal_code": "75001"}

SNAPSHOT = Snapshot(
    network=Network({name: np.array([value], dtype=object) for name, value in _PLACE.items()}, {}, {}),
    positions={"S014": 0},
    products=Shared({sku: Product(None, None, None, None, hazmat=False, bulky=False) for sku in ("SKU-1", "SKU-2")}),
)


@pytest.mark.parametrize("method", ["click_and_collect", "reserve_and_collect", "ship_to_store"])
@pytest.mark.parametrize("sent", [None, _ELSEWHERE], ids=["no destination", "a destination"])
def test_a_collected_order_goes_to_its_store_whatever_destination_was_sent(
    method: str, sent: dict[str, str] | None
) -> None:
    body = {**examples.COLLECTED_ORDER, "delivery_method": method, "destination": sent}
    order = to_order(OrderBody.model_validate_json(orjson.dumps(body)), SNAPSHOT)
    assert order.destination == Destination("IT", "20121", "MI", 45.472, 9.188)


def test_an_order_sent_home_goes_there_also_when_it_names_a_store() -> None:
    body = {**examples.ORDER, "destination": _ELSEWHERE, "collect_location_id": "S014"}
    order = to_order(OrderBody.model_validate_json(orjson.dumps(body)), SNAPSHOT)
    assert order.destination == Destination("FR", "75001")


def test_lines_stand_in_the_order_of_their_numbers_as_text_however_they_were_sent() -> None:
    line = examples.ORDER["lines"][0]
    body = {**examples.ORDER, "lines": [{**line, "line_id": line_id} for line_id in ("2", "10", "b", "1")]}
    order = to_order(OrderBody.model_validate_json(orjson.dumps(body)), SNAPSHOT)
    assert [line.line_id for line in order.lines] == ["1", "10", "2", "b"]
