"""How the calls are described in OpenAPI. The service answers without these models: they cost nothing per request."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.wire import examples
from serving.wire.answer import ChangesAnswer, DecisionAnswer
from serving.wire.feed import FeedAnswer
from serving.wire.order import OrderBody
from serving.wire.placing import AmendBody, CommitBody, NewOrderBody, OrderAnswer, ShipmentEventAnswer
from serving.wire.problem import Problem
from serving.wire.promise import PromiseBody, PromisesAnswer
from serving.wire.promise_list import PromiseListAnswer, PromiseListBody
from serving.wire.rows import CarrierServiceRow, FootfallRow, InboundRow, LocationRow, ProductRow, StockRow
from serving.wire.shipments import ShipmentEventBody, TasksAnswer
from serving.wire.state import ModelsAnswer, ReadyAnswer, RulesetAnswer, RulesetsAnswer
from serving.wire.stock import MovementRow, MovementsAnswer, StockAnswer
from serving.wire.webhooks import DeadLettersAnswer, NewWebhookAnswer, ResentAnswer, WebhookBody, WebhooksAnswer

Description: TypeAlias = dict[str, Any]

_MODELS: Final[tuple[type[BaseModel], ...]] = (
    PromiseBody,
    PromisesAnswer,
    PromiseListBody,
    PromiseListAnswer,
    OrderBody,
    DecisionAnswer,
    ChangesAnswer,
    NewOrderBody,
    CommitBody,
    AmendBody,
    OrderAnswer,
    ShipmentEventAnswer,
    ShipmentEventBody,
    TasksAnswer,
    MovementRow,
    MovementsAnswer,
    StockAnswer,
    WebhookBody,
    NewWebhookAnswer,
    WebhooksAnswer,
    DeadLettersAnswer,
    ResentAnswer,
    LocationRow,
    ProductRow,
    CarrierServiceRow,
    StockRow,
    InboundRow,
    FootfallRow,
    FeedAnswer,
    RulesetAnswer,
    RulesetsAnswer,
    ModelsAnswer,
    ReadyAnswer,
    Problem,
)
_REFERENCE: Final = "#/components/schemas/{model}"
#: What is shown of an answer when all is well, by the reference to its model.
_SHOWN: Final[dict[str, Any]] = {
    _REFERENCE.format(model=model.__name__): example
    for model, example in (
        (PromisesAnswer, examples.PROMISES),
        (PromiseListAnswer, examples.PROMISES_OF_ITEMS),
        (DecisionAnswer, examples.DECISION),
        (ChangesAnswer, examples.CHANGES),
        (FeedAnswer, examples.FEED_ANSWER),
        (ModelsAnswer, examples.MODELS),
        (ReadyAnswer, examples.READY),
    )
}

IDEMPOTENCY_KEY: Final[Description] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Your own name for this request. Sent again with the same body it gets the same bytes; "
    "with another body it is refused.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def reference(model: type[BaseModel]) -> Description:
    """A pointer to the schema of ``model``."""
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def body(schema: Description, named: Mapping[str, Any]) -> Description:
    """A request body of JSON; ``named`` examples by their names."""
    shown = {name: {"summary": name, "value": value} for name, value in named.items()}
    return {"required": True, "content": {"application/json": {"schema": schema, "examples": shown}}}


def answers(status: int, model: type[BaseModel], problem_statuses: tuple[int, ...]) -> dict[int | str, Description]:
    """What a call answers: ``model`` when all is well, else one of the problems."""
    good = {"application/json": {"schema": reference(model)}}
    return {status: {"description": HTTPStatus(status).phrase, "content": good}, **problems(problem_statuses)}


def problems(statuses: tuple[int, ...]) -> dict[int | str, Description]:
    """Problem details with these statuses."""
    described: dict[int | str, Description] = {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {"application/problem+json": {"schema": reference(Problem)}},
        }
        for status in statuses
    }
    if 422 in described:
        described[422]["content"]["application/problem+json"]["example"] = examples.PROBLEM
    return described


class DescribedApp(FastAPI):
    """An application whose OpenAPI document holds the schemas that the descriptions point to."""

    def openapi(self) -> Description:
        """The document, made once."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, schemas = models_json_schema([(model, "validation") for model in _MODELS], ref_template=_REFERENCE)
            document.setdefault("components", {}).setdefault("schemas", {}).update(schemas["$defs"])
            for calls in document["paths"].values():
                for call in calls.values():
                    _show_answers(call)
        return super().openapi()


def _show_answers(call: Description) -> None:
    """Put the examples in here: FastAPI would leave out what is null, and answers have such fields."""
    for status, answer in call["responses"].items():
        for content in answer.get("content", {}).values():
            model = content.get("schema", {}).get("$ref")
            if status.startswith("2") and model in _SHOWN:
                content["example"] = _SHOWN[model]
