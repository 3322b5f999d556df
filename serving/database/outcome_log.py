"""The log of what shipments teach: append-only, in one order for every process that learns from it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import numpy as np
import orjson
from sqlalchemy import Connection, Row, func, insert, select

from features.outcomes import KEY_FACTS, OF_COSTS, missed
from features.places import with_places
from features.trailing import Observations
from prediction.following import Expected
from serving.database.order_tables import outcomes, shipment_steps
from serving.database.versions import lock_version
from serving.orders.outcomes import Outcome
from serving.orders.steps import Stage

#: Read at a time: a restart has all since the bundle's cut to read.
_TOGETHER: Final = 10_000


def log_outcomes(connection: Connection, taught: Sequence[Outcome], now: datetime) -> None:
    """Keep what was taught at ``now``.

    Whoever has read a position has missed none below it: they are given while the version of the state is locked.
    """
    if taught:
        lock_version(connection)
        connection.execute(insert(outcomes), [{**asdict(outcome), "known_at": now} for outcome in taught])


def last_known(connection: Connection, after: int, before: datetime) -> int | None:
    """The last position beyond ``after`` that was told before an instant; ``None`` where there is none."""
    known = (outcomes.c.position > after) & (outcomes.c.known_at < before)
    return connection.execute(select(func.max(outcomes.c.position)).where(known)).scalar()


def told_between(
    connection: Connection, after: int, last: int, *, since: datetime, bundle: str
) -> Iterator[tuple[str, Observations]]:
    """What was told at positions beyond ``after`` and up to ``last``, in pieces, each of one measure.

    Those of one measure come in the order of their positions. What a history of before ``since`` knows is left out.
    Costs also tell what was missed of them by who expected them, where that was this ``bundle``.
    """
    needed = (outcomes.c[name] for name in ("measure", "known_at", "value", "weight", "facts"))
    assigned = (shipment_steps.c.shipment_id == outcomes.c.shipment_id) & (shipment_steps.c.stage == Stage.ASSIGNED)
    wanted = (
        select(*needed, shipment_steps.c.expected)
        .outerjoin(shipment_steps, assigned & outcomes.c.measure.in_(OF_COSTS))
        .where(outcomes.c.position > after, outcomes.c.position <= last, outcomes.c.history_at >= since)
    )
    in_order = wanted.order_by(outcomes.c.position)
    rows = connection.execute(in_order, execution_options={"yield_per": _TOGETHER})
    for together in rows.partitions():
        by_measure = sorted(together, key=attrgetter("measure"))  # of equals the first stays first
        for measure, told in groupby(by_measure, key=attrgetter("measure")):
            yield measure, _observations(list(told))
        yield from _missed([row for row in together if row.measure in OF_COSTS], bundle)


def _missed(costs: Sequence[Row[*tuple[Any, ...]]], bundle: str) -> Iterator[tuple[str, Observations]]:
    said: dict[int, Expected] = {at: orjson.loads(row.expected) for at, row in enumerate(costs) if row.expected}
    # Nothing was expected of costs where an earlier version kept what was expected.
    known = [at for at, expected in said.items() if expected["bundle"] == bundle and "cost_excess" in expected]
    if known:
        made, expected = _observations([costs[at] for at in known]), np.array([said[at]["cost_excess"] for at in known])
        yield "cost_missed", replace(made, value=missed(made.value, expected))


def _observations(rows: Sequence[Row[*tuple[Any, ...]]]) -> Observations:
    facts = {fact: np.array([row.facts.get(fact) for row in rows], object) for fact in KEY_FACTS}
    return Observations(
        np.array([row.known_at.timestamp() for row in rows]),
        np.array([row.value for row in rows]),
        np.array([row.weight for row in rows]),
        {**facts, **with_places(facts)},
    )
