"""``/v1/rulesets``: what is in force, and changing it while orders flow."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from decision.errors import RulesetError
from decision.rules.ruleset import check_ruleset
from serving.database.idempotency import Answer, answered_before, write_once
from serving.database.ruleset_store import live_rulesets, publish
from serving.errors import FieldError, InvalidRulesetError
from serving.rulesets.documents import YAML, read_document
from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.web.body import media_type, read_body
from serving.web.idempotency import attempt_of
from serving.wire import examples
from serving.wire.documentation import IDEMPOTENCY_KEY, Description, answers, body
from serving.wire.fields import Identifier
from serving.wire.state import RulesetAnswer, RulesetsAnswer

router = APIRouter(tags=["rulesets"])


def _documents() -> Description:
    described = body({"type": "object"}, {"home delivery": examples.RULESET})
    described["content"][YAML[0]] = {"schema": {"type": "object"}}
    return described


@router.get(
    "/v1/rulesets",
    operation_id="get_rulesets",
    responses=answers(200, RulesetsAnswer, (401, 403, 503)),
)
async def get_rulesets(
    request: Request, _client: Annotated[ApiKey, Depends(client_with("read", "operate"))]
) -> Response:
    """The live rulesets, in the order in which they are asked whether they apply to an order."""
    live = await service_of(request).database.read(live_rulesets)
    return Response(orjson.dumps({"rulesets": live}, option=orjson.OPT_UTC_Z), media_type="application/json")


@router.post(
    "/v1/rulesets/{name}/publish",
    operation_id="publish_ruleset",
    status_code=201,
    responses=answers(201, RulesetAnswer, (400, 401, 403, 413, 415, 422, 503)),
    openapi_extra={
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": _documents(),
    },
)
async def publish_ruleset(
    request: Request, name: Identifier, client: Annotated[ApiKey, Depends(client_with("operate"))]
) -> Response:
    """Check a ruleset and make it live at once, as the next version of its name. JSON, or YAML by its content type."""
    service = service_of(request)
    content = await read_body(request, service.settings.max_request_bytes)
    wanted = attempt_of(request, client, content)
    answer = await answered_before(service.database, wanted)
    if answer is None:
        document = {"name": name, **await asyncio.to_thread(read_document, content, media_type(request))}
        if document["name"] != name:
            message = f"must be {name!r}, as in the path"
            raise InvalidRulesetError(f"name: {message}", [FieldError("name", message)])
        try:
            await asyncio.to_thread(check_ruleset, document)
        except RulesetError as error:
            wrong = [FieldError(problem.place, str(problem)) for problem in error.problems]
            raise InvalidRulesetError(str(error), wrong) from error
        now = service.clock()

        def make_live(connection: Connection) -> Answer:
            published = publish(connection, name, document, now, client.name)
            return Answer(201, orjson.dumps(published, option=orjson.OPT_UTC_Z))

        answer = await write_once(service.database, wanted, make_live, now)
        await asyncio.to_thread(service.live.refresh_now)
    return Response(answer.body, answer.status, media_type="application/json")
