"""Publishing events to NATS JetStream. Needs the extra ``broker``: nothing else imports this module."""

import asyncio
from typing import Final

import nats
from nats.aio.client import Client
from nats.js.errors import NoStreamResponseError

from serving.errors import UntoldError

#: Made where no stream takes the events; whoever wants another makes one for these subjects first.
STREAM: Final = "SMISTA"
SUBJECTS: Final = "smista.>"
#: Seconds to connect, and for a stream to acknowledge an event.
_TIMEOUT: Final = 5


class Broker:
    """One connection, made when it is first needed and again after it was lost."""

    def __init__(self, url: str) -> None:
        """``url``: one server, or several with commas between them. Nothing is opened yet."""
        self.url = url
        self._opening: asyncio.Task[Client] | None = None

    async def publish(self, subject: str, event_id: str, body: bytes) -> None:
        """Return once a stream has stored ``body``. Raises `UntoldError`.

        JetStream keeps of events with one id only the first, as long as its stream remembers ids (two minutes, unless
        it was made otherwise).
        """
        headers = {"Nats-Msg-Id": event_id, "Content-Type": "application/cloudevents+json"}
        try:
            stream = (await self._open()).jetstream(timeout=_TIMEOUT)
            try:
                await stream.publish(subject, body, headers=headers)
            except NoStreamResponseError:
                await stream.add_stream(name=STREAM, subjects=[SUBJECTS])
                await stream.publish(subject, body, headers=headers)
        except (nats.errors.Error, OSError, ValueError) as error:  # ValueError: an address that is none
            raise UntoldError(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Let go of the connection, if there is one."""
        if self._opening is not None:
            self._opening.cancel()
            (client,) = await asyncio.gather(self._opening, return_exceptions=True)
            if isinstance(client, Client):
                await client.close()

    async def _open(self) -> Client:
        """The connection. Who comes while it is being made waits for it, and shares what comes of that."""
        if self._opening is None or (self._opening.done() and not _is_open(self._opening)):
            self._opening = asyncio.create_task(self._connect())
        return await asyncio.shield(self._opening)

    async def _connect(self) -> Client:
        # The outbox tries again: a lost connection is closed, and so is one that cannot be made.
        return await nats.connect(
            self.url.split(","),
            name="smista",
            connect_timeout=_TIMEOUT,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=_told_by_who_publishes,
        )


def _is_open(opening: asyncio.Task[Client]) -> bool:
    return not opening.cancelled() and opening.exception() is None and opening.result().is_connected


async def _told_by_who_publishes(_error: Exception) -> None:
    """Say nothing: what went wrong is logged with the event that was not published."""
