"""The facts of orders that are asked about together: what several of them share is told, and worked out, once.

A page of products goes to one customer: to hundreds of orders, each by one way of delivery, the locations that may send
them are the same, as far away, and as busy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from decision.candidates.candidates import NO_SERVICE, Candidates
from decision.candidates.parcels import Parcels, floats
from decision.network import Network
from decision.order import Order
from features.coded import CodedColumns, Repeated, distinct_codes, factorised
from features.places import PLACES
from features.trailing import DAY_SECONDS

assert NO_SERVICE == -1


@dataclass(frozen=True)
class Asked:
    """The facts (`features.facts`) of orders, each column as long as there are things it differs between.

    The candidates, C of them, and the L lines are those of all orders, one order after the other. ``candidates``: what
    differs between addresses, locations and carrier services; ``candidate`` (C,): which of its rows each is. ``lines``:
    each line at each place of its order's candidates; ``line`` (L,): where those of each line begin; ``place`` (C,):
    which of them each candidate is at.
    """

    candidates: CodedColumns
    candidate: NDArray[np.intp]
    lines: CodedColumns
    line: NDArray[np.intp]
    place: NDArray[np.intp]

    def of(self, rows: NDArray[np.intp], amounts: Parcels, which: NDArray[np.intp]) -> CodedColumns:
        """Return the facts of sending parcels, ``which`` of ``amounts`` each, from the candidates at ``rows``."""
        there = self.line[amounts.heaviest[which]] + self.place[rows]
        return CodedColumns(
            {},
            {},
            PLACES,
            Repeated(amounts.facts, which),
            Repeated(self.candidates, self.candidate[rows]),
            Repeated(self.lines, there),
        )

    def at_places(self, rows: NDArray[np.intp], amounts: Parcels, which: NDArray[np.intp]) -> CodedColumns:
        """Return the same facts, put together once per place: what looks at no service follows from fewer rows."""
        lines = self.lines.rows
        distinct, found = distinct_codes(which * lines + self.line[amounts.heaviest[which]] + self.place[rows])
        parcel, line = np.divmod(distinct, lines)
        there = CodedColumns({}, {}, PLACES, Repeated(amounts.facts, parcel), Repeated(self.lines, line))
        return CodedColumns({}, {}, PLACES, Repeated(self.candidates, self.candidate[rows]), Repeated(there, found))


def asked_of(orders: Sequence[Order], network: Network, candidates: Sequence[Candidates], now: datetime) -> Asked:
    """Return the facts of each order's ``candidates``, and of its lines there."""
    location, service = (np.concatenate([getattr(one, name) for one in candidates]) for name in ("location", "service"))
    addresses, address = _addresses(orders, now)
    seen_from = np.repeat(address, [len(one) for one in candidates])
    locations, services = len(network.locations["location_id"]), len(network.service_ids)
    distinct, place = distinct_codes(seen_from * locations + location)
    of_address, of_location = np.divmod(distinct, locations)
    places = CodedColumns(
        {}, {}, PLACES, Repeated(addresses, of_address), Repeated(network.location_facts, of_location)
    )
    distinct, candidate = distinct_codes(place * services + service - NO_SERVICE)
    of_place, of_service = np.divmod(distinct, services)
    texts = {name: text.take(of_service + NO_SERVICE) for name, text in network.service_facts.items()}
    lines, begins, own_place = _lines(orders, candidates, places, place, now)
    return Asked(CodedColumns({}, texts, PLACES, Repeated(places, of_place)), candidate, lines, begins, own_place)


def _addresses(orders: Sequence[Order], now: datetime) -> tuple[CodedColumns, NDArray[np.intp]]:
    """Return the facts of orders that hold at every location, each that differ once, and which are those of each."""
    told = [
        (
            order.channel,
            order.payment_method,
            order.delivery_method,
            order.destination.country,
            order.destination.region,
            order.destination.postal_code,
            order.destination.latitude,
            order.destination.longitude,
        )
        for order in orders
    ]
    distinct = {one: at for at, one in enumerate(dict.fromkeys(told))}
    *texts, latitude, longitude = zip(*distinct, strict=True)
    numbers = {"destination_latitude": floats(latitude), "destination_longitude": floats(longitude)}
    facts = CodedColumns(
        {"decided_at": np.full(len(distinct), now.timestamp()), **numbers},
        {name: factorised(np.array(column, object)) for name, column in zip(_TEXTS, texts, strict=True)},
        PLACES,
    )
    return facts, np.array([distinct[one] for one in told], np.intp)


_TEXTS: Final = (
    "channel",
    "payment_method",
    "delivery_method",
    "destination_country",
    "destination_region",
    "destination_postal_code",
)


def _lines(
    orders: Sequence[Order],
    candidates: Sequence[Candidates],
    places: CodedColumns,
    place: NDArray[np.intp],
    now: datetime,
) -> tuple[CodedColumns, NDArray[np.intp], NDArray[np.intp]]:
    """Return ``lines``, ``line`` and ``place`` of `Asked`; here ``place`` (C,) is that of each among all ``places``."""
    on_hand, counted_at, line, at_place, begins, own_place = [], [], [], [], [], []
    rows, candidate, so_far = 0, 0, 0
    for order, one in zip(orders, candidates, strict=True):
        location, own = distinct_codes(one.location)
        first = np.searchsorted(one.location, location)
        count, there = len(order.lines), len(location)
        on_hand.append(one.on_hand[:, first].ravel())
        counted_at.append(one.counted_at[:, first].ravel())
        line.append(np.repeat(np.arange(so_far, so_far + count), there))
        at_place.append(np.tile(place[candidate + first], count))
        begins.append(np.arange(rows, rows + count * there, there))
        own_place.append(own)
        rows, candidate, so_far = rows + count * there, candidate + len(one), so_far + count
    told = [line for order in orders for line in order.lines]
    which = np.concatenate(line)
    days = (now.timestamp() - np.concatenate(counted_at)) / DAY_SECONDS
    return (
        CodedColumns(
            {"on_hand": np.concatenate(on_hand), "days_since_count": days},
            {
                name: factorised(np.array([getattr(one, name) for one in told], object)).take(which)
                for name in ("sku", "category")
            },
            PLACES,
            Repeated(places, np.concatenate(at_place)),
        ),
        np.concatenate(begins),
        np.concatenate(own_place),
    )
