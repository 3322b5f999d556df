"""The log of the steps of shipments that calibration follows: append-only, in one order for every process."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, insert, select

from prediction.following import SECONDS_THAT_COUNT, Told
from serving.database.order_tables import shipment_steps
from serving.database.versions import lock_version
from serving.orders.steps import Stage, Step

#: Read at a time.
_TOGETHER: Final = 10_000
_NAN: Final = float("nan")
#: Where `Told` has the instant of each step.
_FIELDS: Final = {Stage.READY: "ready_at", Stage.ARRIVED: "arrived_at", Stage.ENDED: "ended_at"}


def log_steps(connection: Connection, taken: Sequence[Step], now: datetime) -> None:
    """Keep the steps that became known at ``now``; positions are given as `outcome_log.log_outcomes` gives them."""
    if taken:
        lock_version(connection)
        connection.execute(insert(shipment_steps), [{**asdict(step), "known_at": now} for step in taken])


def last_step(connection: Connection, after: int, before: datetime) -> int | None:
    """The last position beyond ``after`` that was told before an instant; ``None`` where there is none."""
    known = (shipment_steps.c.position > after) & (shipment_steps.c.known_at < before)
    newest_first = select(shipment_steps.c.position).where(known).order_by(shipment_steps.c.position.desc()).limit(1)
    return connection.execute(newest_first).scalar()


def told_before(connection: Connection, instant: datetime, last: int) -> list[Told]:
    """Every shipment that counts at ``instant``, in the order of assignment, as far as was told before it.

    Steps at positions beyond ``last`` are not looked at.
    """
    table = shipment_steps.c
    wanted = select(table.shipment_id, table.stage, table.happened_at, table.expected).where(
        table.position <= last,
        table.known_at < instant,
        table.known_at >= instant - timedelta(seconds=SECONDS_THAT_COUNT),
    )
    rows = connection.execute(wanted.order_by(table.position), execution_options={"yield_per": _TOGETHER})
    told: dict[str, Told] = {}
    for shipment_id, stage, happened_at, expected in rows:
        at = happened_at.timestamp()
        if stage == Stage.ASSIGNED:
            told[shipment_id] = Told(shipment_id, expected, at, _NAN, _NAN, _NAN)
        elif shipment_id in told:  # of others nobody said what to expect
            told[shipment_id] = told[shipment_id]._replace(**{_FIELDS[Stage(stage)]: at})
    return list(told.values())
