"""The client's exceptions: the text of each is one line that says what failed and what to do.

Owns what is raised; must not have the events of a running chat, which are values (``events``).
"""

from os import strerror
from socket import gaierror

from asyncchat.errors import AsyncChatError

START_HINT = "Is a server running there? asyncchat serve"
"""What to look at where a connection is refused."""


class ClientError(AsyncChatError):
    """A chat could not be joined, or something in it could not be done.

    Its text may be the server's, and is shown in terminals: it has no control characters.
    """

    def __str__(self) -> str:
        # It loads much, and is needed only where something failed.
        from asyncchat.text.sanitize import shown

        return shown(super().__str__())


class AddressError(ClientError):
    """An address is not valid; ``address`` is what was given."""

    def __init__(self, address: str, fault: str) -> None:
        super().__init__(f"{address!r} is not a valid address: {fault}")
        self.address = address


class NickError(ClientError):
    """A nick is not valid; ``nick`` is what was given."""

    def __init__(self, nick: str) -> None:
        super().__init__(f"{nick!r} is not a valid nick: use letters and digits, without spaces")
        self.nick = nick


class Unreachable(ClientError):
    """There is no connection to ``address``; ``reason`` says why."""

    def __init__(self, address: str, reason: str, hint: str = "") -> None:
        super().__init__(f"Can't reach {address}: {reason}.{' ' + hint if hint else ''}")
        self.address = address
        self.reason = reason


class Rejected(ClientError):
    """The server refuses us, or a room does; ``reason`` is its text."""

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}")
        self.reason = reason


class PasswordNeeded(Rejected):
    """The server needs a password, and none or (``given``) a wrong one was given."""

    def __init__(self, reason: str, *, given: bool) -> None:
        what = "The server does not accept the password" if given else "The server needs a password"
        super().__init__(what, reason)
        self.given = given


class LoginRefused(Rejected):
    """The server refuses the login to our account."""

    def __init__(self, account: str, reason: str) -> None:
        super().__init__(f"Not logged in as {account}", reason)


class NotDelivered(ClientError):
    """The server did not accept a message, or it is not known whether it did (``uncertain``)."""

    def __init__(self, reason: str, *, uncertain: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.uncertain = uncertain


class TimedOut(ClientError):
    """Something did not happen in time."""

    exit_code = 3


class NotConnected(ClientError):
    """There is no connection right now, or the chat is closed."""


def reason_of(error: OSError) -> str:
    """Why a connection failed, as the end of a sentence."""
    if isinstance(error, gaierror):
        return "the name is unknown"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, ConnectionResetError | BrokenPipeError | ConnectionAbortedError):
        return "the connection was reset"
    return (strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
