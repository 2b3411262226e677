"""TLS for the load's sockets: as they are read and written without it, edge-triggered.

Owns the handshake and the records. Must not know what is sent. It trusts every server: it measures one.
"""

import errno
import socket
import ssl
from functools import cache


@cache
def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class TlsSocket:
    """A socket over TLS. Its handshake goes on with each ``send`` until it is complete.

    Args:
        plain: a socket that does not block; it may still be connecting.
    """

    def __init__(self, plain: socket.socket) -> None:
        self._plain = plain
        self._tls: ssl.SSLSocket | None = None
        self._is_complete = False

    def fileno(self) -> int:
        """The file descriptor, which stays the same."""
        return (self._tls or self._plain).fileno()

    def getsockopt(self, level: int, option: int) -> int:
        """An option of the socket."""
        return (self._tls or self._plain).getsockopt(level, option)

    def send(self, data: bytes) -> int:
        """Sends what can be sent.

        Raises:
            BlockingIOError: that is nothing yet.
        """
        try:
            if not self._is_complete:
                self._shake_hands()
            assert self._tls is not None  # noqa: S101  # the handshake has made it
            return self._tls.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError(errno.EAGAIN, "not yet") from error

    def recv(self, size: int) -> bytes:
        """All that has come, in as many records as it has, up to so many bytes; empty at the end.

        Raises:
            BlockingIOError: nothing has.
        """
        parts = []
        left = size
        try:
            if self._tls is None or not self._is_complete:
                raise BlockingIOError(errno.EAGAIN, "not yet")
            while left and (part := self._tls.recv(left)):
                parts.append(part)
                left -= len(part)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            if not parts:
                raise BlockingIOError(errno.EAGAIN, "not yet") from error
        return b"".join(parts)

    def close(self) -> None:
        """Closes it."""
        (self._tls or self._plain).close()

    def _shake_hands(self) -> None:
        if self._tls is None:
            self._plain.getpeername()  # it is connected
            self._tls = _context().wrap_socket(self._plain, do_handshake_on_connect=False)
        self._tls.do_handshake()
        self._is_complete = True
