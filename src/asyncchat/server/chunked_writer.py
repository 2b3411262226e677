"""Writes to an unframed client in pieces, with a pause between them, so that each is read on its own.

Owns the pauses; ``dialects.plain.unframed`` cuts the text.
"""

import asyncio
from collections.abc import Callable

from asyncchat.dialects.plain.dialect import PlainDialect
from asyncchat.dialects.plain.unframed import WRITE_PAUSE, Pieces


class ChunkedWriter:
    """Writes to one unframed client. Once it turns out to be framed, bytes are passed on at once.

    Args:
        dialect: the client's; its ``framed`` may become True at any time, for good.
        send: writes to the connection.
        pieces: what another process has not sent; None: nothing.
    """

    def __init__(
        self, dialect: PlainDialect, send: Callable[[bytes], object], pieces: Pieces | None = None
    ) -> None:
        self._dialect = dialect
        self._write = send
        self._pieces = pieces or Pieces()
        self._timer: asyncio.TimerHandle | None = None
        if pieces is not None:
            self.go_on()

    def stop(self) -> Pieces:
        """Sends nothing more until ``go_on``; gives what waits, for another process."""
        self._stop_timer()
        return self._pieces

    def go_on(self) -> None:
        """Sends what waits."""
        if self._timer is None:
            self._send_piece()

    @property
    def backlog(self) -> int:
        """Bytes not sent yet."""
        return self._pieces.backlog

    def write(self, data: bytes) -> None:
        """Sends this after the pieces before it."""
        if self._dialect.framed:
            # The first time, the newline that the last piece was sent without goes before.
            self._stop_timer()
            self._send(self._pieces.rest() + data)
            return
        self._pieces.feed(data)
        if self._timer is None:
            self._send_piece()

    def finish(self) -> None:
        """Sends all that waits at once, before the connection closes."""
        self._stop_timer()
        if self._pieces.backlog:
            self._send(self._pieces.rest())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _send(self, data: bytes) -> None:
        try:
            self._write(data)
        except RuntimeError:
            # uvloop raises it for a connection that was lost a moment ago: nobody reads the rest.
            self._pieces = Pieces()

    def _send_piece(self) -> None:
        self._timer = None
        if self._dialect.framed:
            self.finish()
            return
        piece = self._pieces.next()
        if piece:
            self._send(piece)
            self._timer = asyncio.get_running_loop().call_later(WRITE_PAUSE, self._send_piece)
