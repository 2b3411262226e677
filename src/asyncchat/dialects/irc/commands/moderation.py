"""Keeping rooms in order, and modes: MODE, KICK (Modern IRC, "MODE message", "KICK message")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.text import cut
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands.word import Answerer, Word, each, numeric
from asyncchat.dialects.irc.limits import CHANGES, KICKS, REASON_BYTES
from asyncchat.dialects.irc.line import line, word
from asyncchat.dialects.irc.tokens import Message
from asyncchat.dialects.irc.variant import FLAG_LETTERS

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_FLAGS = {letter: flag for flag, letter in FLAG_LETTERS.items()}


class UserModes(msgspec.Struct, frozen=True):
    """Purpose of a question: the modes of whom it finds are asked for, or to be changed."""

    nick: str
    changes: str


def mode(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Shows or changes the modes of a room, or the asker's own."""
    target = message.params[0]
    changes = message.param(1)
    if not target.startswith("#"):
        return [core.AskPeople((target,), UserModes(target, changes))]
    if not changes:
        return [core.AskFlags(target)]
    return list(_room_changes(target, changes, iter(message.params[2:])))[:CHANGES]


def _room_changes(room: str, letters: str, arguments: Iterator[str]) -> Iterator[core.Command]:
    on = True
    listed_already = False
    for letter in letters:
        if letter in "+-":
            on = letter == "+"
        elif letter in _FLAGS:
            yield core.SetFlag(room, _FLAGS[letter], on)
        elif letter == "o":
            name = next(arguments, "")
            if name:
                yield core.SetOperator(room, name, on)
        elif letter == "b":
            mask = next(arguments, "")
            if mask:
                yield core.Ban(room, mask, on)
            elif not listed_already:
                listed_already = True
                yield core.AskMasks(room)
        else:
            yield numeric(numerics.ERR_UNKNOWNMODE, word(letter), text="is unknown mode char to me")


def kick(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Puts members out of a room."""
    reason = cut(message.param(2), REASON_BYTES)[0]
    return each(message.params[1], KICKS, lambda name: core.Kick(message.params[0], name, reason))


# What is said to it.


def say_flags(session: IrcDialect, view: replies.FlagsView) -> bytes:
    """A room's modes and when it was opened."""
    letters = "".join(sorted(FLAG_LETTERS[flag] for flag in view.flags if flag in FLAG_LETTERS))
    return session.numeric(numerics.RPL_CHANNELMODEIS, view.room, f"+{letters}") + session.numeric(
        numerics.RPL_CREATIONTIME, view.room, str(view.opened // 1_000_000)
    )


def say_masks(session: IrcDialect, view: replies.MasksView) -> bytes:
    """A room's bans."""
    return b"".join(
        (
            *(
                session.numeric(
                    numerics.RPL_BANLIST, view.room, word(mask.mask), mask.by, str(mask.time // 1_000_000)
                )
                for mask in view.masks
            ),
            session.numeric(numerics.RPL_ENDOFBANLIST, view.room, text="End of channel ban list"),
        )
    )


def say_user_modes(session: IrcDialect, purpose: UserModes, view: replies.PeopleView) -> bytes:
    """The asker's own modes, or their change; nobody else's."""
    if not view.people:
        return session.numeric(numerics.ERR_NOSUCHNICK, word(purpose.nick), text="No such nick/channel")
    seen = view.people[0]
    if seen.person.id != session.id:
        return session.numeric(numerics.ERR_USERSDONTMATCH, text="Can't change mode for other users")
    if not purpose.changes:
        modes = "+" + "i" * session.invisible + "o" * seen.owner
        return session.numeric(numerics.RPL_UMODEIS, modes)
    return _change_user_modes(session, purpose.changes)


def _change_user_modes(session: IrcDialect, changes: str) -> bytes:
    """``i`` is kept and shown; who may list whom does not hang on it so far. ``o`` only OPER gives."""
    on = True
    unknown = False
    before = session.invisible
    for letter in changes:
        if letter in "+-":
            on = letter == "+"
        elif letter == "i":
            session.invisible = on
        elif letter != "o":
            unknown = True
    told = b""
    if session.invisible != before:
        sign = "+" if session.invisible else "-"
        told = line(f":{session.nick} MODE {session.nick}", f"{sign}i")
    if unknown:
        told += session.numeric(numerics.ERR_UMODEUNKNOWNFLAG, text="Unknown MODE flag")
    return told


WORDS: dict[str, Word] = {
    "MODE": Word(
        mode,
        1,
        params="<target> [<modes> [<argument>...]]",
        about="Shows or changes the modes of a channel, or your own.",
    ),
    "KICK": Word(
        kick,
        2,
        params="<channel> <nickname>{,<nickname>} [:<reason>]",
        about="Puts people out of a channel.",
    ),
}

ANSWERS: dict[type, Answerer] = {
    replies.FlagsView: say_flags,
    replies.MasksView: say_masks,
}
