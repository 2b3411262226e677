"""Modes of people: MODE with a nick (Modern IRC, "User Modes")."""

from collections.abc import Sequence

from asyncchat.core.coalesce import CoalescedRecord
from asyncchat.core.commands import Batch, Command
from asyncchat.core.events import Record
from asyncchat.core.features.opers import Resign
from asyncchat.core.features.user_modes import (
    GetPersonFlags,
    PersonFlagChanged,
    PersonFlagsView,
    SetPersonFlag,
)
from asyncchat.core.modes import BOT
from asyncchat.core.replies import NotYourself
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import token
from asyncchat.dialects.irc.client_registry import shape, to_server
from asyncchat.dialects.irc.modes import CHANGES, PERSON_FLAG_OF, PERSON_LETTERS, sign, signed
from asyncchat.dialects.irc.registry import refusal, reply, to_self, to_siblings_as_to_self
from asyncchat.dialects.irc.serialize import line, numeric
from asyncchat.dialects.irc.session import IrcSession

token("BOT", PERSON_LETTERS[BOT])


def own_changes(target: str, changes: str) -> Sequence[Command]:
    """``o`` can be laid down here, but only OPER gives it."""
    on = True
    unknown = False
    asked: list[Command] = []
    for letter in changes:
        if letter in "+-":
            on = letter == "+"
        elif letter in PERSON_FLAG_OF:
            asked.append(SetPersonFlag(PERSON_FLAG_OF[letter], on, target))
        elif letter != "o":
            unknown = True
        elif not on:
            asked.append(Resign(target))
    asked = asked[:CHANGES] or [SetPersonFlag("", on, target)]
    if len(asked) > 1:
        asked = [Batch(tuple(asked))]
    if unknown:
        asked.append(numeric(numerics.ERR_UMODEUNKNOWNFLAG, text="Unknown MODE flag"))
    return asked


@reply(PersonFlagsView)
def _say_person_flags(session: IrcSession, view: PersonFlagsView) -> bytes:
    letters = [PERSON_LETTERS[flag] for flag in view.flags] + ["o"] * view.server_operator
    return session.numeric(numerics.RPL_UMODEIS, f"+{''.join(sorted(letters))}")


refusal(NotYourself, numerics.ERR_USERSDONTMATCH, "", "Can't change mode for other users")


@to_self(PersonFlagChanged)
def _own_modes_changed(session: IrcSession, record: Record, event: PersonFlagChanged) -> bytes:
    """One MODE line for all changes that a line asked for."""
    records = record.records if isinstance(record, CoalescedRecord) else (record,)
    changes = (one.event for one in records)
    letters = [(one.on, PERSON_LETTERS[one.flag], "") for one in changes if type(one) is type(event)]
    return line(f":{session.nick} MODE {session.nick}", signed(letters))


to_siblings_as_to_self(PersonFlagChanged)


# The client's side.

shape(numerics.RPL_UMODEIS, 1, "your modes:", " {1}")

to_server(GetPersonFlags)(lambda server, _command: ("MODE", server.nick))
to_server(SetPersonFlag)(lambda server, c: ("MODE", server.nick, sign(c.on) + PERSON_LETTERS[c.flag]))
