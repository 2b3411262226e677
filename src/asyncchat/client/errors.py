"""What the client raises: each one line that says what failed and what to do.

Owns the client's exceptions; events of a running chat are values (``events``).
"""

from asyncchat.errors import AsyncChatError


class ClientError(AsyncChatError):
    """A chat could not be joined, or something in it could not be done."""


class AddressError(ClientError):
    """An address that is none; ``address`` is what was given."""

    def __init__(self, address: str, fault: str) -> None:
        super().__init__(f"{address!r} is no address: {fault}")
        self.address = address


class NickError(ClientError):
    """A nick that can be none; ``nick`` is what was given."""

    def __init__(self, nick: str) -> None:
        super().__init__(f"{nick!r} is no nick: letters and digits, without spaces")
        self.nick = nick


class Unreachable(ClientError):
    """No connection; ``address`` is where to, ``reason`` why not."""

    def __init__(self, address: str, reason: str, hint: str = "") -> None:
        super().__init__(f"Can't reach {address}: {reason}.{' ' + hint if hint else ''}")
        self.address = address
        self.reason = reason


class Rejected(ClientError):
    """The server does not let us in, or not into a room; ``reason`` in its words."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.reason = reason


class PasswordNeeded(Rejected):
    """The server asks for a password, and was shown none, or (``given``) another."""

    def __init__(self, reason: str, *, given: bool) -> None:
        what = "The server does not accept the password" if given else "The server asks for a password"
        super().__init__(what, reason)
        self.given = given


class LoginRefused(Rejected):
    """The server does not log us in to our account."""

    def __init__(self, account: str, reason: str) -> None:
        super().__init__(f"Not logged in as {account}", reason)


class NotDelivered(ClientError):
    """The server did not take a message, or it is not known whether it did (``uncertain``)."""

    def __init__(self, reason: str, *, uncertain: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.uncertain = uncertain


class TimedOut(ClientError):
    """Something did not happen in the time given."""


class NotConnected(ClientError):
    """There is no connection right now, or the chat is closed."""
