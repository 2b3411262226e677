"""Pinned messages: PIN, UNPIN and PINS, of no specification.

Members are told by a NOTICE that people can read; with message-tags a tag has the message's id, for programs.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.history import Which
from asyncchat.core.features.pins import (
    PINS_EACH,
    GetPins,
    NotPinned,
    Pin,
    PinFault,
    Pinned,
    PinRefused,
    PinsView,
    Unpin,
    Unpinned,
)
from asyncchat.dialects.irc import client_values, numerics
from asyncchat.dialects.irc.capabilities import MESSAGE_TAGS
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server, optional, readable, shape, to_server
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import FAILURES, by_the_server, command, failure, lines, reply, tagged
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message, format_tags
from asyncchat.text.features.pins import change

PIN_TAG: Final = "asyncchat/pin"
"""The tag of the NOTICE about a pinned message: its id."""

UNPIN_TAG: Final = "asyncchat/unpin"


def _which(message: Message) -> Which:
    """The message with an id, the last one of a nickname, or the last one of all."""
    return Which(message.params[0], name=message.param(1), own=None)


@command(
    "PIN <channel> [<msgid>|<nickname>]",
    "Pins a message of a channel: the one with an id, or the last one by somebody, or by anybody. "
    f"Operators and half-operators may; a channel has at most {PINS_EACH} pins.",
    least=1,
)
def _pin(_session: IrcSession, message: Message) -> Sequence[Command]:
    return [Pin(_which(message))]


@command(
    "UNPIN <channel> [<msgid>|<nickname>]",
    "Unpins a message of a channel: the one with an id, or the newest pin of somebody, or of all.",
    least=1,
)
def _unpin(_session: IrcSession, message: Message) -> Sequence[Command]:
    return [Unpin(_which(message))]


@command("PINS <channel>", "Lists the pinned messages of a channel that you are in.", least=1)
def _pins(_session: IrcSession, message: Message) -> Sequence[Command]:
    return [GetPins(message.params[0])]


@reply(PinsView)
def _say_pins(session: IrcSession, view: PinsView) -> bytes:
    """A line for each: id, author, when it was said, who pinned it and when; the text."""
    found = [
        session.numeric(
            numerics.RPL_PINLIST,
            view.room,
            pin.id,
            pin.author,
            str(pin.said // 1_000_000),
            pin.by,
            str(pin.time // 1_000_000),
            text=pin.text,
        )
        for pin in view.pins
    ]
    end = "End of pinned messages" if found else "No message is pinned"
    return b"".join((*found, session.numeric(numerics.RPL_ENDOFPINLIST, view.room, text=end)))


_CODES = {
    PinFault.UNKNOWN: "UNKNOWN_MSGID",
    PinFault.PINNED: "ALREADY_PINNED",
    PinFault.FULL: "LIMIT_REACHED",
    PinFault.FAILED: "MESSAGE_ERROR",
}


FAILURES.put(PinRefused, lambda r: ("PIN", _CODES[r.fault], (r.room,), f"Not pinned: {r.fault.text}"))
failure(NotPinned, "UNPIN", "NOT_PINNED", "{r.room}", "No such message is pinned")


@lines(Pinned, Unpinned, cause=by_the_server)
def _pin_notice(encoder: EncoderBase, event: Pinned | Unpinned) -> bytes:
    return line(f":{encoder.source} NOTICE {event.room}", change(event))


@tagged(Pinned, Unpinned, playback=False)
def _tagged_notice(
    encoder: EncoderBase, record: Record, event: Pinned | Unpinned, batch: str
) -> bytes | None:
    """The notice with the message's id; a page of the history, which says what was so, has no such tag."""
    if not encoder.caps & MESSAGE_TAGS:
        return None
    key = PIN_TAG if isinstance(event, Pinned) else UNPIN_TAG
    tag = format_tags(((key, encoder.ids.id_of(event.message)),)).encode()
    head = encoder.tags_of(record, None, (), batch)
    return (b"@%b;%b" % (tag, head[1:]) if head else b"@%b " % tag) + _pin_notice(encoder, event)


# The client's side.

to_server(Pin)(lambda _, c: ("PIN", c.which.to, *optional(c.which.name)))
to_server(Unpin)(lambda _, c: ("UNPIN", c.which.to, *optional(c.which.name)))
to_server(GetPins)(lambda _, c: ("PINS", c.room))

shape(numerics.RPL_PINLIST, 7, "pinned in {1} ({2}): {3}", ": {7}")
shape(numerics.RPL_ENDOFPINLIST, 2, "{1}", ": {2}")

_PINS_READ = 1000
"""Most pins that a client reads of one room: 20 times as many as a server of ours has."""


@from_server(numerics.RPL_PINLIST, numerics.RPL_ENDOFPINLIST)
def _read_pins(client: ClientConnection, line: ServerLine) -> Iterable[client_values.Value]:
    """The answer to a question; without one it is told as it is."""
    asked = client.asked("PINS")
    if asked is None or client.server.fold(asked.room) != client.server.fold(line.param(1)):
        return (client_values.Told(line.time, readable(line), line.command),)
    if line.command == numerics.RPL_ENDOFPINLIST:
        return (client_values.HistoryPage(client.answered().token, asked.room, tuple(asked.found)),)
    id, author, said, by, pinned = (line.param(number) for number in range(2, 7))
    if len(asked.found) < _PINS_READ:
        asked.found.append(
            client_values.Pinned(
                id,
                _at(said),
                asked.room,
                author,
                line.param(7),
                client.is_own(author),
                replayed=True,
                by=by,
                pinned=_at(pinned),
            )
        )
    return ()


def _at(seconds: str) -> datetime:
    """Seconds since 1970, as the server writes them; 1970 where it writes something else."""
    is_time = seconds.isascii() and seconds.isdigit() and len(seconds) < 12
    return datetime.fromtimestamp(int(seconds) if is_time else 0, UTC)
