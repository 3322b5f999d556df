"""The log of the steps of shipments that calibration follows: append-only, in one order for every process."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import nan
from typing import Any, Final

import orjson
from sqlalchemy import Connection, insert, select

from prediction.following import SECONDS_THAT_COUNT, Expected, Told
from serving.database.order_tables import shipment_steps
from serving.database.versions import lock_version
from serving.orders.steps import Stage, Step

#: Read at a time.
_TOGETHER: Final = 10_000
#: What comes after the assignment, in the order of `Told`.
_AFTER: Final = (Stage.READY, Stage.ARRIVED, Stage.ENDED)


def log_steps(connection: Connection, taken: Sequence[Step], now: datetime) -> None:
    """Keep the steps that became known at ``now``; positions are given as `outcome_log.log_outcomes` gives them."""
    if taken:
        lock_version(connection)
        connection.execute(insert(shipment_steps), [{**_row(step), "known_at": now} for step in taken])


def _row(step: Step) -> dict[str, Any]:
    return {
        "shipment_id": step.shipment_id,
        "stage": step.stage,
        "happened_at": step.happened_at.timestamp(),
        "expected": None if step.expected is None else orjson.dumps(step.expected).decode(),
    }


def last_step(connection: Connection, after: int, before: datetime) -> int | None:
    """The last position beyond ``after`` that was told before an instant; ``None`` where there is none."""
    known = (shipment_steps.c.position > after) & (shipment_steps.c.known_at < before)
    newest_first = select(shipment_steps.c.position).where(known).order_by(shipment_steps.c.position.desc()).limit(1)
    return connection.execute(newest_first).scalar()


def told_up_to(connection: Connection, instant: datetime, last: int) -> list[Told]:
    """Every shipment that counts at ``instant``, in the order of assignment, as far as was told up to ``last``."""
    table = shipment_steps.c
    wanted = select(table.shipment_id, table.stage, table.happened_at, table.expected).where(
        table.position <= last,
        table.known_at >= instant - timedelta(seconds=SECONDS_THAT_COUNT),
    )
    rows = connection.execute(wanted.order_by(table.position), execution_options={"yield_per": _TOGETHER})
    at: dict[str, dict[str, float]] = {stage: {} for stage in Stage}
    said: list[Expected] = []
    for together in rows.partitions():
        texts = []
        for shipment_id, stage, happened_at, expected in together:
            at[stage][shipment_id] = happened_at
            if expected is not None:
                texts.append(expected)
        said += orjson.loads(f"[{','.join(texts)}]")
    return [
        Told(shipment_id, expected, began, *(at[stage].get(shipment_id, nan) for stage in _AFTER))
        for (shipment_id, began), expected in zip(at[Stage.ASSIGNED].items(), said, strict=True)
    ]
