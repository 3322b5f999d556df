"""What can go wrong in the service. Each error knows the problem details (RFC 9457) it becomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request: where (``lines[0].sku``) and what."""

    field: str
    message: str


class ServingError(Exception):
    """Base of what this package raises. ``kind`` ends the problem's type, ``detail`` is for the person reading it."""

    status: ClassVar[int] = 500
    kind: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Something went wrong here"
    headers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, detail: str, errors: Sequence[FieldError] = ()) -> None:
        """``errors`` name the fields at fault, where there are any."""
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.more: Mapping[str, Any] = {}


class MalformedBodyError(ServingError):
    """The body is not what its content type says."""

    status = 400
    kind = "malformed-body"
    title = "The body cannot be read"


class InvalidRequestError(ServingError):
    """The body can be read, and something in it is wrong."""

    status = 422
    kind = "invalid-request"
    title = "The request is not valid"


class UnknownReferenceError(ServingError):
    """The request names a sku or a location that nobody has fed."""

    status = 422
    kind = "unknown-reference"
    title = "The request names something unknown"


class InvalidRulesetError(ServingError):
    """A ruleset that cannot be published."""

    status = 422
    kind = "invalid-ruleset"
    title = "The ruleset cannot be used"


class IdempotencyConflictError(ServingError):
    """An ``Idempotency-Key`` was used before with another request."""

    status = 422
    kind = "idempotency-key-reused"
    title = "The Idempotency-Key belongs to another request"


class UnauthenticatedError(ServingError):
    """No key, or one that nobody gave out."""

    status = 401
    kind = "unauthenticated"
    title = "An API key is needed"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": "Bearer"}


class ForbiddenError(ServingError):
    """The key is known, and may not do this."""

    status = 403
    kind = "forbidden"
    title = "This API key may not do that"


class NotFoundError(ServingError):
    """Nothing is kept under that name."""

    status = 404
    kind = "not-found"
    title = "There is no such thing"


class ConflictError(ServingError):
    """The request was right, and comes too late: what it is about has changed."""

    status = 409
    kind = "conflict"
    title = "That is no longer possible"


class OrderExistsError(ConflictError):
    """An order of that name was placed before."""

    kind = "order-exists"
    title = "The order was placed before"


class TakenError(ConflictError):
    """What was offered to several stores was accepted by another."""

    kind = "already-taken"
    title = "Another store was faster"


class OutOfStockError(ConflictError):
    """The stock of a plan has gone. ``decision``: what still stands, as JSON."""

    kind = "out-of-stock"
    title = "The stock has gone"

    def __init__(self, detail: str, decision: Any) -> None:
        """``decision`` is added to the problem details."""
        super().__init__(detail)
        self.more = {"decision": decision}


class InFlightError(ConflictError):
    """A request with the same ``Idempotency-Key`` is being answered."""

    kind = "in-flight"
    title = "The same request is being answered"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class UnreadableAnswerError(ServingError):
    """A logged decision that says too little to be told or compared."""

    status = 422
    kind = "decision-too-old"
    title = "The decision is of an earlier version"


class TooLargeError(ServingError):
    """The body is longer than the service takes."""

    status = 413
    kind = "too-large"
    title = "The body is too large"


class UnsupportedMediaError(ServingError):
    """A content type or encoding that the service does not read."""

    status = 415
    kind = "unsupported-media-type"
    title = "The body's type cannot be read"


class NotReadyError(ServingError):
    """Something that decisions need is missing from the service."""

    status = 503
    kind = "not-ready"
    title = "The service is not ready"
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class StockGoneError(Exception):
    """Rows of stock (sku, location) that lack the units which were to be held."""

    def __init__(self, keys: Sequence[tuple[str, str]]) -> None:
        """``keys`` of the rows."""
        super().__init__(", ".join(f"{sku} at {location_id}" for sku, location_id in keys))
        self.keys = tuple(keys)


class CapacityGoneError(Exception):
    """The location has no capacity left on that day."""


class StockAppearedError(Exception):
    """A row of stock was made by another process between looking and writing: the transaction begins again."""


class ClosedError(Exception):
    """The service lets go of its database: nothing more is read or written."""


class UntoldError(Exception):
    """Somebody could not be told of an event. Its text says why; ``gone``: asking again is of no use."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        """``reason`` is kept with what is still to be told."""
        super().__init__(reason)
        self.gone = gone


class ConfigurationError(Exception):
    """The service cannot start as it is set up. Its text says what to change."""


class ReplayError(Exception):
    """A logged decision cannot be made again here. Its text says why."""


def wrong_field(field: str, message: str) -> InvalidRequestError:
    """The error about one field of a request."""
    return InvalidRequestError(f"{field}: {message}", [FieldError(field, message)])


def not_fed(kind: Literal["sku", "location", "carrier service"], name: str) -> str:
    """What is told of something that nobody has fed."""
    return f"{kind} {name!r} is not known: feed it with PUT /v1/{_FEEDS[kind]}"


_FEEDS = {"sku": "products", "location": "locations", "carrier service": "carrier-services"}
