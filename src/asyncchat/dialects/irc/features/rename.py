"""Giving a room another name: RENAME (IRCv3 channel-rename)."""

from collections.abc import Iterable, Sequence

from asyncchat.core.commands import Command
from asyncchat.core.events import Record
from asyncchat.core.features.join import RoomHasMoved
from asyncchat.core.features.rename import CannotRenameRoom, RenameRoom, RoomMoved, RoomNameTaken, RoomRenamed
from asyncchat.core.features.rooms import Joined, Parted
from asyncchat.core.names import fold
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc.capabilities import CHANNEL_RENAME
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server, optional, to_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features.rooms import say_room
from asyncchat.dialects.irc.registry import command, failure, lines, reply, to_self
from asyncchat.dialects.irc.serialize import line, reason_of
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


@command(
    "RENAME <channel> <new name> [:<reason>]",
    "Gives a channel another name; everything else of it stays (operators).",
    least=2,
)
def _rename(session: IrcSession, message: Message) -> Sequence[Command]:
    return [RenameRoom(message.params[0], message.params[1], reason_of(message.param(2)))]


@reply(RoomMoved)
def _say_moved(session: IrcSession, reply: RoomMoved) -> bytes:
    """What follows a JOIN, for clients that were told of a room's new name by one."""
    me = session.person
    if me is None or session.caps_out & CHANNEL_RENAME or reply.case_only:
        return b""
    return say_room(session, reply.seen_by(me))


failure(
    RoomNameTaken, "RENAME", "CHANNEL_NAME_IN_USE", "{r.room} {r.to}", "The channel name is already taken"
)
failure(
    CannotRenameRoom,
    "RENAME",
    "CANNOT_RENAME",
    "{r.room} {r.to}",
    "The channel cannot be renamed: {r.reason}",
)
failure(RoomHasMoved, "JOIN", "CHANNEL_RENAMED", "{r.room} {r.to}", "The channel has been renamed")


@lines(RoomRenamed)
def _rename_lines(_encoder: EncoderBase, event: RoomRenamed) -> bytes:
    """RENAME; clients that do not know it are told individually."""
    return line(f":{event.person.origin} RENAME {event.room} {event.to}", event.reason)


@to_self(RoomRenamed)
def _room_renamed(session: IrcSession, record: Record, event: RoomRenamed) -> bytes:
    """RENAME, or else a PART and a JOIN; a change of case needs neither."""
    if session.caps_out & CHANNEL_RENAME:
        return session.encoder.encode(record)
    me = session.person
    if me is None or fold(event.room) == fold(event.to):
        return b""
    left, joined = Parted(event.room, me, event.reason), Joined(event.to, me)
    encode, time = session.encoder.encode, record.time
    return encode(Record(0, time, left)) + encode(Record(0, time, joined))  # no records of their own: no id


# The client's side.

wanted("draft/channel-rename")


@from_server("RENAME")
def _read_rename(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    old, new = line.param(0), line.param(1)
    if not new:
        return ()
    client.rooms.rename(old, new)
    return (values.RoomRenamed(line.time, old, new, line.nick, line.param(2)),)


to_server(RenameRoom)(lambda _, c: ("RENAME", c.room, c.to, *optional(c.reason)))
