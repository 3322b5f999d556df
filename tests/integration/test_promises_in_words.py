"""The sentences of promises as a customer reads them: her own clock, her own language, today or another day."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.conftest import Api
from tests.integration.test_promises_not_made import STANDARD, STORE, WAREHOUSE, ask, open_shop

pytestmark = pytest.mark.anyio

CUT_OFFS = {"cut_offs": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "16:00")}


async def order(api: Api, promise: dict[str, Any], quantity: int, **more: Any) -> list[str]:
    """What is told to have changed, of an order for some of A that brings its promise."""
    body = {
        "order_id": "A",
        "currency": "EUR",
        "placed_at": "2026-03-02T09:20:00Z",
        "delivery_method": "home",
        "destination": {"country": "IT", "latitude": 45.47, "longitude": 9.19},
        "promise": promise["token"],
        "lines": [{"line_id": "1", "sku": "A", "quantity": quantity}],
        "backorder": True,
        **more,
    }
    response = await api.client.post("/v1/orders", json=body)
    assert response.status_code == 201, response.text
    return [change["text"] for change in response.json()["promise"]["changed"]]


@pytest.mark.parametrize(
    ("language", "today", "tomorrow"),
    [
        ("en", " if ordered by 16:00;", " if ordered by Tue 3 Mar at 16:00;"),
        ("it", " ordinando entro le 16:00;", " ordinando entro mar 3 mar alle 16:00;"),
    ],
)
async def test_a_cut_off_of_another_day_names_it_shortly_before_midnight_too(
    api: Api, language: str, today: str, tomorrow: str
) -> None:
    await open_shop(api, [{**WAREHOUSE, **CUT_OFFS}], [STANDARD], {"A": {"W": 5}})
    told = (await ask(api, [{"sku": "A"}], methods=["home"], language=language))["promises"][0]["text"]
    assert today in told
    api.clock.now = datetime(2026, 3, 2, 22, 50, tzinfo=UTC)  # 23:50 in Rome: valid until past midnight
    told = (await ask(api, [{"sku": "A"}], methods=["home"], language=language))["promises"][0]["text"]
    assert tomorrow in told


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en",
            [
                "The order is not what was asked for. What differs: its lines.",
                "The promise was valid until Mon 2 Mar at 10:35.",
                "The cut-off on Mon 2 Mar at 16:00 has passed.",
            ],
        ),
        (
            "it",
            [
                "L'ordine non è quello richiesto. Che cosa cambia: le righe.",
                "La promessa era valida fino a lun 2 mar alle 10:35.",
                "Il termine di lun 2 mar alle 16:00 è passato.",
            ],
        ),
    ],
)
async def test_what_has_changed_is_told_by_the_clock_of_the_destination(
    api: Api, language: str, texts: list[str]
) -> None:
    await open_shop(api, [{**WAREHOUSE, **CUT_OFFS}], [STANDARD], {"A": {"W": 5}})
    promise = (await ask(api, [{"sku": "A"}], methods=["home"]))["promises"][0]
    api.clock.now = datetime(2026, 3, 2, 15, 0, 1, tzinfo=UTC)
    assert (await order(api, promise, 9, language=language))[:3] == texts


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", {"4.90 EUR for delivery.", "2.00 EUR for collection.", "free of charge.", "the fee is not known."}),
        ("it", {"consegna 4,90 EUR.", "ritiro 2,00 EUR.", "ritiro gratuito.", "costo non indicato."}),
    ],
)
async def test_who_collects_is_not_told_of_a_delivery(api: Api, language: str, texts: set[str]) -> None:
    fees = [{"fee": 4.9, "method": "home"}, {"fee": 2, "method": "ship_to_store"}]
    fees.append({"fee": 0, "method": "click_and_collect"})
    await open_shop(api, [WAREHOUSE, STORE], [STANDARD], {"A": {"S": 5, "W": 5}}, promises={"fees": fees})
    answer = await ask(api, [{"sku": "A"}], language=language)
    assert {promise["text"].rpartition("; ")[2] for promise in answer["promises"]} == texts


CLOSED = {"closed_on": [f"2026-03-{day:02}" for day in range(2, 9)]}


@pytest.mark.parametrize("row", ["location", "service"])
async def test_a_place_or_a_carrier_that_does_not_work_any_more_is_told_to_have_changed(api: Api, row: str) -> None:
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}})
    promise = (await ask(api, [{"sku": "A"}], methods=["home"]))["promises"][0]
    name, fed = ("locations", WAREHOUSE) if row == "location" else ("carrier-services", STANDARD)
    assert (await api.feed(name, [{**fed, **CLOSED}]))["rejected"] == []
    changed = await order(api, promise, 1)
    assert changed == ["When W, its carrier service or the collecting store works is not as it was."]


@pytest.mark.parametrize("change", [{"level": "economy"}, {"location_type": "store"}, {"max_weight_kg": 1}])
async def test_a_carrier_that_takes_it_no_more_is_told_and_not_that_the_stock_has_gone(
    api: Api, change: dict[str, Any]
) -> None:
    """Whatever keeps it from bringing the parcel: the pieces lie where they lay."""
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}, "B": {"W": 5}})
    heavy = [{"sku": sku, "weight_kg": 0.7} for sku in ("A", "B", "C")]
    assert (await api.feed("products", heavy))["rejected"] == []
    promise = (await ask(api, [{"sku": "A"}, {"sku": "B"}], methods=["home"]))["promises"][0]
    assert (await api.feed("carrier-services", [{**STANDARD, **change}]))["rejected"] == []
    lines = [{"line_id": str(at), "sku": sku, "quantity": 1} for at, sku in enumerate("AB", 1)]
    told = await order(api, promise, 1, lines=lines)
    assert told == ["Carrier service std no longer brings this from W."]


async def test_a_place_that_is_full_is_told_once_and_not_that_its_stock_has_gone(api: Api) -> None:
    await open_shop(api, [WAREHOUSE], [STANDARD], {"A": {"W": 5}, "B": {"W": 5}})
    promise = (await ask(api, [{"sku": "A"}, {"sku": "B"}], methods=["home"]))["promises"][0]
    full = {**WAREHOUSE, "capacity_per_day": 1, "capacity_used": 1, "capacity_used_on": "2026-03-02"}
    assert (await api.feed("locations", [full]))["rejected"] == []
    lines = [{"line_id": str(at), "sku": sku, "quantity": 1} for at, sku in enumerate("AB", 1)]
    assert await order(api, promise, 1, lines=lines) == ["W has no capacity left today (1 shipments)."]


async def test_a_carrier_that_takes_it_to_the_gram_is_not_told_to_bring_it_no_more(api: Api) -> None:
    """Three times 1.1 kg are a rounding error more than 3.3 kg."""
    service = {**STANDARD, "max_weight_kg": 3.3}
    await open_shop(api, [WAREHOUSE], [service], {"A": {"W": 5}})
    assert (await api.feed("products", [{"sku": "A", "weight_kg": 1.1}]))["rejected"] == []
    promise = (await ask(api, [{"sku": "A", "quantity": 3}], methods=["home"]))["promises"][0]
    assert (await api.feed("carrier-services", [{**service, **CLOSED}]))["rejected"] == []
    changed = await order(api, promise, 3)
    assert changed == ["When W, its carrier service or the collecting store works is not as it was."]
