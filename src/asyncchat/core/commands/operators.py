"""Commands about the server: to operate it, and to be let in."""

from asyncchat.core.commands.base import Command, IoCommand


class ClaimOwner(Command, frozen=True):
    """Become the owner, or the operator of this name; whether the password was right comes as data."""

    verified: bool
    name: str = ""


class Resign(Command, frozen=True):
    """Be no operator of the server any more; ``name`` is one's own, or empty."""

    name: str = ""


class Announce(Command, frozen=True):
    """Tell all who want to be told such (``modes.WALLOPS``) something."""

    text: str


class Kill(Command, frozen=True):
    """Put a person out of the chat."""

    name: str
    reason: str


class ChangeHost(Command, frozen=True):
    """Let a person be seen as coming from another host."""

    name: str
    host: str


class BanFromServer(Command, frozen=True):
    """Ban a mask from the server, for ``seconds`` or for good (0), or lift that ban."""

    mask: str
    on: bool = True
    seconds: int = 0
    reason: str = ""


class AskServerBans(Command, frozen=True):
    """The bans from the server. ``purpose`` goes back to the dialect with the answer."""

    purpose: object = None


class NeedOwner(Command, frozen=True):
    """Is answered to the owner alone; ``purpose`` is the dialect's answer."""

    purpose: object = None


class Owner(IoCommand, frozen=True):
    """Claim ownership with the owner code, or with the password of the operator of this name."""

    code: str
    name: str = ""


class Reload(IoCommand, frozen=True):
    """Read the server's configuration again."""


class Unlock(IoCommand, frozen=True):
    """Show the server's password, before all else; ``last``: the connection ends when it is wrong."""

    password: str
    last: bool
