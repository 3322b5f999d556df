"""Promises within the time that there is: made together while there seems time for them, and later where that fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

import structlog

from decision.order import Order
from decision.promise import NotPromised, Promise
from decision.promises.promising import Asking, promise, promises

log = structlog.get_logger()

#: So many promises at most are made together: of more each takes no less time, and the time may be up meanwhile.
TOGETHER: Final = 32


@dataclass(frozen=True)
class Basis:
    """What promises are made from, what they are made from when that fails, and what is not as it should be."""

    asking: Asking
    cautious: Asking
    degraded: Sequence[str]


class UntilThen:
    """Makes promises, the first in any case, until the time is up; then answers `not_in_time` and is not ``complete``.

    ``degraded`` names what was not as it should be.
    """

    def __init__(self, basis: Basis, milliseconds: float) -> None:
        self.complete = True
        self.degraded = list(basis.degraded)
        self._basis, self._milliseconds, self._begun = basis, milliseconds, perf_counter()
        self._most = TOGETHER

    def promises(self, orders: Sequence[Order]) -> list[Promise | NotPromised]:
        """Return the promise of each order, or why there is none. As many are made together as there seems time for."""
        told: list[Promise | NotPromised] = []
        while len(told) < len(orders):
            spent = 1000 * (perf_counter() - self._begun)
            if told and spent > self._milliseconds:
                break
            count = int(len(told) * (self._milliseconds - spent) / spent) if told else 1
            # Not many more at once than are made already: the first may have been the easy ones.
            told += self._together(orders[len(told) :][: max(1, min(count, 2 * len(told), self._most))])
        left = [not_promised(order, "not_in_time") for order in orders[len(told) :]]
        self.complete &= all(isinstance(one, Promise) or one.cause != "not_in_time" for one in [*told, *left])
        return told + left

    def _together(self, orders: Sequence[Order]) -> list[Promise | NotPromised]:
        """Return the promise of each order; none where they fail together: from then on each is made by itself."""
        if len(orders) == 1:
            return [self._alone(orders[0])]
        try:
            return promises(orders, self._basis.asking)
        except Exception:
            log.exception("promises failed together", orders=len(orders))
            self._most = 1
            return []

    def _alone(self, order: Order) -> Promise | NotPromised:
        """Return the promise of an order.

        Catching everything is right here and above, and nowhere else: a checkout without a date loses the sale,
        whatever the cause. It is logged with its trace, told in the answer, and the date is later for it.
        """
        for asking in (self._basis.asking, self._basis.cautious):
            try:
                return promise(order, asking)
            except Exception:
                log.exception("a promise failed", method=order.delivery_method, service_level=order.service_level)
                if "error" not in self.degraded:
                    self.degraded.append("error")
        return not_promised(order, "error")


def not_promised(order: Order, cause: str) -> NotPromised:
    """Return that there is no date for a way of delivery."""
    return NotPromised(order.delivery_method, order.service_level, order.collect_location_id, cause)
