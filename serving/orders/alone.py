"""Orders by themselves: what goes wrong with one holds no other up."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from serving.database.answering import AWAY

log = structlog.get_logger()


@contextmanager
def alone(order_id: str) -> Iterator[None]:
    """Log what goes wrong with this order, which is tried again when it is due the next time; others come after it.

    A database that is away is away for all of them: its errors are raised.
    """
    try:
        yield
    except AWAY:
        raise
    except Exception:
        log.exception("what is due for an order was not done: it is tried again", order_id=order_id)
