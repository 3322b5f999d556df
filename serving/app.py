"""The application: the calls of the API around one service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Final

import structlog
from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from serving import bootstrap
from serving.orders.sweeping import sweep
from serving.promises.warming import warm_up
from serving.routes import (
    decisions,
    feeds,
    health,
    models,
    orders,
    pages,
    promises,
    rulesets,
    shipments,
    stock,
    webhooks,
)
from serving.service import Service, state_is_read
from serving.settings import Settings
from serving.state.kept_network import keep_network
from serving.state.served import ServedPredictor
from serving.telling.outbox import keep_telling
from serving.web import problems
from serving.web.access import AccessMiddleware
from serving.wire.documentation import DescribedApp

log = structlog.get_logger()


def _calls() -> APIRouter:
    router = APIRouter()
    for routes in (promises, models, health):
        router.include_router(routes.router)
    for routes in (decisions, orders, shipments, stock, webhooks, feeds, rulesets):
        router.include_router(routes.router, dependencies=[Depends(state_is_read)])
    return router


#: The same of every application: what FastAPI works out about them, it works out once.
_CALLS: Final = _calls()


def create_app(
    settings: Settings,
    predictor: ServedPredictor | None = None,
    clock: Callable[[], datetime] = bootstrap.now_utc,
) -> FastAPI:
    """The application that ``settings`` describe. ``predictor`` stands in for their bundle, ``clock`` for the time."""
    service = bootstrap.build(settings, predictor, clock)
    app = DescribedApp(
        title="Smista",
        summary="Decides from where each order is fulfilled.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        middleware=[Middleware(AccessMiddleware, service.metrics)],
        routes=_CALLS.routes,
    )
    app.state.service = service
    problems.install(app)
    pages.install(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """While the service runs it looks for changes that others made; at the end it lets go of the database."""
    service: Service = app.state.service
    await asyncio.to_thread(warm_up, service)
    running = [asyncio.create_task(work) for work in (_follow_changes(service), _sweep(service), keep_telling(service))]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        for task in running:
            with suppress(asyncio.CancelledError):
                await task
        if service.broker is not None:
            await service.broker.close()
        service.database.close()


async def _follow_changes(service: Service) -> None:
    kept: datetime | None = None
    while True:
        await asyncio.sleep(service.settings.poll_seconds)
        try:
            await asyncio.to_thread(service.catch_up)
            if service.live.snapshot.positions and service.live.snapshot.quarter != kept:
                kept = service.live.snapshot.quarter
                await asyncio.to_thread(keep_network, service)
        except Exception:
            log.exception("changes could not be read: decisions go on with what was known before")


async def _sweep(service: Service) -> None:
    while True:
        await asyncio.sleep(service.settings.sweep_seconds)
        try:
            if service.live.snapshot.is_read:
                await sweep(service)
        except Exception:
            log.exception("what is due was not done: it is tried again")
