"""Who may call what, and what the machines around the service are told."""

from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.app import create_app
from serving.settings import ApiKey, Settings
from serving.web.keys import digest
from serving.wire import examples
from tests.integration.conftest import Api
from tests.unit.serving.table_predictor import TablePredictor

pytestmark = pytest.mark.anyio

KEYS = {
    "checkout": ("decide",),
    "warehouse-system": ("feeds",),
    "operations": ("operate",),
    "dashboard": ("read",),
    "shop": ("order",),
    "store": ("fulfil",),
}
CALLS = {
    ("POST", "/v1/decisions"): {"checkout"},
    ("GET", "/v1/decisions/x"): {"checkout", "dashboard"},
    ("POST", "/v1/orders"): {"shop"},
    ("GET", "/v1/orders/x"): {"shop", "dashboard"},
    ("POST", "/v1/orders/x/confirm"): {"shop"},
    ("POST", "/v1/orders/x/route"): {"shop", "operations"},
    ("DELETE", "/v1/orders/x"): {"shop"},
    ("PATCH", "/v1/orders/x/lines/1"): {"shop"},
    ("POST", "/v1/decisions/x/commit"): {"shop"},
    ("GET", "/v1/tasks?location=x"): {"store", "dashboard"},
    ("POST", "/v1/shipments/x/events"): {"store"},
    ("GET", "/v1/stock?sku=x"): {"warehouse-system", "shop", "operations", "dashboard"},
    ("POST", "/v1/stock/movements"): {"warehouse-system"},
    ("GET", "/v1/webhooks"): {"operations", "dashboard"},
    ("POST", "/v1/webhooks"): {"operations"},
    ("DELETE", "/v1/webhooks/x"): {"operations"},
    ("POST", "/v1/webhooks/x/dead-letters/resend"): {"operations"},
    ("PUT", "/v1/stock"): {"warehouse-system"},
    ("GET", "/v1/rulesets"): {"operations", "dashboard"},
    ("POST", "/v1/rulesets/x/publish"): {"operations"},
    ("GET", "/v1/models"): {"operations", "dashboard"},
}


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
async def test_a_key_may_do_what_its_scopes_say_and_nothing_else(tmp_path: Path, call: tuple[str, str]) -> None:
    keys = [ApiKey(name=name, sha256=digest(f"key of {name}"), scopes=scopes) for name, scopes in KEYS.items()]
    app = create_app(Settings(work_folder=tmp_path, api_keys=tuple(keys)), TablePredictor())
    assert not (tmp_path / "api-key").exists()
    allowed = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://smista.test") as client:
        for name in KEYS:
            response = await client.request(*call, headers={"Authorization": f"Bearer key of {name}"})
            assert response.status_code != 401
            if response.status_code != 403:
                allowed.add(name)
    app.state.service.database.close()
    assert allowed == CALLS[call]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}])
async def test_without_a_known_key_nothing_is_told(api: Api, header: dict[str, str]) -> None:
    del api.client.headers["Authorization"]
    for method, path in CALLS:
        response = await api.client.request(method, path, headers=header)
        assert response.status_code == 401, path
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["type"] == "urn:smista:problem:unauthenticated"


async def test_the_key_of_a_fresh_installation_is_its_owner_s_alone(tmp_path: Path) -> None:
    create_app(Settings(work_folder=tmp_path)).state.service.database.close()
    made = (tmp_path / "api-key").read_text()
    assert (tmp_path / "api-key").stat().st_mode & 0o077 == 0
    assert len(made.strip()) > 40
    create_app(Settings(work_folder=tmp_path)).state.service.database.close()
    assert (tmp_path / "api-key").read_text() == made, "a restart keeps the key"


async def test_readiness_says_what_is_missing_until_nothing_is(api: Api) -> None:
    predictor, api.service.live.predictor = api.service.live.predictor, None
    response = await api.client.get("/readyz")
    assert response.status_code == 503
    assert [item["what"] for item in response.json()["missing"]] == ["bundle", "network"]
    refused = await api.decide(examples.ORDER)
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:smista:problem:not-ready")
    api.service.live.predictor = predictor
    await api.feed("locations", examples.ROWS["locations"])
    response = await api.client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "missing": []})


async def test_tables_that_were_not_brought_up_to_date_are_said_to_be_missing(
    tmp_path: Path, bare_database_url: str
) -> None:
    settings = Settings(work_folder=tmp_path, database_url=bare_database_url, migrate_at_start=False)
    app = create_app(settings, TablePredictor())
    key = (tmp_path / "api-key").read_text().strip()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://smista.test") as client:
        missing = (await client.get("/readyz")).json()["missing"]
        assert "migrations" in [item["what"] for item in missing]
        response = await client.get("/v1/rulesets", headers={"Authorization": f"Bearer {key}"})
        assert response.status_code == 503
        assert response.json()["type"] == "urn:smista:problem:not-ready"
        assert "rulesets" not in response.json()["detail"], "no word of the database's own error"
    app.state.service.database.close()


async def test_the_models_call_names_the_bundle_in_service(api: Api) -> None:
    assert (await api.client.get("/v1/models")).json()["in_service"]["bundle"] == "table@1"


async def test_requests_and_phases_are_counted(api: Api) -> None:
    for name, rows in examples.ROWS.items():
        await api.feed(name, rows)
    await api.decide(examples.ORDER)
    await api.client.get("/v1/decisions/nothing")
    await api.client.get("/nowhere")
    text = (await api.client.get("/metrics")).text
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples["smista_requests_total", ("method", "POST"), ("route", "/v1/decisions"), ("status", "201")] == 1
    missed = ("smista_requests_total", ("method", "GET"), ("route", "/v1/decisions/{decision_id}"), ("status", "404"))
    assert samples[missed] == 1
    assert samples["smista_requests_total", ("method", "GET"), ("route", "unknown"), ("status", "404")] == 1
    for phase in ("parse", "decide", "respond", "log"):
        assert samples["smista_decision_phase_seconds_count", ("phase", phase)] == 1
    assert samples["smista_feed_rows_total", ("result", "accepted"), ("table", "stock")] == 2
    assert samples["smista_locations",] == 2


async def test_a_request_id_is_given_back_and_an_odd_one_replaced(api: Api) -> None:
    response = await api.client.get("/healthz", headers={"X-Request-Id": "checkout-17"})
    assert response.headers["x-request-id"] == "checkout-17"
    response = await api.client.get("/healthz", headers={"X-Request-Id": "a b\tc"})
    assert response.headers["x-request-id"] not in {"", "a b\tc"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/v1/stock", 405)])
async def test_the_framework_s_own_refusals_are_problems_too(api: Api, method: str, path: str, status: int) -> None:
    response = await api.client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["instance"] == path
