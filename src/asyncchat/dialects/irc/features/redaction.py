"""Taking messages back: REDACT (IRCv3 message-redaction), and that a room's were erased."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features import redaction
from asyncchat.core.features.history import Which
from asyncchat.core.ids import Ids
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.capabilities import ECHO_MESSAGE, capability
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features import messages
from asyncchat.dialects.irc.registry import (
    by_the_server,
    command,
    lines,
    played_back,
    reply,
    tagged,
    to_self,
    to_siblings,
)
from asyncchat.dialects.irc.serialize import line, middle, reason_of
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

MESSAGE_REDACTION: Final = capability(
    "draft/message-redaction",
    "extensions/message-redaction",
    changes=True,
    needs=("message-tags", "echo-message"),
)

Redaction = redaction.Erased | redaction.RedactedInPrivate


@command(
    "REDACT <target> <msgid> [:<reason>]",
    "Removes a message from the history: your own, or as a channel's operator anyone's.",
    least=2,
    needs=MESSAGE_REDACTION,
)
def _redact(session: IrcSession, message: Message) -> Sequence[Command]:
    target, id = message.params[:2]
    # A message that never was is asked for too: whether the target may be known of is said first.
    number = session.context.server.ids.number_of(id) or 0
    reason = reason_of(message.param(2))
    return [redaction.Redact(Which(target, number), reason, id)]


_REDACTION_FAULTS = {
    redaction.RedactionFault.TARGET: ("INVALID_TARGET", "You cannot delete messages from there"),
    redaction.RedactionFault.UNKNOWN: ("UNKNOWN_MSGID", "This message does not exist or is too old"),
    redaction.RedactionFault.FORBIDDEN: ("REDACT_FORBIDDEN", "You are not authorised to delete this message"),
    redaction.RedactionFault.EARLIER: (
        "REDACT_FORBIDDEN",
        "This message is from before the channel was taken over or opened",
    ),
    redaction.RedactionFault.EXPIRED: ("REDACT_WINDOW_EXPIRED", "You can no longer delete this message"),
    redaction.RedactionFault.FAILED: ("UNKNOWN_MSGID", "The history can't be read now, try again"),
}


@reply(redaction.RedactionRefused)
def _say_not_redacted(session: IrcSession, refusal: redaction.RedactionRefused) -> bytes:
    code, text = _REDACTION_FAULTS[refusal.fault]
    context = [middle(refusal.to)]
    if refusal.fault is not redaction.RedactionFault.TARGET:
        context.append(middle(str(refusal.context)))
    if refusal.fault is redaction.RedactionFault.EXPIRED:
        context.append(str(refusal.seconds))
    return session.fail("REDACT", code, *context, text=text)


@tagged(redaction.Erased, redaction.RedactedInPrivate, playback=False)
def _redact_lines(encoder: EncoderBase, record: Record, event: Redaction, batch: str) -> bytes | None:
    """A REDACT for each message; None for clients that do not know it."""
    if not encoder.caps & MESSAGE_REDACTION:
        return None
    if isinstance(event, redaction.Erased):
        target, numbers = event.room, event.numbers
    else:
        target, numbers = event.to.name, (event.number,)
    if not numbers:
        return b""
    first = encoder.tags_of(record, event.person, (), batch)
    others = encoder.tags_of(record, event.person, None, batch) if len(numbers) > 1 else b""
    redacted = _untagged(encoder.ids, event.person.origin, target, numbers, event.reason or None)
    return first + others.join(redacted)


@lru_cache(2)
def _untagged(ids: Ids, origin: str, target: str, numbers: Sequence[int], reason: str | None) -> list[bytes]:
    """The lines without tags. They are remembered, for all sets of capabilities that are told at once."""
    start = f":{origin} REDACT {target}"
    return [line(f"{start} {ids.id_of(number)}", reason) for number in numbers]


played_back(redaction.Erased, redaction.RedactedInPrivate)(_redact_lines)


@lines(redaction.Erased, cause=by_the_server)
def _erased_lines(encoder: EncoderBase, event: redaction.Erased) -> bytes:
    """A notice for clients that do not know REDACT."""
    if event.told_of == 0:
        return b""
    count = event.count
    what = "1 message" if count == 1 else f"{count} messages"
    because = f": {event.reason}" if event.reason else ""
    return line(f":{encoder.source} NOTICE {event.room}", f"{event.person.name} erased {what}{because}")


@lines(redaction.RedactedInPrivate, cause=by_the_server)
def _redacted_in_private_lines(encoder: EncoderBase, event: redaction.RedactedInPrivate) -> bytes:
    because = f": {event.reason}" if event.reason else ""
    text = f"{event.person.name} took back a private message{because}"
    return line(f":{encoder.source} NOTICE {event.to.name}", text)


@to_self(redaction.Erased, redaction.RedactedInPrivate)
def _redacted(session: IrcSession, record: Record, _event: Redaction) -> bytes:
    """Echoed as a message is to clients that know REDACT."""
    wanted = session.caps_out & ECHO_MESSAGE or not session.caps_out & MESSAGE_REDACTION
    return session.encoder.encode(record) if wanted else b""


to_siblings(redaction.RedactedInPrivate)(messages.private_from_sibling)


# The client's side.

wanted("draft/message-redaction")


@from_server("REDACT")
def _read_redact(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    if not line.param(1):
        return ()
    room, nick, own = client.conversation(line)
    return (values.Redacted(line.time, room, nick, line.param(1), line.param(2), own),)
