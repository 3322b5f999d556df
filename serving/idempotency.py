"""Reading the ``Idempotency-Key`` of a request."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from serving.database.idempotency import Attempt
from serving.errors import FieldError, InFlightError, InvalidRequestError
from serving.settings import ApiKey

HEADER = "Idempotency-Key"
_ACCEPTABLE_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def attempt_of(request: Request, client: ApiKey, body: bytes) -> Attempt | None:
    """The use of a key by this request; ``None`` without one. Requests are the same if method, path and body are."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _ACCEPTABLE_KEY.fullmatch(key):
        message = "must be 1 to 200 printable ASCII characters without spaces"
        raise InvalidRequestError(f"{HEADER}: {message}", [FieldError(HEADER, message)])
    parts = (request.method.encode(), request.url.path.encode(), body)
    return Attempt(client.name, key, hashlib.sha256(b"\n".join(parts)).hexdigest())


@contextmanager
def only_one(in_flight: set[tuple[str, str]], attempt: Attempt | None) -> Iterator[None]:
    """Keep ``attempt`` among those that this process is answering. Raises `InFlightError` where it is there already.

    In another process the later of two waits for the earlier in the database, and answers with its bytes.
    """
    if attempt is None:
        yield
        return
    name = attempt.client, attempt.key
    if name in in_flight:
        raise InFlightError(f"A request with {HEADER} {attempt.key!r} is being answered: ask again in a moment")
    in_flight.add(name)
    try:
        yield
    finally:
        in_flight.discard(name)
