"""A first promise that nobody waits for: what is compiled, loaded or worked out once is there before customers ask."""

from time import perf_counter

import structlog

from serving.promises.promising import make_promise_list
from serving.service import Service
from serving.wire.order import DestinationBody
from serving.wire.promise import PromiseLineBody
from serving.wire.promise_list import PromiseListBody

log = structlog.get_logger()


def warm_up(service: Service) -> None:
    """Promise one unit of something in stock, to where it lies. Where nothing is fed yet there is nothing to do.

    A service that cannot do it can still answer: what went wrong is logged.
    """
    snapshot, predictor = service.live.snapshot, service.live.predictor
    sku = next(
        (sku for sku, record in snapshot.network.stock.items() if (record.on_hand > record.reserved).any()), None
    )
    if predictor is None or sku is None or sku not in snapshot.products:
        return
    record, places = snapshot.network.stock[sku], snapshot.network.locations
    at = int(record.location[(record.on_hand > record.reserved).argmax()])
    latitude, longitude = float(places["latitude"][at]), float(places["longitude"][at])
    known = latitude == latitude and longitude == longitude  # noqa: PLR0124 (NaN is not equal to itself)
    body = PromiseListBody(
        currency=predictor.currency,
        destination=DestinationBody(
            country=places["country"][at],
            latitude=latitude if known else None,
            longitude=longitude if known else None,
        ),
        items=[PromiseLineBody(sku=sku)],
    )
    began = perf_counter()
    try:
        make_promise_list(service, body, snapshot)
    except Exception:
        log.exception("the first promise failed: customers may find out why")
    else:
        log.info("warm", milliseconds=round(1000 * (perf_counter() - began)))
