"""The log of decisions: the request, the answer as it was sent, and what shaped it."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from serving.database.tables import decisions


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One row of the log. ``request`` and ``answer`` are the bytes that travelled."""

    decision_id: str
    order_id: str
    decided_at: datetime
    client: str
    ruleset: str
    bundle: str
    digest: str | None
    request: bytes
    answer: bytes


def log_decision(connection: Connection, decision: LoggedDecision) -> None:
    """Keep a decision."""
    connection.execute(insert(decisions), asdict(decision))


def logged_answer(connection: Connection, decision_id: str) -> bytes | None:
    """The answer as it was sent; ``None`` where no such decision was made."""
    answer = connection.execute(select(decisions.c.answer).where(decisions.c.decision_id == decision_id)).scalar()
    return None if answer is None else bytes(answer)


def logged_decision(connection: Connection, decision_id: str) -> LoggedDecision | None:
    """The whole row; ``None`` where no such decision was made."""
    row = connection.execute(select(decisions).where(decisions.c.decision_id == decision_id)).first()
    if row is None:
        return None
    return LoggedDecision(**{**row._mapping, "request": bytes(row.request), "answer": bytes(row.answer)})
