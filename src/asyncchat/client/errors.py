"""The client's exceptions: the text of each is one line that says what failed and what to do.

Owns what is raised; must not have the events of a running chat, which are values (``events``).
"""

from os import strerror
from socket import gaierror

from asyncchat.core.fingerprints import shown_fingerprint
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
        self.hint = hint


class Untrusted(ClientError):
    """A server's certificate is not trusted.

    Attributes:
        fingerprint: that of the certificate (``core.fingerprints``); '' where it is not known.
        before: that of the certificate which is known; '': there is none.
        is_new: whether a person may be asked: nothing is known of this server, but what it shows.
        question: what the person is told then.
    """

    def __init__(self, address: str, reason: str, fingerprint: str, before: str = "") -> None:
        text = f"The certificate of {address} can't be trusted: {reason}."
        if before:
            text += (
                f" Known is SHA-256 {shown_fingerprint(before)}, shown is {shown_fingerprint(fingerprint)}. "
                "Either the server has a new one, or somebody is in between. If its operator confirms the "
                "new one, give it with --fingerprint."
            )
        elif fingerprint:
            text += (
                f" Its SHA-256 is {shown_fingerprint(fingerprint)}. If the server showed the same when it "
                "started, give it with --fingerprint; or give the authority that signed it with --ca."
            )
        super().__init__(text)
        self.reason = reason
        self.fingerprint = fingerprint
        self.before = before
        self.is_new = bool(fingerprint and not before)
        self.question = (
            f"Nobody vouches for the certificate of {address}: {reason}. Its SHA-256 is "
            f"{shown_fingerprint(fingerprint)}. Compare that with what the server showed when it started."
        )


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
        # Some servers begin their reason with a prefix of its own, ours in its sentences.
        super().__init__(f"Not logged in as {account}", reason.removeprefix("Not done: "))


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
    reason = getattr(error, "reason", None)
    if isinstance(reason, str):  # that of ssl.SSLError, whose number is not the system's
        return reason.lower().replace("_", " ")
    return (strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
