"""How far a person has read: MARKREAD (IRCv3 read-marker)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.read_markers import NoReadMarker, ReadMarkerView, ReadUpTo, SetReadMarker
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.capabilities import capability
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import by_the_server, command, lines, not_to_self, reply, to_siblings
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message
from asyncchat.text.times import milliseconds, timestamp

READ_MARKER: Final = capability("draft/read-marker", "extensions/read-marker", changes=True)


@command(
    "MARKREAD <target> [timestamp=<time>]",
    "Sets how far you have read a channel or a private conversation, or asks for it.",
    needs=READ_MARKER,
)
def _markread(session: IrcSession, message: Message) -> Sequence[Command]:
    target = message.param(0)
    if not target:
        return [session.fail_answer("MARKREAD", "NEED_MORE_PARAMS", text="Missing parameters")]
    if len(message.params) == 1:
        return [SetReadMarker(target)]
    kind, equals, value = message.params[1].partition("=")
    time = milliseconds(value) if kind == "timestamp" and equals else None
    if time is None or len(message.params) > 2:
        given = [middle(text) for text in message.params[: 3 if len(message.params) > 2 else 2] if text]
        return [session.fail_answer("MARKREAD", "INVALID_PARAMS", *given, text="Invalid parameters")]
    return [SetReadMarker(target, time * 1000)]


def mark_line(source: str, target: str, time: int | None) -> bytes:
    """A MARKREAD line; no time: nothing is read yet."""
    return line(f":{source} MARKREAD {target} {'*' if time is None else f'timestamp={timestamp(time)}'}")


@reply(ReadMarkerView)
def _say_mark(session: IrcSession, view: ReadMarkerView) -> bytes:
    return mark_line(session.context.name, view.target, view.time)


@reply(NoReadMarker)
def _say_no_mark(session: IrcSession, refusal: NoReadMarker) -> bytes:
    return session.fail("MARKREAD", "INVALID_PARAMS", middle(refusal.target), text="Invalid parameters")


@lines(ReadUpTo, cause=by_the_server)
def _marker_lines(encoder: EncoderBase, event: ReadUpTo) -> bytes:
    return mark_line(encoder.source, event.target, event.time) if encoder.caps & READ_MARKER else b""


not_to_self(ReadUpTo)


@to_siblings(ReadUpTo)
def _marker_from_sibling(session: IrcSession, record: Record, _event: ReadUpTo, _alone: bool) -> bytes:
    return session.encoder.encode(record)


# The client's side.

_CAPABILITY: Final = "draft/read-marker"

wanted(_CAPABILITY)


@from_server("MARKREAD")
def _read_mark(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    kind, _, stated = line.param(1).partition("=")
    time = milliseconds(stated) if kind == "timestamp" else None
    if time is None or not line.param(0):
        return ()
    return (values.ReadUpTo(datetime.fromtimestamp(time / 1000, UTC), line.param(0)),)


def mark_read(client: ClientConnection, target: str, time: datetime) -> None:
    """Tells the server how far we have read, if it keeps that."""
    if _CAPABILITY in client.server.capabilities:
        stated = timestamp(round(time.timestamp() * 1_000_000))
        client.ask("MARKREAD", target, f"timestamp={stated}")
