"""``/healthz``, ``/readyz``, ``/metrics``: for the machines that look after the service. No key is needed."""

import asyncio
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import DBAPIError

from serving.database.answering import require_answer
from serving.database.schema import is_current
from serving.service import Service, service_of
from serving.wire.documentation import answers, reference
from serving.wire.state import ReadyAnswer

router = APIRouter(tags=["health"])

#: Whoever asks whether the service is ready waits no longer for its database.
_SECONDS: Final = 5


@router.get("/healthz", operation_id="healthz", responses={200: {"description": "The process answers"}})
async def healthz() -> Response:
    """Whether the process answers. It says nothing about what is missing: see `/readyz`."""
    return Response(b'{"status":"ok"}', media_type="application/json")


@router.get(
    "/readyz",
    operation_id="readyz",
    responses={
        **answers(200, ReadyAnswer, ()),
        503: {
            "description": "Something is missing",
            "content": {"application/json": {"schema": reference(ReadyAnswer)}},
        },
    },
)
async def readyz(request: Request) -> Response:
    """Whether decisions can be made; if not, what is missing and what to do."""
    missing = await _missing(service_of(request))
    answer = {"ready": not missing, "missing": [{"what": what, "do": do} for what, do in missing.items()]}
    return Response(orjson.dumps(answer), 503 if missing else 200, media_type="application/json")


@router.get("/metrics", operation_id="metrics", response_class=PlainTextResponse)
async def metrics(request: Request) -> Response:
    """Counts and times, for Prometheus."""
    service = service_of(request)
    snapshot = service.live.snapshot
    service.metrics.state_version.set(snapshot.version)
    service.metrics.locations.set(len(snapshot.positions))
    service.metrics.skus_in_stock.set(len(snapshot.network.stock))
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)


async def _missing(service: Service) -> dict[str, str]:
    """What decisions need and the service lacks, with what to do about each."""
    missing = {}
    try:
        async with asyncio.timeout(_SECONDS):
            if not service.live.snapshot.is_read:  # readers that hang on a silent database could not open it later
                await asyncio.to_thread(require_answer, service.settings.database)
            current = await service.database.read(is_current)
        if not current:
            missing["migrations"] = "start with SMISTA_MIGRATE_AT_START=true to bring the tables up to date"
        elif not service.live.snapshot.is_read:
            missing["state"] = "the database answers and is about to be read; where that goes on, see the log"
    except (DBAPIError, TimeoutError):
        missing["database"] = "the database does not answer: check SMISTA_DATABASE_URL and the log"
    if service.live.predictor is None:
        missing["bundle"] = "train one (smista train), then start with smista serve --bundle FOLDER"
    if not service.live.snapshot.positions:
        missing["network"] = "feed it: PUT /v1/locations, /v1/products, /v1/carrier-services, /v1/stock"
    return missing
