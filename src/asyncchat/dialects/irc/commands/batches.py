"""What clients send in several lines: BATCH (IRCv3 client-batch) with messages in it (draft/multiline)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core.events import Speech
from asyncchat.dialects.irc.batches import Failed, Incoming, Text
from asyncchat.dialects.irc.capabilities import BATCH, MULTILINE
from asyncchat.dialects.irc.commands.messages import relayed, said
from asyncchat.dialects.irc.commands.word import Answerer, Word, fail
from asyncchat.dialects.irc.line import word
from asyncchat.dialects.irc.speech import understood
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

_BEFORE = {Speech.ACTION: len("\x01ACTION "), Speech.PROBE: 1, Speech.PROBE_ANSWER: 1}
"""Characters that stand before the text of a CTCP."""


def batch(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Begins a batch, or ends one and says what is in it."""
    incoming = session.incoming or Incoming()
    session.incoming = incoming
    sign = message.params[0][:1]
    found: Text | Failed | None
    if sign == "+":
        found = incoming.begin(message, _multiline(session), relayed(session, message))
    elif sign == "-":
        found = incoming.end(message)
    else:
        found = Failed("INVALID_REFTAG", (message.params[0],), "A batch begins with + and ends with -")
    _forget_if_idle(session)
    if found is None:
        return ()
    if isinstance(found, Failed):
        return [_failed(session, found)]
    text, speech = understood(found.notice, found.text)
    before = _BEFORE.get(speech, 0)
    cuts = tuple(at - before for at in found.cuts if before < at < before + len(text))
    return [said(found.target, text, speech, found.tags, cuts)]


def taken(session: IrcDialect, message: Message) -> tuple[Sequence[core.Command], bool]:
    """What a line means that a batch may be waiting for, and whether that was all that it means."""
    if message.command == "BATCH":
        return (), False
    incoming = session.incoming
    if incoming is None:
        if message.tag("batch") is None or not _multiline(session):
            return (), False
        incoming = session.incoming = Incoming()
    found = incoming.take(message)
    failed = incoming.broken_by(message) if found is False else found
    _forget_if_idle(session)
    return [_failed(session, failed)] if isinstance(failed, Failed) else (), found is not False


def broken(session: IrcDialect, text: str) -> Sequence[core.Command]:
    """What a line that can't be read breaks."""
    failed = None if session.incoming is None else session.incoming.broken(text)
    return () if failed is None else [_failed(session, failed)]


def say_failed(session: IrcDialect, failed: Failed) -> bytes:
    """The FAIL of a batch."""
    context = [word(text) for text in failed.context]
    said = fail("BATCH", failed.code, *context, text=failed.text)
    return b":%b %b\r\n" % (session.irc.name.encode(), said)


def _failed(session: IrcDialect, failed: Failed) -> core.Answer:
    return core.Answer(say_failed(session, failed))


def _multiline(session: IrcDialect) -> bool:
    return bool(session.understood & MULTILINE and session.understood & BATCH)


def _forget_if_idle(session: IrcDialect) -> None:
    if session.incoming is not None and session.incoming.idle:
        session.incoming = None


WORDS: dict[str, Word] = {
    "BATCH": Word(
        batch,
        1,
        params="+<name> <type> [<target>] | -<name>",
        about="Begins and ends lines that belong together. Type: draft/multiline, one message of them.",
    ),
}

ANSWERS: dict[type, Answerer] = {}
