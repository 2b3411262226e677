"""NickServ: the words for accounts that people know from other servers, as messages to it or as /NS.

Owns a table of its words.
"""

from collections.abc import Sequence

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features import accounts
from asyncchat.core.features.always_on import SetAlwaysOn
from asyncchat.core.names import NICKSERV, fold
from asyncchat.core.replies import AccountFault, AccountRefused
from asyncchat.dialects.irc.features.services import ServiceNotices, ServicePurpose, Verb, obeyed
from asyncchat.dialects.irc.registry import command, service
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

PURPOSE = ServicePurpose(NICKSERV)


def _identify(_session: IrcSession, words: list[str]) -> Command:
    return accounts.LogInWithPassword(words[0] if len(words) > 1 else "", words[-1], PURPOSE)


def _register(_session: IrcSession, words: list[str]) -> Command:
    email = words[1] if len(words) > 1 and words[1] != "*" else ""
    return accounts.RegisterAccount("", email, words[0], context=PURPOSE)


def _drop(_session: IrcSession, words: list[str]) -> Command:
    return accounts.DropAccount(words[0] if len(words) > 1 else "", words[-1], PURPOSE)


def _ghost(_session: IrcSession, words: list[str]) -> Command:
    return accounts.Reclaim(words[0], words[1] if len(words) > 1 else "", False, PURPOSE)


def _regain(_session: IrcSession, words: list[str]) -> Command:
    return accounts.Reclaim(words[0], words[1] if len(words) > 1 else "", True, PURPOSE)


def _set(session: IrcSession, words: list[str]) -> Command:
    what, value = words[0].upper(), words[1] if len(words) > 1 else ""
    if what in ("ALWAYSON", "ALWAYS-ON") and value.upper() in ("", "ON", "OFF"):
        return SetAlwaysOn(value.upper() == "ON" if value else None, PURPOSE)
    if what != "PASSWORD" or not value:
        return DialectReply(ServiceNotices(_SETTINGS, PURPOSE))
    if not session.is_confidential:
        return DialectReply(AccountRefused(AccountFault.OPEN, context=PURPOSE))
    return accounts.NewPassword(value, PURPOSE)


_SETTINGS = ("SET PASSWORD <new password>", "SET ALWAYSON [ON|OFF]")

VERBS: dict[str, Verb] = {
    "REGISTER": Verb(
        _register, 1, 2, "<password> [<email>]", "Makes an account of your nickname.", secret=True
    ),
    "IDENTIFY": Verb(_identify, 1, 2, "[<account>] <password>", "Logs you in.", secret=True),
    "LOGOUT": Verb(lambda _session, _words: accounts.LogOut(PURPOSE), 0, 0, "", "Logs you out."),
    "INFO": Verb(
        lambda _session, words: accounts.GetAccount(words[0] if words else "", PURPOSE),
        0,
        1,
        "[<account>]",
        "Tells about an account.",
    ),
    "GHOST": Verb(
        _ghost, 1, 2, "<nickname> [<password>]", "Disconnects whoever has your nickname.", secret=True
    ),
    "REGAIN": Verb(
        _regain,
        1,
        2,
        "<nickname> [<password>]",
        "Disconnects whoever has it, and gives it to you.",
        secret=True,
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


@service(fold(NICKSERV))
def _heard(session: IrcSession, text: str) -> Sequence[Command]:
    return obeyed(session, text, VERBS, ALIASES, PURPOSE)


_ABOUT = "Asks NickServ, which manages accounts: NS HELP lists its commands."


@command("NICKSERV", params="<word> [<parameters>]", about=_ABOUT)
@command("NS", params="<word> [<parameters>]", about=_ABOUT)
def _nickserv(session: IrcSession, message: Message) -> Sequence[Command]:
    return _heard(session, " ".join(message.params))
