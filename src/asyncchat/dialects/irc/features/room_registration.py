"""Rooms that belong to an account: ChanServ, as messages to it or as /CS.

Owns a table of its words; how they are read is ``services``' affair.
"""

from collections.abc import Callable, Sequence

from asyncchat.core.commands import Command
from asyncchat.core.features import room_registration
from asyncchat.core.features.room_modes import SetRole
from asyncchat.core.names import CHANSERV, fold
from asyncchat.core.roles import HALF_OPERATOR, OPERATOR, ROLES, VOICE
from asyncchat.dialects.irc.features.services import ServicePurpose, Verb, notice, obeyed
from asyncchat.dialects.irc.modes import ROLE_LETTERS
from asyncchat.dialects.irc.registry import command, reply, service
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

PURPOSE = ServicePurpose(CHANSERV)

_LETTERS = {letter.upper(): role for role, letter in ROLE_LETTERS.items()}


_NAMES = {role.name.upper(): role.name for role in ROLES}


_SHORT = {"AOP": OPERATOR.name, "HOP": HALF_OPERATOR.name, "VOP": VOICE.name, "SOP": "admin"}


def _role(typed: str) -> str:
    """The role meant by a letter, a name, or other services' words; empty for none (``-``)."""
    plain = typed.upper().lstrip("+")
    if plain in ("-", "NONE", "DEL", "-*"):
        return ""
    return _NAMES.get(plain) or _LETTERS.get(plain) or _SHORT.get(plain) or typed


def _flags(_session: IrcSession, words: list[str]) -> Command:
    if len(words) < 3:
        return room_registration.GetAccess(words[0], PURPOSE)
    return room_registration.SetAccess(words[0], words[1], _role(words[2]), PURPOSE)


def _roles(role: str, on: bool) -> Callable[[IrcSession, list[str]], Command]:
    def make(session: IrcSession, words: list[str]) -> Command:
        if len(words) == 1 and on and role == OPERATOR.name:
            return room_registration.TakeRole(words[0], PURPOSE)
        return SetRole(words[0], words[1] if len(words) > 1 else session.nick, on, role)

    return make


VERBS: dict[str, Verb] = {
    "REGISTER": Verb(
        lambda _session, words: room_registration.RegisterRoom(words[0], context=PURPOSE),
        1,
        1,
        "<#channel>",
        "Makes a channel yours: it stays, and you are its founder whenever you are logged in.",
    ),
    "INFO": Verb(
        lambda _session, words: room_registration.GetAccess(words[0], PURPOSE),
        1,
        1,
        "<#channel>",
        "Tells who owns a channel, and who has a role in it.",
    ),
    "FLAGS": Verb(
        _flags,
        1,
        3,
        "<#channel> [<account> <role>|-]",
        "Lists the accounts with a role in your channel, or gives one a role: voice, half-operator, "
        "operator, admin.",
    ),
    "OP": Verb(
        _roles(OPERATOR.name, True),
        1,
        2,
        "<#channel> [<nickname>]",
        "Makes an operator, or gives you your role again.",
    ),
    "DEOP": Verb(_roles(OPERATOR.name, False), 1, 2, "<#channel> [<nickname>]", "Takes the role away."),
    "VOICE": Verb(_roles(VOICE.name, True), 1, 2, "<#channel> [<nickname>]", "Gives voice."),
    "DEVOICE": Verb(_roles(VOICE.name, False), 1, 2, "<#channel> [<nickname>]", "Takes voice away."),
    "TRANSFER": Verb(
        lambda _session, words: room_registration.RegisterRoom(words[0], words[1], context=PURPOSE),
        2,
        2,
        "<#channel> <account>",
        "Gives your channel to another account.",
    ),
    "DROP": Verb(
        lambda _session, words: room_registration.RegisterRoom(words[0], on=False, context=PURPOSE),
        1,
        1,
        "<#channel>",
        "Releases your channel: it belongs to nobody then.",
    ),
}
"""Each word of ChanServ."""

ALIASES = {"AMODE": "FLAGS", "ACCESS": "FLAGS", "UNREGISTER": "DROP"}


@service(fold(CHANSERV))
def _heard(session: IrcSession, text: str) -> Sequence[Command]:
    return obeyed(session, text, VERBS, ALIASES, PURPOSE)


_ABOUT = "Asks ChanServ, which manages channels of accounts: CS HELP lists its commands."


@command("CHANSERV", params="<word> [<parameters>]", about=_ABOUT)
@command("CS", params="<word> [<parameters>]", about=_ABOUT)
def _chanserv(session: IrcSession, message: Message) -> Sequence[Command]:
    return _heard(session, " ".join(message.params))


# Replies.


@reply(room_registration.RoomRegisteredNow)
def _say_registered(session: IrcSession, reply: room_registration.RoomRegisteredNow) -> bytes:
    whose = f"the account {reply.account}" if reply.account else "nobody"
    return notice(session, PURPOSE, f"{reply.room} belongs to {whose} now")


@reply(room_registration.AccessChanged)
def _say_access_changed(session: IrcSession, reply: room_registration.AccessChanged) -> bytes:
    role = reply.role or "nothing special"
    return notice(session, PURPOSE, f"{reply.account} is {role} in {reply.room} from now on")


@reply(room_registration.AccessView)
def _say_access(session: IrcSession, view: room_registration.AccessView) -> bytes:
    if not view.founder:
        return notice(session, PURPOSE, f"{view.room} belongs to nobody")
    lines = [f"{view.room} belongs to the account {view.founder}"]
    lines += (f"{account}: {role}" for account, role in view.access)
    return b"".join(notice(session, PURPOSE, text) for text in lines)
