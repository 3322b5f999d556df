"""Whatever is sent, the API answers as its OpenAPI document says, and never with a server error."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema

from serving.app import create_app
from serving.settings import Settings
from serving.wire import examples
from tests.unit.serving.table_predictor import TablePredictor

CALLS = [
    ("/v1/decisions", "POST"),
    ("/v1/decisions/{decision_id}", "GET"),
    ("/v1/locations", "PUT"),
    ("/v1/products", "PUT"),
    ("/v1/carrier-services", "PUT"),
    ("/v1/stock", "PUT"),
    ("/v1/footfall", "PUT"),
    ("/v1/rulesets", "GET"),
    ("/v1/rulesets/{name}/publish", "POST"),
    ("/v1/models", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
]


@pytest.fixture(scope="module")
def described_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[BaseSchema, dict[str, str]]]:
    """A fed service as its own document describes it, and the header that lets one in."""
    folder = tmp_path_factory.mktemp("service")
    app = create_app(Settings(work_folder=folder), TablePredictor())
    headers = {"Authorization": f"Bearer {(folder / 'api-key').read_text().strip()}"}

    async def feed() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://smista.test", headers=headers) as client:
            for name, rows in examples.ROWS.items():
                assert (await client.put(f"/v1/{name}", json=rows)).status_code == 200
            assert (await client.post("/v1/rulesets/all/publish", json={"strategy": {}})).status_code == 201

    asyncio.run(feed())
    yield schemathesis.openapi.from_dict(app.openapi()), headers
    app.state.service.database.close()


def test_every_call_of_the_document_is_tried_here(described_api: tuple[BaseSchema, dict[str, str]]) -> None:
    schema, _ = described_api
    described = {(found.ok().path, found.ok().method.upper()) for found in schema.get_all_operations()}
    assert described == set(CALLS)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("path", "method"), CALLS)
def test_every_call_answers_as_described(
    described_api: tuple[BaseSchema, dict[str, str]], path: str, method: str, mode: GenerationMode
) -> None:
    schema, headers = described_api
    operation = schema[path][method]

    @settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def try_it(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        case.call_and_validate(headers=headers)

    try_it()
