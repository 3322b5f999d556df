"""Whatever is sent, the API answers as its OpenAPI document says, and never with a server error."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.app import create_app
from serving.settings import Settings
from serving.wire import examples
from tests.integration.kept_databases import postgres_database
from tests.unit.serving.table_predictor import TablePredictor

CALLS = [
    ("/v1/decisions", "POST"),
    ("/v1/decisions/{decision_id}", "GET"),
    ("/v1/decisions/{decision_id}/changes", "GET"),
    ("/v1/promises", "POST"),
    ("/v1/promises/bulk", "POST"),
    ("/v1/locations", "PUT"),
    ("/v1/products", "PUT"),
    ("/v1/carrier-services", "PUT"),
    ("/v1/stock", "PUT"),
    ("/v1/inbound", "PUT"),
    ("/v1/stock", "GET"),
    ("/v1/stock/movements", "POST"),
    ("/v1/orders", "POST"),
    ("/v1/orders/{order_id}", "GET"),
    ("/v1/orders/{order_id}", "DELETE"),
    ("/v1/orders/{order_id}/confirm", "POST"),
    ("/v1/orders/{order_id}/route", "POST"),
    ("/v1/orders/{order_id}/lines/{line_id}", "PATCH"),
    ("/v1/decisions/{decision_id}/commit", "POST"),
    ("/v1/tasks", "GET"),
    ("/v1/shipments/{shipment_id}/events", "POST"),
    ("/v1/webhooks", "GET"),
    ("/v1/webhooks", "POST"),
    ("/v1/webhooks/{webhook_id}", "DELETE"),
    ("/v1/webhooks/{webhook_id}/dead-letters", "GET"),
    ("/v1/webhooks/{webhook_id}/dead-letters/resend", "POST"),
    ("/v1/footfall", "PUT"),
    ("/v1/rulesets", "GET"),
    ("/v1/rulesets/{name}/publish", "POST"),
    ("/v1/models", "GET"),
    ("/healthz", "GET"),
    ("/readyz", "GET"),
    ("/metrics", "GET"),
]

#: What holds for every call. That valid requests are accepted does not: an order may name a sku nobody has fed. That
#: invalid ones are refused does not either: a feed with bad rows is answered with those rows.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, str]]]:
    """Addresses of fed services with the headers that let one in: one on SQLite, one on PostgreSQL where that is there.

    PostgreSQL refuses what SQLite keeps.
    """
    with ExitStack() as running:
        urls: list[str | None] = [None]
        with suppress(pytest.skip.Exception):  # who has only SQLite tries that
            urls.append(running.enter_context(postgres_database()))
        yield dict(running.enter_context(served(tmp_path_factory.mktemp("service"), url)) for url in urls)


@contextmanager
def served(folder: Path, database_url: str | None) -> Iterator[tuple[str, dict[str, str]]]:
    """A fed service behind a real socket: its address, and the header that lets one in."""
    app = create_app(Settings(work_folder=folder, database_url=database_url), TablePredictor())
    headers = {"Authorization": f"Bearer {(folder / 'api-key').read_text().strip()}"}
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, headers=headers) as client:
                for name, rows in examples.ROWS.items():
                    assert client.put(f"/v1/{name}", json=rows).status_code == 200
                assert client.post("/v1/rulesets/all/publish", json={"strategy": {}}).status_code == 201
            yield address, headers
        finally:
            server.should_exit = True
            serving.join()
            app.state.service.database.close()


@pytest.fixture(scope="module")
def schema(services: dict[str, dict[str, str]]) -> BaseSchema:
    """The API as its own document describes it, wherever it keeps its data."""
    return schemathesis.openapi.from_url(f"{next(iter(services))}/openapi.json")


def test_every_call_of_the_document_is_tried_here(schema: BaseSchema) -> None:
    described = {(path, method.upper()) for path, methods in schema.raw_schema["paths"].items() for method in methods}
    assert described == set(CALLS)


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [(*call, GenerationMode.POSITIVE) for call in CALLS]
    + [(*call, GenerationMode.NEGATIVE) for call in CALLS if call[1] != "GET" or "{" in call[0]],
)
def test_every_call_answers_as_described(
    schema: BaseSchema, services: dict[str, dict[str, str]], path: str, method: str, mode: GenerationMode
) -> None:
    operation = schema[path][method]

    @settings(
        max_examples=20,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # shrinking over HTTP would take minutes
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def try_it(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        for address, headers in services.items():  # to make the case takes longer than to try it
            case.call_and_validate(base_url=address, headers=headers, checks=CHECKS)

    try_it()
