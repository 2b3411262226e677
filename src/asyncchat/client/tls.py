"""TLS for all clients: which servers are trusted, and what is said of one that is not.

Owns the verification. Must not know who sends what. Loading ``ssl`` takes a while: who needs no TLS does not
load this.
"""

import selectors
import socket
import ssl
from contextlib import closing

from asyncchat.client.address import Address
from asyncchat.client.errors import ClientError, Unreachable, Untrusted, reason_of
from asyncchat.core.fingerprints import fingerprint_of


class TlsLayer:
    """What the connections to one server over TLS have in common.

    Args:
        address: where the server is.
        ca, pin, cert: as ``trust.Trust`` has them, the fingerprint in the form of ``core.fingerprints``.

    Attributes:
        context: that of Python's ``ssl``.
        server_name: the name that the certificate must have.

    Raises:
        ClientError: a file can't be used.
    """

    def __init__(self, address: Address, ca: str = "", pin: str = "", cert: str = "") -> None:
        self._address = address
        self._pin = pin
        self.server_name = address.host.partition("%")[0]
        try:
            self.context = ssl.create_default_context(cafile=ca or None)
        except OSError as error:
            raise ClientError(f"The certificates in {ca} can't be used: {reason_of(error)}") from error
        if pin:
            _verify_nothing(self.context)
        if cert:
            try:
                self.context.load_cert_chain(cert, password=lambda: "")
            except OSError as error:
                raise ClientError(
                    f"{cert} must have a certificate and its key, without a password: {reason_of(error)}"
                ) from error

    later = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
    """What is raised where nothing can be sent or received now."""

    def wrap(self, connected: socket.socket) -> ssl.SSLSocket:
        """A connection over TLS on one of TCP; the handshake is still to come."""
        return self.context.wrap_socket(
            connected, server_hostname=self.server_name, do_handshake_on_connect=False
        )

    def opened(self, connected: socket.socket) -> ssl.SSLSocket:
        """A connection over TLS on one of TCP, after the handshake, for which it waits.

        Raises:
            OSError: it failed; the connection is closed.
            Untrusted: the server is not the one that is known; the connection is closed.
        """
        connection = self.wrap(connected)
        try:
            self.shake_hands(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def shake_hands(self, connection: ssl.SSLSocket) -> int:
        """Goes on with the handshake; returns the event of a selector for which it waits, 0 when it is done.

        Raises:
            OSError: it failed.
            Untrusted: the server is not the one that is known.
        """
        try:
            connection.do_handshake()
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        self.check(connection)
        return 0

    def check(self, connection: ssl.SSLSocket | ssl.SSLObject) -> None:
        """Looks, after the handshake and before anything is sent, whether the server is the known one.

        Raises:
            Untrusted: it shows another certificate.
        """
        if not self._pin:
            return  # the handshake has verified it
        shown = fingerprint_of(connection.getpeercert(binary_form=True) or b"")
        if shown != self._pin:
            raise Untrusted(str(self._address), "it is not the one that is known", shown, before=self._pin)

    def failure(self, error: OSError, timeout: float) -> ClientError | None:
        """What a failed handshake means, None for another fault. It asks the server for a certificate again.

        Args:
            error: the fault.
            timeout: seconds that the server has to answer.
        """
        if isinstance(error, ssl.SSLCertVerificationError):
            return Untrusted(str(self._address), error.verify_message.rstrip("."), self._presented(timeout))
        if isinstance(error, ssl.SSLError):
            return Unreachable(str(self._address), f"no TLS there ({reason_of(error)})")
        return None

    def _presented(self, timeout: float) -> str:
        """The fingerprint that the server shows whoever asks; '' if it does not answer again."""
        context = ssl.create_default_context()
        _verify_nothing(context)
        try:
            with (
                closing(socket.create_connection((self._address.host, self._address.port), timeout)) as plain,
                closing(context.wrap_socket(plain, server_hostname=self.server_name)) as connection,
            ):
                return fingerprint_of(connection.getpeercert(binary_form=True) or b"")
        except OSError:
            return ""


def _verify_nothing(context: ssl.SSLContext) -> None:
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
