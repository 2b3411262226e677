"""Reloading: what a running server takes over from its configuration, read again.

Owns what can be changed without dropping anyone, and the words for what was and what was not; must not know
who asks.
"""

from pathlib import Path

from asyncchat.errors import AsyncChatError


class ServeError(AsyncChatError):
    """The server can't start or go on; the text says what to do."""


def read_motd(name: str) -> tuple[str, ...] | None:
    """The lines of the message of the day; None where there is none.

    Raises:
        ServeError: the file can't be read.
    """
    if not name:
        return None
    try:
        return tuple(Path(name).expanduser().read_text(encoding="utf-8").splitlines())
    except OSError as error:
        raise ServeError(f"The message of the day {name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ServeError(f"The message of the day {name} is not UTF-8 text") from error
