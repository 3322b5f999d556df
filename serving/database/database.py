"""Transactions, off the event loop."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine

from serving.errors import ClosedError, StockAppearedError

T = TypeVar("T")
#: What runs in one transaction.
Job = Callable[[Connection], T]


class Database:
    """Runs jobs, each in one transaction. One thread writes, in the order of asking; two read beside it.

    One writer per process is what SQLite allows anyway, and keeps a long feed (written in many short transactions)
    from starving the log of decisions.
    """

    def __init__(self, engine: Engine) -> None:
        """Open nothing yet: connections are made when first needed."""
        self.engine = engine
        self._writes = ThreadPoolExecutor(1, thread_name_prefix="smista-writes")
        self._reads = ThreadPoolExecutor(2, thread_name_prefix="smista-reads")
        self._reading = _of_one_instant(engine)
        self._writing = engine.execution_options(smista_writes=True)
        self._running = 0
        self._closed = False
        self._ended = threading.Condition()

    def read_now(self, job: Job[T]) -> T:
        """Run a job that only reads, in this thread; all its statements see the database as of one instant."""
        with self._transaction(self._reading) as connection:
            return job(connection)

    def write_now(self, job: Job[T]) -> T:
        """Run a job that writes, in this thread; it begins again when a row it was to lock appeared meanwhile."""
        while True:
            with suppress(StockAppearedError), self._transaction(self._writing) as connection:
                return job(connection)

    async def read(self, job: Job[T]) -> T:
        """Run a job that only reads."""
        return await asyncio.get_running_loop().run_in_executor(self._reads, self.read_now, job)

    async def write(self, job: Job[T]) -> T:
        """Run a job that writes; it is committed when this returns."""
        return await asyncio.get_running_loop().run_in_executor(self._writes, self.write_now, job)

    def close(self) -> None:
        """Finish what was begun, in whatever thread, and let go of the connections; what comes later is refused."""
        self._writes.shutdown()
        self._reads.shutdown()
        with self._ended:
            self._closed = True
            self._ended.wait_for(lambda: self._running == 0)
        self.engine.dispose()

    @contextmanager
    def _transaction(self, engine: Engine) -> Iterator[Connection]:
        """Raises `ClosedError` once the database is closed: a thread may go on when nobody waits for it any more."""
        with self._ended:
            if self._closed:
                raise ClosedError("the database was closed")
            self._running += 1
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            with self._ended:
                self._running -= 1
                self._ended.notify_all()


def _of_one_instant(engine: Engine) -> Engine:
    """``engine`` with transactions that see what was committed when they began to read, and nothing later.

    SQLite's are like that in WAL mode; PostgreSQL's would see, in each statement, what was committed before it.
    """
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine
