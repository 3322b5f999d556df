"""Whether a database answers at all: one that takes connections and stays silent is told from one that is slow."""

import os
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Dialect, Engine, event, text
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from serving.database.engine import make_engine

#: A server, or a pooler before it, that has not answered the plainest question by then is taken to be away: seconds,
#: more than connecting may take.
SECONDS: Final = 15
_QUESTION: Final = "SELECT 1"
#: What is raised where a database is away: it cannot be connected to, or does not answer.
AWAY: Final = (OperationalError, InterfaceError)


def require_answer(url: str) -> None:
    """Ask the database at ``url`` the plainest question, on a connection of its own.

    Raises one of `AWAY` where it cannot be connected to or does not answer within `SECONDS`. A driver gives up
    connecting by itself, but never a server that keeps the connection and says nothing.
    """
    engine = make_engine(url)
    opened: list[Any] = []
    event.listen(engine, "do_connect", lambda *asked: _connected(opened, *asked))
    answer: Future[None] = Future()
    # Nobody waits for it when it hangs: not even the end of the process.
    asking = threading.Thread(target=_ask, args=(engine, answer), name="smista-asks", daemon=True)
    asking.start()
    try:
        answer.result(SECONDS)
    except TimeoutError as error:
        for connection in opened:
            _hang_up(connection)
        silent = TimeoutError("it takes connections, and answers nothing")
        raise OperationalError(_QUESTION, {}, silent) from error


def _connected(opened: list[Any], dialect: Dialect, _record: Any, args: Sequence[Any], named: dict[str, Any]) -> Any:
    connection = dialect.connect(*args, **named)
    opened.append(connection)
    return connection


def _ask(engine: Engine, answer: "Future[None]") -> None:
    try:
        with engine.connect() as connection:
            connection.execute(text(_QUESTION))
        answer.set_result(None)
    except (SQLAlchemyError, OSError) as error:
        answer.set_exception(error)
    finally:
        engine.dispose()


def _hang_up(connection: Any) -> None:
    """So that the thread that still waits for an answer comes to its end."""
    with suppress(Exception), socket.socket(fileno=os.dup(connection.fileno())) as ours:  # unless it has come to it
        ours.shutdown(socket.SHUT_RDWR)
