"""A request that comes again with its ``Idempotency-Key`` is answered with the same bytes, and does nothing more."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from fastapi import Request, Response

from serving.database.idempotency import Answer, Attempt, answered_before
from serving.errors import InFlightError, wrong_field
from serving.service import service_of
from serving.settings import ApiKey

#: Does what a request asks for, and keeps the answer under its key (`write_once`) if it has one.
Work: TypeAlias = Callable[[Attempt | None], Awaitable[Answer]]

HEADER = "Idempotency-Key"
_ACCEPTABLE_KEY = re.compile(r"[\x21-\x7e]{1,200}")


def attempt_of(request: Request, client: ApiKey, body: bytes) -> Attempt | None:
    """The use of a key by this request; ``None`` without one.

    Requests are the same if method, path, query and body are.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _ACCEPTABLE_KEY.fullmatch(key):
        raise wrong_field(HEADER, "must be 1 to 200 printable ASCII characters without spaces")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    parts = (request.method.encode(), path.encode(), body)
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


async def answer_once(request: Request, client: ApiKey, content: bytes, work: Work) -> Response:
    """What was answered before to the same request under its key; else what ``work`` answers.

    Raises `InFlightError` while this process is answering the same request.
    """
    service = service_of(request)
    wanted = attempt_of(request, client, content)
    with only_one(service.in_flight, wanted):
        answer = await answered_before(service.database, wanted) or await work(wanted)
    return Response(answer.body, answer.status, media_type="application/json")
