"""``/v1/models``: the bundle in service."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response

from serving.service import client_with, service_of
from serving.settings import ApiKey
from serving.state.learning import calibration_named
from serving.wire.documentation import answers
from serving.wire.state import ModelsAnswer

router = APIRouter(tags=["models"])


@router.get(
    "/v1/models",
    operation_id="get_models",
    responses=answers(200, ModelsAnswer, (401, 403)),
)
async def get_models(request: Request, _client: Annotated[ApiKey, Depends(client_with("read", "operate"))]) -> Response:
    """The bundle that predicts; null when there is none."""
    predictor = service_of(request).live.predictor
    in_service = predictor and {
        "bundle": predictor.version,
        "outcomes": predictor.outcomes,
        "calibration": calibration_named(predictor),
    }
    return Response(orjson.dumps({"in_service": in_service}), media_type="application/json")
