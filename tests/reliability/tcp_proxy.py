"""What stands between a service and its database: it can be cut, or hold back all that comes through."""

import socket
import threading
from contextlib import suppress

#: How PostgreSQL's clients begin to ask: `Query`, `Parse`. What they send to be let in begins otherwise.
_QUESTIONS = (b"Q", b"P")


class Proxy:
    """Passes on what comes to ``port`` on this machine, to the host and port that it is given."""

    def __init__(self, host: str, port: int) -> None:
        """Listen at once."""
        self._to = host, port
        self._open: set[socket.socket] = set()
        self._flows, self._asks = threading.Event(), threading.Event()
        self._flows.set()
        self._asks.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def cut(self) -> None:
        """As when the database stops: connections break, and nobody takes new ones."""
        # A thread that is in `accept` holds on to a socket that is closed: it is shut down first.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for connection in list(self._open):
            _close(connection)

    def mend(self) -> None:
        """As when it has been started again, on the same port."""
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def hold_back(self) -> None:
        """Connections stand, and nothing comes through: a database that does not answer, for as long as that lasts."""
        self._flows.clear()

    def hold_back_questions(self) -> None:
        """Whoever connects is let in, and asks in vain: a pooler whose server does not answer."""
        self._asks.clear()

    def let_through(self) -> None:
        """What was held back and all that follows."""
        self._flows.set()
        self._asks.set()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                database = socket.create_connection(self._to)
                self._open |= {client, database}
                for ends in ((client, database), (database, client)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, from_: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while content := from_.recv(65_536):
                self._flows.wait()
                if content[:1] in _QUESTIONS:
                    self._asks.wait()
                to.sendall(content)
        for end in (from_, to):
            _close(end)
            self._open.discard(end)


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
