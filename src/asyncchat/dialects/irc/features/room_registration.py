"""Rooms that belong to an account: ChanServ, as messages to it or as /CS.

Owns its words; how they are read is ``services``' affair.
"""

from collections.abc import Callable

from asyncchat.core.commands import Command
from asyncchat.core.features import room_registration
from asyncchat.core.features.room_modes import SetRole
from asyncchat.core.names import CHANSERV
from asyncchat.core.roles import HALF_OPERATOR, OPERATOR, ROLES, VOICE
from asyncchat.dialects.irc.client_registry import Line, LineContext, to_server
from asyncchat.dialects.irc.features.services import Service, notice
from asyncchat.dialects.irc.modes import ROLE_LETTERS
from asyncchat.dialects.irc.registry import reply
from asyncchat.dialects.irc.session import IrcSession

verb = Service(
    CHANSERV,
    ("CHANSERV", "CS"),
    "Asks ChanServ, which manages channels of accounts: CS HELP lists its commands.",
    {"AMODE": "FLAGS", "ACCESS": "FLAGS", "UNREGISTER": "DROP"},
)

PURPOSE = verb.purpose

_ROLES = {
    **{role.name.upper(): role.name for role in ROLES},
    **{letter.upper(): role for role, letter in ROLE_LETTERS.items()},
    "AOP": OPERATOR.name,
    "HOP": HALF_OPERATOR.name,
    "VOP": VOICE.name,
    "SOP": "admin",
}
"""The role meant by a name, a letter, or other services' words."""


@verb(
    "REGISTER",
    1,
    1,
    "<#channel>",
    "Makes a channel yours: it stays, and you are its founder whenever you are logged in.",
)
def _register(_session: IrcSession, words: list[str]) -> Command:
    return room_registration.RegisterRoom(words[0], context=PURPOSE)


@verb("INFO", 1, 1, "<#channel>", "Tells who owns a channel, and who has a role in it.")
def _info(_session: IrcSession, words: list[str]) -> Command:
    return room_registration.GetAccess(words[0], PURPOSE)


@verb(
    "FLAGS",
    1,
    3,
    "<#channel> [<account> <role>|-]",
    "Lists the accounts with a role in your channel, or gives one a role: voice, half-operator, operator, "
    "admin.",
)
def _flags(session: IrcSession, words: list[str]) -> Command:
    if len(words) < 3:
        return _info(session, words)
    role = words[2].upper().lstrip("+")
    given = "" if role in ("-", "NONE", "DEL", "-*") else _ROLES.get(role, words[2])
    return room_registration.SetAccess(words[0], words[1], given, PURPOSE)


def _roles(role: str, on: bool) -> Callable[[IrcSession, list[str]], Command]:
    def make(session: IrcSession, words: list[str]) -> Command:
        if len(words) == 1 and on and role == OPERATOR.name:
            return room_registration.TakeRole(words[0], PURPOSE)
        return SetRole(words[0], words[1] if len(words) > 1 else session.nick, on, role)

    return make


_ONE = 1, 2, "<#channel> [<nickname>]"
verb("OP", *_ONE, "Makes an operator, or gives you your role again.")(_roles(OPERATOR.name, True))
verb("DEOP", *_ONE, "Takes the role away.")(_roles(OPERATOR.name, False))
verb("VOICE", *_ONE, "Gives voice.")(_roles(VOICE.name, True))
verb("DEVOICE", *_ONE, "Takes voice away.")(_roles(VOICE.name, False))


@verb("TRANSFER", 2, 2, "<#channel> <account>", "Gives your channel to another account.")
def _transfer(_session: IrcSession, words: list[str]) -> Command:
    return room_registration.RegisterRoom(words[0], words[1], context=PURPOSE)


@verb("DROP", 1, 1, "<#channel>", "Releases your channel: it belongs to nobody then.")
def _drop(_session: IrcSession, words: list[str]) -> Command:
    return room_registration.RegisterRoom(words[0], on=False, context=PURPOSE)


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


# The client's side.


@to_server(room_registration.RegisterRoom)
def _ask_register(_server: LineContext, asked: room_registration.RegisterRoom) -> Line:
    if not asked.on:
        return ("CS", "DROP", asked.room)
    return ("CS", "TRANSFER", asked.room, asked.account) if asked.account else ("CS", "REGISTER", asked.room)


to_server(room_registration.GetAccess)(lambda _, c: ("CS", "FLAGS", c.room))
to_server(room_registration.SetAccess)(lambda _, c: ("CS", "FLAGS", c.room, c.account, c.role or "-"))
