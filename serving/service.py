"""The parts of one running service, as the calls of the API use them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from serving.database.database import Database
from serving.errors import NotReadyError, UnauthenticatedError
from serving.settings import ApiKey, Scope, Settings
from serving.state.live import Live
from serving.web.keys import find_key, require_scope
from serving.web.metrics import Metrics

if TYPE_CHECKING:
    from serving.telling.broker import Broker


@dataclass(frozen=True, slots=True)
class Service:
    """Made by `bootstrap.build`.

    ``catch_up``: reads what was committed since, and before that brings a database up to date that did not answer at
    the start. ``broker``: where events are published, if anywhere. ``in_flight``: client and ``Idempotency-Key`` of
    orders that are being answered.
    """

    settings: Settings
    database: Database
    live: Live
    metrics: Metrics
    keys: tuple[ApiKey, ...]
    clock: Callable[[], datetime]
    catch_up: Callable[[], None]
    broker: "Broker | None" = None
    in_flight: set[tuple[str, str]] = field(default_factory=set)


def service_of(request: Request) -> Service:
    """The service that answers ``request``."""
    service: Service = request.app.state.service
    return service


def state_is_read(request: Request) -> None:
    """A dependency of calls that do more than promise: raises `NotReadyError` before the database was read."""
    if not service_of(request).live.snapshot.is_read:
        raise NotReadyError("The database was not read yet: until then only dates are promised. `/readyz` says more")


_bearer = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer <key>`")


def client_with(*any_of: Scope) -> Callable[..., Awaitable[ApiKey]]:
    """A dependency of a call: the client that calls, who has one of the scopes."""

    async def client(
        request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> ApiKey:
        if credentials is None:
            raise UnauthenticatedError("Send the header `Authorization: Bearer <key>`")
        key = find_key(service_of(request).keys, credentials.credentials)
        require_scope(key, any_of)
        return key

    return client
