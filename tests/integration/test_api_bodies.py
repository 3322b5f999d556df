"""Bodies as clients write them: what could be read in two ways is refused, what is plain is read."""

import gzip
import json

import pytest

from serving.wire import examples
from tests.integration.conftest import Api

pytestmark = pytest.mark.anyio


async def _feed_examples(api: Api) -> None:
    for name in ("locations", "products", "carrier-services", "stock", "footfall"):
        assert (await api.feed(name, examples.ROWS[name]))["rejected"] == []


@pytest.mark.parametrize(
    ("feed", "field", "value"), [("stock", "on_hand", 40), ("products", "weight_kg", 1.0), ("footfall", "visitors", 3)]
)
async def test_a_name_that_stands_twice_is_refused_and_not_the_last_taken(
    api: Api, feed: str, field: str, value: float
) -> None:
    await _feed_examples(api)
    good, doubtful = (json.dumps(examples.ROWS[feed][0]) for _ in range(2))
    doubtful = doubtful[:-1] + f', "{field}": {value}}}'
    response = await api.client.put(
        f"/v1/{feed}", content=f"{good}\n{doubtful}\n", headers={"Content-Type": "application/x-ndjson"}
    )
    assert response.json()["accepted"] == 1
    assert response.json()["rejected"] == [
        {"index": 1, "field": field, "reason": "stands more than once in its object"}
    ]
    response = await api.client.put(f"/v1/{feed}", content=f"[{good},{doubtful}]")
    assert response.status_code == 400
    assert response.json()["detail"] == f"[1].{field} stands more than once in its object"


@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
async def test_a_feed_that_begins_with_a_byte_order_mark_is_read(api: Api, media_type: str) -> None:
    await _feed_examples(api)
    for feed in ("products", "stock"):
        row = json.dumps({**examples.ROWS[feed][0], "sku": "SKU-2"})
        content = b"\xef\xbb\xbf" + (f"[{row}]" if media_type == "application/json" else f"{row}\n{row}\n").encode()
        for headers in ({}, {"Content-Encoding": "gzip"}):
            sent = gzip.compress(content) if headers else content
            response = await api.client.put(
                f"/v1/{feed}", content=sent, headers={"Content-Type": media_type, **headers}
            )
            assert response.json()["rejected"] == []


async def test_an_order_that_says_a_thing_twice_is_refused_and_not_by_its_last_word(api: Api) -> None:
    content = json.dumps(examples.ORDER).replace('"quantity": ', '"quantity": 100, "quantity": ', 1)
    response = await api.client.post("/v1/decisions", content=content)
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"field": "lines[0].quantity", "message": "stands more than once in its object"}
    ]
