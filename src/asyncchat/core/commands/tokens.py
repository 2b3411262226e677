"""Commands about tokens, and with one."""

from asyncchat.core.commands.base import Command
from asyncchat.core.events.speech import Speech


class NewToken(Command, frozen=True):
    """Make a token for these rooms and actions; ``digest`` is the SHA-256 of its secret."""

    name: str
    digest: str
    rooms: tuple[str, ...]
    actions: tuple[str, ...]


class RevokeToken(Command, frozen=True):
    """Have a token count no more."""

    name: str


class Post(Command, frozen=True):
    """Say something in a room with a token; that its secret was shown is the asker's affair.

    Under a ``key`` it is said once; ``asked`` stands for all of the request, so that another one is noticed.
    """

    token: str
    room: str
    text: str
    speech: Speech = Speech.MESSAGE
    key: str = ""
    asked: str = ""
