"""NickServ: the words for accounts that people know from other servers, as messages to it or as /NS.

Owns a table of its words. It is nobody: what is said to it goes into no history, and it answers in notices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.names import NICKSERV
from asyncchat.core.replies import AccountFault
from asyncchat.dialects.irc.commands.accounts import ServicePurpose, ask, notice
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

PURPOSE = ServicePurpose(NICKSERV)


class Said(msgspec.Struct, frozen=True):
    """What a service says by itself."""

    texts: tuple[str, ...]
    purpose: ServicePurpose


class Verb(msgspec.Struct, frozen=True):
    """One word of a service: from ``least`` to ``most`` words follow it; ``secret``: a password is there."""

    make: Callable[[IrcDialect, list[str]], core.Command]
    least: int
    most: int
    usage: str
    about: str
    secret: bool = False


def _identify(_session: IrcDialect, words: list[str]) -> core.Command:
    return core.ShowPassword(words[0] if len(words) > 1 else "", words[-1], PURPOSE)


def _register(_session: IrcDialect, words: list[str]) -> core.Command:
    email = words[1] if len(words) > 1 and words[1] != "*" else ""
    return core.Register("", email, words[0], purpose=PURPOSE)


def _drop(_session: IrcDialect, words: list[str]) -> core.Command:
    return core.DropAccount(words[0] if len(words) > 1 else "", words[-1], PURPOSE)


def _ghost(_session: IrcDialect, words: list[str]) -> core.Command:
    return core.Reclaim(words[0], words[1] if len(words) > 1 else "", False, PURPOSE)


def _regain(_session: IrcDialect, words: list[str]) -> core.Command:
    return core.Reclaim(words[0], words[1] if len(words) > 1 else "", True, PURPOSE)


def _set(session: IrcDialect, words: list[str]) -> core.Command:
    what, value = words[0].upper(), words[1] if len(words) > 1 else ""
    if what in ("ALWAYSON", "ALWAYS-ON") and value.upper() in ("", "ON", "OFF"):
        return core.SetStaying(value.upper() == "ON" if value else None, PURPOSE)
    if what != "PASSWORD" or not value:
        return core.Answer(Said(_SETTINGS, PURPOSE))
    if not session.is_confidential:
        return core.Answer(replies.AccountRefused(AccountFault.OPEN, purpose=PURPOSE))
    return core.NewPassword(value, PURPOSE)


_SETTINGS = ("SET PASSWORD <new password>", "SET ALWAYSON [ON|OFF]")


VERBS: dict[str, Verb] = {
    "REGISTER": Verb(
        _register, 1, 2, "<password> [<email>]", "Makes an account of your nickname.", secret=True
    ),
    "IDENTIFY": Verb(_identify, 1, 2, "[<account>] <password>", "Logs you in.", secret=True),
    "LOGOUT": Verb(lambda _session, _words: core.LogOut(PURPOSE), 0, 0, "", "Logs you out."),
    "INFO": Verb(
        lambda _session, words: core.AskAccount(words[0] if words else "", PURPOSE),
        0,
        1,
        "[<account>]",
        "Tells of an account.",
    ),
    "GHOST": Verb(_ghost, 1, 2, "<nickname> [<password>]", "Puts out who has your nickname.", secret=True),
    "REGAIN": Verb(
        _regain, 1, 2, "<nickname> [<password>]", "Puts out who has it, and gives it to you.", secret=True
    ),
    "SET": Verb(
        _set,
        1,
        2,
        "PASSWORD <new password> | ALWAYSON [ON|OFF]",
        "Changes your password, or lets you stay in your channels while you are not connected.",
    ),
    "DROP": Verb(_drop, 1, 2, "[<account>] <password>", "Removes your account.", secret=True),
}
"""Each word of NickServ."""

ALIASES = {
    "ID": "IDENTIFY",
    "LOGIN": "IDENTIFY",
    "RELEASE": "GHOST",
    "RECOVER": "REGAIN",
    "UNREGISTER": "DROP",
}


def obeyed(
    session: IrcDialect, text: str, verbs: dict[str, Verb], aliases: dict[str, str], purpose: ServicePurpose
) -> Sequence[core.Command]:
    """What a service is asked with a text."""
    typed, *words = text.split() or [""]
    name = aliases.get(typed.upper(), typed.upper())
    verb = verbs.get(name)
    if verb is None:
        return [core.Answer(Said(_help(verbs, name in ("", "HELP"), typed), purpose))]
    if not verb.least <= len(words) <= verb.most:
        return [core.Answer(Said((f"Syntax: {name} {verb.usage}".rstrip(),), purpose))]
    if verb.secret and not session.is_confidential:
        return [core.Answer(replies.AccountRefused(AccountFault.OPEN, purpose=purpose))]
    command = verb.make(session, words)
    return [command] if isinstance(command, core.Answer) else ask(session, command)


def _help(verbs: dict[str, Verb], wanted: bool, typed: str) -> tuple[str, ...]:
    lines = (f"{name} {verb.usage}: {verb.about}".replace(" :", ":") for name, verb in verbs.items())
    return ("The words are:" if wanted else f"There is no {typed}; the words are:", *lines)


def heard(session: IrcDialect, text: str) -> Sequence[core.Command]:
    """What a message to NickServ asks."""
    return obeyed(session, text, VERBS, ALIASES, PURPOSE)


def nickserv(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """The same as a command: ``NS IDENTIFY <password>``."""
    return heard(session, " ".join(message.params))


def say(session: IrcDialect, said: Said) -> bytes:
    """Notices."""
    return b"".join(notice(session, said.purpose, text) for text in said.texts)


_ABOUT = "Asks NickServ, which keeps accounts: NS HELP lists what it knows."

COMMANDS: dict[str, CommandSpec] = {
    "NICKSERV": CommandSpec(nickserv, params="<word> [<parameters>]", about=_ABOUT),
    "NS": CommandSpec(nickserv, params="<word> [<parameters>]", about=_ABOUT),
}

REPLIES: dict[type, ReplyEncoder] = {Said: say}
