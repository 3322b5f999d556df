"""Every error as problem details (RFC 9457), mapped in this one place."""

from http import HTTPStatus

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from decision.errors import DecisionError, TooManyLinesError
from serving.errors import FieldError, InvalidRequestError, NotReadyError, ServingError

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:smista:problem:"

log = structlog.get_logger()


def field_path(location: tuple[int | str, ...]) -> str:
    """Where a value stands, as people write it: ``("lines", 0, "sku")`` → ``lines[0].sku``."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def field_errors(error: ValidationError) -> list[FieldError]:
    """Each thing that pydantic found wrong, with the field it stands in."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [FieldError(field_path(item["loc"]), item["msg"]) for item in found]


def invalid_request(error: ValidationError) -> InvalidRequestError:
    """The error that names every wrong field of a request."""
    errors = field_errors(error)
    first = f"{errors[0].field}: {errors[0].message}" if errors[0].field else errors[0].message
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return InvalidRequestError(first + more, errors)


def problem(request: Request, error: ServingError) -> Response:
    """The answer that tells a client about ``error``."""
    body = {
        "type": _TYPE_PREFIX + error.kind,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request.url.path,
        "errors": error.errors,
        **error.more,
    }
    return Response(orjson.dumps(body), error.status, dict(error.headers), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let ``app`` answer every error with problem details, and never with a stack trace."""
    app.add_exception_handler(ServingError, _serving_error)
    app.add_exception_handler(DecisionError, _decision_error)
    app.add_exception_handler(TooManyLinesError, _too_many_lines)
    app.add_exception_handler(RequestValidationError, _parameter_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DBAPIError, _database_error)
    app.add_exception_handler(Exception, _unexpected_error)


def _serving_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ServingError)
    return problem(request, error)


def _decision_error(request: Request, error: Exception) -> Response:
    return problem(request, InvalidRequestError(str(error)))


def _too_many_lines(request: Request, error: Exception) -> Response:
    return problem(request, InvalidRequestError(str(error), [FieldError("lines", str(error))]))


def _parameter_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [FieldError(field_path(tuple(item["loc"])), item["msg"]) for item in error.errors()]
    return problem(request, InvalidRequestError(f"{errors[0].field}: {errors[0].message}", errors))


def _http_error(request: Request, error: Exception) -> Response:
    """The web framework's own answers: unknown path, wrong method."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    body = {
        "type": "about:blank",
        "title": phrase,
        "status": error.status_code,
        "detail": f"{phrase}: {request.method} {request.url.path}. The calls there are: /docs",
        "instance": request.url.path,
        "errors": (),
    }
    return Response(orjson.dumps(body), error.status_code, dict(error.headers or {}), MEDIA_TYPE)


def _database_error(request: Request, error: Exception) -> Response:
    log.error("database error", error=str(error.__cause__ or error))
    return problem(
        request, NotReadyError("The database does not answer as it should; the service's log has the reason")
    )


def _unexpected_error(request: Request, _error: Exception) -> Response:
    """The stack trace is logged by the middleware around; the client learns only whom to ask."""
    return problem(request, ServingError("An error we did not foresee. The service's log has it under X-Request-Id"))
