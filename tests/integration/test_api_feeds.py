"""Feeding the network: good rows are applied, bad ones named, on SQLite and PostgreSQL alike."""

import gzip
import json
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection

from serving import bootstrap
from serving.database.versions import current_version, next_version
from serving.wire import examples
from tests.integration.conftest import ON_ONE_DATABASE, Api

pytestmark = pytest.mark.anyio


async def _feed_examples(api: Api) -> None:
    for name in ("locations", "products", "carrier-services", "stock", "footfall"):
        answer = await api.feed(name, examples.ROWS[name])
        assert answer["rejected"] == []
        assert answer["accepted"] == len(examples.ROWS[name])


async def test_what_is_fed_is_what_decisions_see(api: Api) -> None:
    await _feed_examples(api)
    network = api.service.live.snapshot.network
    assert list(network.locations["location_id"]) == ["S014", "W001"]
    assert list(network.locations["postal_code"]) == ["20121", "29122"]
    assert network.locations["region"][1] is None
    assert network.locations["backlog"][0] == 5
    assert np.isnan(network.locations["backlog"][1])  # nobody told: unknown, not zero
    assert list(network.locations["tags"]) == [["outlet"], None]
    assert network.locations["attributes"][0] == {"max_boxes": 20, "night_shift": False}
    assert network.locations["opening_hours"][0]["mon"] == ["10:00-13:30", "15:00-19:30"]
    assert network.services["cut_offs"][0]["tue"] == "17:00"
    assert list(network.services["carrier_service_id"]) == ["std"]
    record = network.stock["SKU-2"]
    assert (record.location[0], record.on_hand[0], record.reserved[0], record.safety_stock[0]) == (0, 9, 1, 1)
    assert (record.daily_demand, record.markdown_risk) == (np.array([0.25]), np.array([0.1]))
    products = api.service.live.snapshot.products
    assert (products["SKU-2"].hazmat, products["SKU-2"].fragile, products["SKU-2"].cold) == (True, True, False)
    assert (products["SKU-1"].tags, products["SKU-1"].attributes) == (["season-2026"], {"abc": "A"})


async def test_a_later_count_replaces_an_earlier_one_whatever_order_they_come_in(api: Api) -> None:
    await _feed_examples(api)
    count = {"location_id": "S014", "sku": "SKU-1", "on_hand": 2, "counted_at": "2026-03-02T08:00:00Z"}
    assert (await api.feed("stock", [count]))["outdated"] == 0
    late = await api.feed("stock", [{**count, "on_hand": 7, "counted_at": "2026-03-02T07:00:00Z"}])
    assert (late["accepted"], late["outdated"]) == (1, 1)
    assert list(api.service.live.snapshot.network.stock["SKU-1"].on_hand) == [2]


async def test_a_new_location_between_others_leaves_each_stock_at_its_place(api: Api) -> None:
    await _feed_examples(api)
    await api.feed("stock", [{**examples.ROWS["stock"][0], "location_id": "W001", "on_hand": 50}])
    await api.feed("locations", [{**examples.ROWS["locations"][0], "location_id": "S020"}])
    network = api.service.live.snapshot.network
    record = network.stock["SKU-1"]
    held = dict(zip(network.locations["location_id"][record.location], record.on_hand, strict=True))
    assert held == {"S014": 4, "W001": 50}
    assert list(network.locations["location_id"]) == ["S014", "S020", "W001"]


async def test_good_rows_are_applied_and_each_bad_row_is_named(api: Api) -> None:
    await _feed_examples(api)
    good = examples.ROWS["stock"][0]
    bad: list[Any] = [
        {**good, "sku": "SKU-9"},
        {**good, "location_id": "S999"},
        {**good, "on_hand": -1},
        {**good, "counted_at": "2026-03-02T09:00:00"},
        {**good, "counted_at": "2026-03-03T09:00:00Z"},
        {**good, "onhand": 3},
        "nonsense",
    ]
    answer = await api.feed("stock", [bad[0], {**good, "on_hand": 6}, *bad[1:]])
    assert (answer["received"], answer["accepted"]) == (8, 1)
    assert [(row["index"], row["field"]) for row in answer["rejected"]] == [
        (0, "sku"),
        (2, "location_id"),
        (3, "on_hand"),
        (4, "counted_at"),
        (5, "counted_at"),
        (6, "onhand"),
        (7, ""),
    ]
    assert "SKU-9" in answer["rejected"][0]["reason"]
    assert list(api.service.live.snapshot.network.stock["SKU-1"].on_hand) == [6]


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("feed", "wrong", "field", "reason"),
    [
        ("locations", {"opening_hours": {"mon": ["9-13"]}}, "opening_hours.mon[0]", "'9' is not a time of day"),
        ("locations", {"opening_hours": {"monday": []}}, "opening_hours.monday", "should be 'mon', 'tue'"),
        ("locations", {"cut_offs": {"mon": "25:00"}}, "cut_offs.mon", "from 00:00 to 24:00"),
        ("locations", {"capacity_used_on": None}, "capacity_used_on", "needed with capacity_used"),
        ("locations", {"capacity_used_on": "20260302"}, "capacity_used_on", "write 2026-03-02"),
        ("locations", {"capacity_used_on": "2026-02-30"}, "capacity_used_on", "day is out of range for month"),
        (
            "locations",
            {"attributes": {"max_boxes": [1]}},
            "attributes.max_boxes",
            "must be a text",
        ),
        ("locations", {"attributes": {"max-boxes": 1}}, "attributes.max-boxes", "should match pattern"),
        ("locations", {"tags": ["a\u0000"]}, "tags[0]", "should match pattern"),
        ("products", {"attributes": {"abc": None}}, "attributes.abc", "must be a text"),
        ("carrier-services", {"cut_offs": {"mon": 16}}, "cut_offs.mon", "valid string"),
        ("stock", {"markdown_risk": 1.1}, "markdown_risk", "less than or equal to 1"),
        ("stock", {"daily_demand": -1}, "daily_demand", "greater than or equal to 0"),
    ],
)
async def test_a_wrong_fact_for_rules_names_its_field(
    api: Api, feed: str, wrong: dict[str, Any], field: str, reason: str
) -> None:
    await _feed_examples(api)
    (rejected,) = (await api.feed(feed, [{**examples.ROWS[feed][0], **wrong}]))["rejected"]
    assert rejected["field"].startswith(field)
    assert reason in rejected["reason"]


@ON_ONE_DATABASE
@pytest.mark.parametrize("media_type", ["application/json", "application/x-ndjson"])
@pytest.mark.parametrize(
    ("feed", "field", "value"),
    [
        ("locations", "latitude", "45.472"),
        ("locations", "capacity_per_day", True),
        ("locations", "name", 14),
        ("locations", "closed_on_public_holidays", "true"),
        ("products", "weight_kg", "0.9"),
        ("products", "hazmat", 1),
        ("carrier-services", "max_weight_kg", "30"),
        ("stock", "on_hand", "4"),
        ("stock", "on_hand", True),
        ("stock", "on_hand", 4.5),
        ("stock", "daily_demand", "0.2"),
        ("stock", "source_sequence", "7"),
        ("stock", "counted_at", 1772431200),
        ("stock", "counted_at", "1772431200"),
        ("stock", "counted_at", "20260302"),
        ("inbound", "quantity", "3"),
        ("footfall", "visitors", "40"),
        ("footfall", "hour_utc", 1772431200),
    ],
)
async def test_a_value_of_another_type_is_refused_and_named_not_guessed_at(
    api: Api, feed: str, field: str, value: object, media_type: str
) -> None:
    """An eight-digit date was taken for seconds of the year 1970, a truth for one piece."""
    await _feed_examples(api)
    row = {**examples.ROWS[feed][0], field: value}
    content = json.dumps([row] if media_type == "application/json" else row)
    response = await api.client.put(f"/v1/{feed}", content=content, headers={"Content-Type": media_type})
    (rejected,) = response.json()["rejected"]
    assert rejected["field"] == field
    assert rejected["reason"].startswith("Input should be a valid")


async def test_a_whole_number_may_be_written_with_its_point_and_an_amount_without(api: Api) -> None:
    """JSON has one kind of numbers."""
    await _feed_examples(api)
    rows = [{**examples.ROWS["stock"][0], "counted_at": "2026-03-02T08:00:00Z", "on_hand": 11.0, "daily_demand": 2}]
    assert (await api.feed("stock", rows))["rejected"] == []
    assert list(api.service.live.snapshot.network.stock["SKU-1"].on_hand) == [11]


async def test_ndjson_and_gzip_are_read(api: Api) -> None:
    lines = "\n".join(json.dumps(row) for row in examples.ROWS["products"]) + "\n{broken\n"
    response = await api.client.put(
        "/v1/products",
        content=gzip.compress(lines.encode()),
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
    )
    answer = response.json()
    assert (answer["received"], answer["accepted"]) == (3, 2)
    assert answer["rejected"][0]["index"] == 2
    assert set(api.service.live.snapshot.products) == {"SKU-1", "SKU-2"}


async def test_several_gzip_files_in_one_body_are_all_read(api: Api) -> None:
    files = [gzip.compress(json.dumps({"sku": f"SKU-{number}"}).encode() + b"\n") for number in range(3)]
    response = await api.client.put(
        "/v1/products",
        content=b"".join(files),
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
    )
    assert response.json()["accepted"] == 3
    assert set(api.service.live.snapshot.products) == {"SKU-0", "SKU-1", "SKU-2"}


async def test_a_count_of_before_the_calendar_is_refused_and_harms_nothing(api: Api) -> None:
    await _feed_examples(api)
    counts = [{**examples.ROWS["stock"][0], "counted_at": f"0001-01-01T00:00:00{zone}"} for zone in ("Z", "+14:00")]
    assert [row["field"] for row in (await api.feed("stock", counts))["rejected"]] == ["counted_at"] * 2
    assert (await api.client.get("/v1/stock", params={"sku": "SKU-1"})).status_code == 200


@ON_ONE_DATABASE
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"sku": "SKU-1"}', {}, 400),
        (b"[", {}, 400),
        (b'[{"sku":' + b"[" * 500 + b"]" * 500 + b"}]", {}, 400),
        (b"[]", {"Content-Type": "text/csv"}, 415),
        (b"[]", {"Content-Encoding": "br"}, 415),
        (b"[]", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"[]")[:-1], {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"[]") + b"[]", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"[" + b" " * 300_000_000 + b"]"), {"Content-Encoding": "gzip"}, 413),
    ],
    ids=["object", "cut off", "nested", "csv", "brotli", "not gzip", "gzip cut off", "more than gzip", "gzip bomb"],
)
async def test_what_cannot_be_read_is_refused_whole(
    api: Api, content: bytes, headers: dict[str, str], status: int
) -> None:
    response = await api.client.put(
        "/v1/products", content=content, headers={"Content-Type": "application/json", **headers}
    )
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


@ON_ONE_DATABASE
async def test_empty_gzip_files_without_end_are_refused(api: Api) -> None:
    endless = gzip.compress(b"") * (api.service.settings.max_request_bytes // 20 + 1)
    response = await api.client.post("/v1/promises", content=endless, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 413


async def test_a_sku_repeated_in_one_feed_keeps_its_last_row(api: Api) -> None:
    await api.feed("products", [{"sku": "A", "category": "one"}, {"sku": "A", "category": "two"}])
    assert api.service.live.snapshot.products["A"].category == "two"


async def test_footfall_is_compared_with_what_is_usual_at_that_local_hour(api: Api) -> None:
    await api.feed("locations", examples.ROWS["locations"])
    hour = api.clock.now.replace(minute=0) - timedelta(hours=1)
    weeks = [
        {"location_id": "S014", "hour_utc": (hour - timedelta(weeks=w)).isoformat(), "visitors": 40} for w in (1, 2)
    ]
    await api.feed("footfall", [*weeks, {"location_id": "S014", "hour_utc": hour.isoformat(), "visitors": 62}])

    def ratio() -> float:
        return float(api.service.live.snapshot.network.locations["footfall_ratio"][0])

    assert ratio() == pytest.approx(62 / 40)
    api.clock.now += timedelta(hours=1)
    api.service.live.refresh_now()
    assert ratio() == pytest.approx(62 / 40), "the reading of the hour before stands in for one that is late"
    api.clock.now += timedelta(hours=1)
    api.service.live.refresh_now()
    assert np.isnan(ratio()), "an old reading says nothing"


async def test_another_process_on_the_same_database_sees_what_was_fed(api: Api) -> None:
    other = bootstrap.build(api.service.settings, None, api.clock)
    await _feed_examples(api)
    other.live.refresh_now()
    seen, fed = other.live.snapshot, api.service.live.snapshot
    assert seen.version == fed.version
    assert seen.products == fed.products
    for sku, record in fed.network.stock.items():
        np.testing.assert_array_equal(seen.network.stock[sku].on_hand, record.on_hand)
    other.database.close()


async def test_what_one_read_sees_is_of_one_instant_though_others_write_meanwhile(api: Api) -> None:
    database = api.service.database

    def read_twice(connection: Connection) -> tuple[int, int]:
        first = current_version(connection)
        database.write_now(next_version)
        return first, current_version(connection)

    first, second = database.read_now(read_twice)
    assert second == first
    assert database.read_now(current_version) == first + 1
