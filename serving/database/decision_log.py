"""The log of decisions: the request, the answer as it was sent, what shaped it and what it was made from."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, insert, select

from decision.order import Order
from serving.database.inserting import insert_into
from serving.database.tables import decisions, places
from serving.decisions.inputs import KeptPlaces, read_order


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One row of the log. ``request`` and ``answer`` are the bytes that travelled.

    ``decided_order``, ``stock`` and ``capacity`` are as `serving.decisions.inputs` keeps them, ``places`` the digest of
    locations and services; these, ``language`` and ``options`` are ``None`` in decisions of before they were kept.
    ``outcomes``: the last that the bundle had learnt, where it had learnt any; ``calibration``: what it was calibrated
    with since it was trained, as `serving.state.learning` names it.
    """

    decision_id: str
    order_id: str
    decided_at: datetime
    client: str
    ruleset: str
    bundle: str
    digest: str | None
    request: bytes
    answer: bytes
    language: str | None = None
    options: int | None = None
    decided_order: bytes | None = None
    stock: bytes | None = None
    places: str | None = None
    capacity: bytes | None = None
    outcomes: int | None = None
    calibration: str | None = None


def log_decision(connection: Connection, decision: LoggedDecision, kept: KeptPlaces) -> None:
    """Keep a decision, and the places it was made from unless they are kept already."""
    known = connection.execute(select(exists().where(places.c.digest == kept.digest))).scalar()
    if not known:
        # Another process may be keeping the same just now.
        keeping = insert_into(connection, places).on_conflict_do_nothing()
        connection.execute(keeping, {"digest": kept.digest, "content": kept.content})
    connection.execute(insert(decisions), asdict(decision))


def logged_decision(connection: Connection, decision_id: str) -> LoggedDecision | None:
    """The whole row; ``None`` where no such decision was made."""
    row = connection.execute(select(decisions).where(decisions.c.decision_id == decision_id)).mappings().first()
    return None if row is None else LoggedDecision(**{name: _plain(value) for name, value in row.items()})


def decided_order(connection: Connection, decision_id: str) -> Order | None:
    """The order that was decided; ``None`` where it was not kept."""
    kept = connection.execute(select(decisions.c.decided_order).where(decisions.c.decision_id == decision_id)).scalar()
    return None if kept is None else read_order(bytes(kept))


def logged_answer(connection: Connection, decision_id: str) -> bytes | None:
    """The answer as it was sent; ``None`` where no such decision was made."""
    answer = connection.execute(select(decisions.c.answer).where(decisions.c.decision_id == decision_id)).scalar()
    return None if answer is None else bytes(answer)


def kept_places(connection: Connection, digest: str) -> bytes | None:
    """The locations and services kept under ``digest``; ``None`` where there are none."""
    content = connection.execute(select(places.c.content).where(places.c.digest == digest)).scalar()
    return None if content is None else bytes(content)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
