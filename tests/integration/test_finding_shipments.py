"""Shipments read back: more than a database takes names of in one statement, and one that has no line."""

from typing import Final

import pytest
from sqlalchemy import Table, delete, insert, literal, select

from serving.database.order_store import find_shipments
from serving.database.order_tables import shipment_lines, shipments
from tests.integration.conftest import Api
from tests.integration.orders import open_shop, placed

pytestmark = pytest.mark.anyio

#: PostgreSQL takes 65,535 names, SQLite as many as it was built for (32,766 by default).
MANY: Final = 70_000


async def test_all_shipments_are_found_however_many(api: Api) -> None:
    await open_shop(api, W001=5)
    await placed(api, "A")
    one = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = one.union_all(select(one.c.n + 1).where(one.c.n < MANY))

    def copied(table: Table) -> None:
        """As many of the one that there is, each with a name and a number of its own."""
        own = {"shipment_id": table.c.shipment_id + "-" + numbers.c.n.cast(table.c.shipment_id.type)}
        own |= {"number": numbers.c.n + 1} if "number" in table.c else {}
        columns = [own.get(column.name, column) for column in table.c]
        rows = select(*columns).select_from(table.join(numbers, literal(value=True)))
        api.service.database.write_now(lambda at: at.execute(insert(table).from_select(list(table.c), rows)))

    copied(shipment_lines)
    copied(shipments)
    found = api.service.database.read_now(lambda at: find_shipments(at, select(shipments)))
    assert len(found) == 1 + MANY
    assert {shipment.lines for shipment in found} == {found[0].lines}
    assert len(found[0].lines) == 1


async def test_a_shipment_that_has_lost_its_lines_is_found(api: Api) -> None:
    await open_shop(api, W001=5)
    await placed(api, "A")
    api.service.database.write_now(lambda at: at.execute(delete(shipment_lines)))
    (found,) = api.service.database.read_now(lambda at: find_shipments(at, select(shipments)))
    assert found.lines == ()
