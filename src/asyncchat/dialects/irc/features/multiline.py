"""Messages of several lines: BATCH by clients (IRCv3 client-batch, draft/multiline)."""

from collections.abc import Sequence

from asyncchat.core.commands import Command, DialectReply
from asyncchat.core.features.messages import Speech
from asyncchat.dialects.irc.batches import BatchFailure, ClientBatches, MultilineText
from asyncchat.dialects.irc.capabilities import BATCH, MULTILINE
from asyncchat.dialects.irc.features.messages import EDIT_TAG, edit_meant, relayed, said
from asyncchat.dialects.irc.registry import command
from asyncchat.dialects.irc.serialize import middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.speech import parse_ctcp
from asyncchat.dialects.irc.tokens import Message

_BEFORE = {Speech.ACTION: len("\x01ACTION "), Speech.CTCP_QUERY: 1, Speech.CTCP_REPLY: 1}
"""Characters that stand before the text of a CTCP."""


@command(
    "BATCH +<name> <type> [<target>] | -<name>",
    "Begins and ends a group of lines. Type: draft/multiline, one message of several lines.",
    least=1,
)
def _batch(session: IrcSession, message: Message) -> Sequence[Command]:
    incoming = session.client_batches or ClientBatches()
    session.client_batches = incoming
    sign = message.params[0][:1]
    found: MultilineText | BatchFailure | None
    if sign == "+":
        edit = tuple(tag for tag in message.tags if tag[0] == EDIT_TAG)
        found = incoming.begin(message, _multiline(session), (*relayed(session, message), *edit))
    elif sign == "-":
        found = incoming.end(message)
    else:
        found = BatchFailure("INVALID_REFTAG", (message.params[0],), "A batch begins with + and ends with -")
    _forget_if_idle(session)
    if found is None:
        return ()
    if isinstance(found, BatchFailure):
        return [_failed(session, found)]
    text, speech = parse_ctcp(found.notice, found.text)
    before = _BEFORE.get(speech, 0)
    cuts = tuple(at - before for at in found.cuts if before < at < before + len(text))
    meant = edit_meant(session, found.target, found.tags, text, cuts)
    return [meant or said(found.target, text, speech, found.tags, cuts)]


def taken(session: IrcSession, message: Message) -> tuple[Sequence[Command], bool]:
    """What a line does to the open batch, and whether that is all that it means."""
    if message.command == "BATCH":
        return (), False
    incoming = session.client_batches
    if incoming is None:
        if message.tag("batch") is None or not _multiline(session):
            return (), False
        incoming = session.client_batches = ClientBatches()
    found = incoming.take(message)
    failed = incoming.broken_by(message) if found is False else found
    _forget_if_idle(session)
    return [_failed(session, failed)] if isinstance(failed, BatchFailure) else (), found is not False


def broken(session: IrcSession, text: str) -> Sequence[Command]:
    """Breaks the open batch by a line that can't be read."""
    failed = None if session.client_batches is None else session.client_batches.broken(text)
    return () if failed is None else [_failed(session, failed)]


def say_failed(session: IrcSession, failed: BatchFailure) -> bytes:
    """The FAIL of a batch."""
    context = [middle(text) for text in failed.context]
    return session.fail("BATCH", failed.code, *context, text=failed.text)


def _failed(session: IrcSession, failed: BatchFailure) -> DialectReply:
    return DialectReply(say_failed(session, failed))


def _multiline(session: IrcSession) -> bool:
    return bool(session.caps_in & MULTILINE and session.caps_in & BATCH)


def _forget_if_idle(session: IrcSession) -> None:
    if session.client_batches is not None and session.client_batches.idle:
        session.client_batches = None
