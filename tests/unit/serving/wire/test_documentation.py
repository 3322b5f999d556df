"""Who builds a client from the OpenAPI document finds every schema in it, and examples that fit them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from serving.app import create_app
from serving.settings import Settings


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document, as it is sent."""
    app = create_app(Settings(work_folder=tmp_path_factory.mktemp("described")))
    sent: dict[str, Any] = json.loads(json.dumps(app.openapi()))
    app.state.service.database.close()
    return sent


def bodies(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each call takes and answers, with where that stands."""
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            for kind, body in call.get("requestBody", {}).get("content", {}).items():
                yield f"{method} {path} {kind}", body
            for status, answer in call["responses"].items():
                for kind, body in answer.get("content", {}).items():
                    yield f"{method} {path} {status} {kind}", body


def test_every_schema_that_is_pointed_to_is_there(document: dict[str, Any]) -> None:
    pointed_to = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert pointed_to <= document["components"]["schemas"].keys()


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    """Fields that are null are in it."""
    tried = 0
    for where, body in bodies(document):
        validator = jsonschema_rs.validator_for({**body.get("schema", {}), "components": document["components"]})
        shown = [each["value"] for each in body.get("examples", {}).values()]
        for example in [*shown, *([body["example"]] if "example" in body else [])]:
            assert [f"{where}: {error.message}" for error in validator.iter_errors(example)] == []
            tried += 1
    assert tried > 30
