"""Everything that happens to orders whose shipments are offered to both locations, against the same model of stock."""

from dataclasses import replace
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from decision.decision import Offer
from serving.errors import StockGoneError
from serving.orders import assigning
from serving.orders.assigning import Assignment
from serving.orders.claiming import lapse
from serving.orders.records import LineRecord, OrderRecord
from serving.orders.states import LIVE, OPEN, OrderState, ShipmentState
from serving.orders.writing import write
from tests.reliability.stock_machine import PLACES, SKUS, StockMachine


class OfferMachine(StockMachine):
    """Some orders are offered; offers are claimed, refused, changed, given up, and lapse."""

    @rule(
        lines=st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 2)), min_size=1, max_size=2),
        reserve=st.booleans(),
    )
    def place_offered(self, lines: list[tuple[str, int]], reserve: bool) -> None:
        """Somebody orders; either location may send it."""
        name = f"O{len(self.names)}"
        order = OrderRecord(
            order_id=name,
            state=OrderState.RESERVED if reserve else OrderState.BACKORDERED,
            client="checkout",
            placed_at=self.now,
            received_at=self.now,
            expires_at=None,
            decision_id=None,
            request=b'{"delivery_method": "home"}',
            failures=0,
            tried_in=0,
            tried_quarter=self.now,
            lines=tuple(LineRecord(str(n), sku, units, units) for n, (sku, units) in enumerate(lines)),
            shipments=(),
        )
        plan = self._offered(tuple((str(n), sku, units) for n, (sku, units) in enumerate(lines)))
        before = [self._available(place) for place in PLACES]
        wanted = {sku: sum(units for of_sku, units in lines if of_sku == sku) for sku, _ in lines}
        enough = all(units <= there[sku] for there in before for sku, units in wanted.items())
        try:
            self.database.write_now(lambda c: write(c, assigning.placed(order, plan, self._by()), self._by()))
        except StockGoneError:
            assert not enough, "there was enough at both"
        else:
            assert enough, "offered what one of them has not got"
            self.names.append(name)

    @precondition(lambda self: self.names)
    @rule(data=st.data())
    def let_lapse(self, data: st.DataObject) -> None:
        """Nobody accepted in time."""
        order = self._order(data.draw(st.sampled_from(self.names)))
        offers = sorted({s.offer_id for s in order.shipments if s.offer_id and s.state is ShipmentState.OFFERED})
        for offer_id in offers:
            self._change(order.order_id, partial(lapse, offer_id=offer_id, by=self._by()))

    @invariant()
    def every_unit_ordered_is_supplied_or_waits(self) -> None:
        """No unit of an order is lost or doubled; those of an offer are the same units at each location."""
        for order in map(self._order, self.names):
            live = [shipment for shipment in order.shipments if shipment.state in LIVE]
            if order.state in {OrderState.CANCELLED, OrderState.EXPIRED}:
                assert not live
                continue
            once = {s.offer_id or s.shipment_id if s.state in OPEN else s.shipment_id: s for s in live}
            for line in order.lines:
                supplied = sum(x.left for s in once.values() for x in s.lines if x.line_id == line.line_id)
                assert supplied + line.waiting == line.quantity, (order.order_id, line)

    def _offered(self, lines: tuple[tuple[str, str, int], ...]) -> Assignment:
        here, there = PLACES
        plan, other = self._plan(here, lines), self._plan(there, lines)
        (shipment,) = plan.option.shipments
        offered = replace(shipment, offer=Offer(30.0, other.option.shipments))
        return replace(
            plan,
            option=replace(plan.option, shipments=(offered,)),
            days={**plan.days, **other.days},
            open_times={**plan.open_times, **other.open_times},
        )
