"""Taking a feed: batch by batch it is checked, and written while the next is being checked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from serving.database.database import Job
from serving.database.stock_counts import count
from serving.database.tables import stock
from serving.database.upsert import upsert
from serving.feeds.checking import Feed, Rejected, check_counts, check_feed, read_feed
from serving.service import Service


@dataclass(slots=True)
class Taken:
    """What became of a feed's rows. ``written``: of those accepted, the ones that changed something."""

    accepted: int = 0
    written: int = 0
    rejected: list[Rejected] = field(default_factory=list)


async def take_feed(service: Service, feed: Feed, content: bytes, media_type: str, client: str) -> Taken:
    """Write the good rows of ``content``. They are committed when this returns; decisions see them with the next look.

    Raises `MalformedBodyError` or `UnsupportedMediaError` before anything is written.
    """
    await asyncio.to_thread(service.live.refresh_now)
    taken, writing, first = Taken(), None, 0
    for batch in await asyncio.to_thread(read_feed, content, media_type):
        checked = asyncio.to_thread(_check, service, feed, batch, client)
        accepted, job, rejected = await checked
        if writing is not None:
            taken.written += await writing
        writing = asyncio.create_task(service.database.write(job)) if accepted else None
        taken.accepted += accepted
        taken.rejected += [replace(row, index=first + row.index) for row in rejected]
        first += len(batch)
    if writing is not None:
        taken.written += await writing
    return taken


def _check(service: Service, feed: Feed, batch: list[bytes], client: str) -> tuple[int, Job[int], Sequence[Rejected]]:
    """How many rows are good, what writes them, and the others."""
    snapshot, now = service.live.snapshot, service.clock()
    if feed.table is stock:
        counts, rejected = check_counts(batch, snapshot, now)
        return len(counts), partial(count, newest=counts.newest(), who=client, now=now), rejected
    rows, rejected = check_feed(feed, batch, snapshot, now)
    return len(rows), partial(upsert, table=feed.table, rows=rows), rejected
