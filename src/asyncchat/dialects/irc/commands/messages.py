"""What people say: PRIVMSG, NOTICE, and that one is away (Modern IRC, "Sending Messages")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import replies
from asyncchat.core.events import Speech
from asyncchat.core.text import cut
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.commands.word import Answerer, Word, listed, numeric
from asyncchat.dialects.irc.limits import REASON_BYTES, TARGETS
from asyncchat.dialects.irc.speech import understood
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def privmsg(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Says something to rooms or people."""
    targets = listed(message.param(0), TARGETS + 1)
    if not targets:
        return [numeric(numerics.ERR_NORECIPIENT, text="No recipient given (PRIVMSG)")]
    if not message.param(1):
        return [numeric(numerics.ERR_NOTEXTTOSEND, text="No text to send")]
    if len(targets) > TARGETS:
        return [
            numeric(numerics.ERR_TOOMANYTARGETS, targets[TARGETS], text=f"At most {TARGETS} targets at once")
        ]
    return _say(targets, *understood(False, message.params[1]))


def notice(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Says something that is never answered, not even with an error (RFC 2812, 3.3.2)."""
    targets = listed(message.param(0), TARGETS + 1)
    if len(targets) > TARGETS or not message.param(1):
        return []
    return _say(targets, *understood(True, message.params[1]))


def _say(targets: Sequence[str], text: str, speech: Speech) -> Sequence[core.Command]:
    return [core.Say(target, text, speech) for target in targets]


def away(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Goes away with a word, or comes back without one."""
    return [core.SetAway(cut(message.param(0), REASON_BYTES)[0])]


def say_away(session: IrcDialect, note: replies.AwayNote) -> bytes:
    """Who was written to is away."""
    return session.numeric(numerics.RPL_AWAY, note.person.name, text=note.text)


WORDS: dict[str, Word] = {
    "PRIVMSG": Word(privmsg),
    "NOTICE": Word(notice),
    "AWAY": Word(away),
}

ANSWERS: dict[type, Answerer] = {replies.AwayNote: say_away}
