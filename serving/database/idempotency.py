"""Answers kept under an ``Idempotency-Key``, so that a repeated request gets the same bytes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from serving.database.database import Database, Job
from serving.database.tables import idempotency_keys
from serving.errors import CapacityGoneError, IdempotencyConflictError, ServingError, StockGoneError


@dataclass(frozen=True, slots=True)
class Attempt:
    """One use of a key by one client, for one request."""

    client: str
    key: str
    request_sha256: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What was, or will be, sent."""

    status: int
    body: bytes


def _remembered(connection: Connection, wanted: Attempt) -> Answer | None:
    """The answer given before. Raises `IdempotencyConflictError` where it answered another request."""
    table = idempotency_keys
    row = connection.execute(
        select(table.c.request_sha256, table.c.status, table.c.answer).where(
            table.c.client == wanted.client, table.c.key == wanted.key
        )
    ).first()
    if row is None:
        return None
    if row.request_sha256 != wanted.request_sha256:
        raise IdempotencyConflictError(
            f"Idempotency-Key {wanted.key!r} was used for another request: take a new key for a new request"
        )
    return Answer(row.status, bytes(row.answer))


def _remember(connection: Connection, wanted: Attempt, answer: Answer, now: datetime) -> None:
    connection.execute(
        insert(idempotency_keys).values(
            client=wanted.client,
            key=wanted.key,
            request_sha256=wanted.request_sha256,
            status=answer.status,
            answer=answer.body,
            answered_at=now,
        )
    )


async def answered_before(database: Database, wanted: Attempt | None) -> Answer | None:
    """The answer already given under the key, if any. Raises `IdempotencyConflictError`."""
    if wanted is None:
        return None
    return await database.read(lambda connection: _remembered(connection, wanted))


async def write_once(database: Database, wanted: Attempt | None, work: Job[Answer], now: datetime) -> Answer:
    """Do ``work``; under a key, keep its answer in the same transaction unless another request was faster.

    Whoever loses that race has written nothing, and answers with the winner's bytes.
    """
    if wanted is None:
        return await database.write(work)

    def work_and_remember(connection: Connection) -> Answer:
        before = _remembered(connection, wanted)
        if before is not None:
            return before
        answer = work(connection)
        _remember(connection, wanted, answer, now)
        return answer

    try:
        return await database.write(work_and_remember)
    except (IntegrityError, ServingError, StockGoneError, CapacityGoneError):
        winner = await answered_before(database, wanted)
        if winner is None:
            raise
        return winner
