"""A service that ends leaves nothing open behind it."""

import threading

import pytest
from sqlalchemy import Connection, event, text

from serving.database.database import Database
from serving.database.engine import make_engine
from serving.errors import ClosedError
from serving.settings import Settings


def test_closing_waits_for_what_another_thread_reads_and_leaves_no_connection_open(database_url: str) -> None:
    """The thread may be one that nobody waits for: whoever asked for it was cancelled when the service was to end."""
    database = Database(make_engine(Settings(database_url=database_url).database))
    opened: list[object] = []
    event.listen(database.engine, "connect", lambda connection, _: opened.append(connection))
    event.listen(database.engine, "close", lambda connection, _: opened.remove(connection))
    closing = threading.Thread(target=database.close)

    def is_awaited(connection: Connection) -> bool:
        connection.execute(text("SELECT 1"))
        closing.start()
        closing.join(timeout=0.2)
        return closing.is_alive()

    assert database.read_now(is_awaited)
    closing.join()
    assert opened == []
    for job in (database.read_now, database.write_now):
        with pytest.raises(ClosedError):
            job(is_awaited)
    assert opened == []
