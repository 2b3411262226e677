"""The client's side of logging in: SASL with SCRAM-SHA-256 or EXTERNAL (IRCv3 sasl-3.1, RFC 7677).

Owns one exchange; a password itself is never sent. Must not know sockets, nor when a login is wanted.
"""

import base64
import binascii

from asyncchat.core import scram
from asyncchat.dialects.irc.serialize import CHUNK_BYTES, chunks

Commands = list[tuple[str, ...]]


class Login:
    """One login on one connection.

    Args:
        account: its name.
        password: its password; empty: the client's certificate is enough.
        nonce: random, of characters that base64 has.

    Raises:
        scram.ScramFault: the password can't be one.
    """

    def __init__(self, account: str, password: str, nonce: str) -> None:
        self.under_way = False
        self.done = False
        self._account = account
        self._prover = scram.Prover(account, password, nonce) if password else None
        self._received = ""
        self._step = 0

    def begin(self) -> Commands:
        """The commands that open the exchange."""
        self.under_way = True
        return [("AUTHENTICATE", scram.NAME if self._prover is not None else "EXTERNAL")]

    def answer(self, chunk: str) -> Commands:
        """The commands that answer a chunk of the server's.

        Raises:
            scram.ScramFault: the server says what it must not, or does not know the password.
        """
        if self._prover is None:
            self.done = True  # TLS has shown who the server is
            return _commands(self._account.encode())
        self._received += "" if chunk == "+" else chunk
        if len(chunk) == CHUNK_BYTES:
            return []
        received, self._received = self._received, ""
        try:
            data = base64.b64decode(received, validate=True)
        except (binascii.Error, ValueError) as error:
            raise scram.ScramFault("the server's message is not base64") from error
        self._step += 1
        if self._step == 1:
            return _commands(self._prover.first())
        if self._step == 2:
            return _commands(self._prover.final(data))
        if not self._prover.is_server(data):
            raise scram.ScramFault("the server does not know the password itself")
        self.done = True
        return [("AUTHENTICATE", "+")]


def _commands(data: bytes) -> Commands:
    return [("AUTHENTICATE", chunk) for chunk in chunks(data)]
