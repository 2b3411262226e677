"""Rooms: JOIN, PART, TOPIC, NAMES (Modern IRC, "Channel Operations")."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Final

import msgspec

from asyncchat.core.commands import Command, Pause
from asyncchat.core.events import Record
from asyncchat.core.features import join, queries, rooms, topic
from asyncchat.core.replies import NoSuchRoom, NotMember
from asyncchat.core.rooms import Block
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import (
    CHANNEL_RENAME,
    CHATHISTORY,
    MULTI_PREFIX,
    capability,
    gathered,
    token,
)
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine, nick_of
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.client_server import wanted
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.features import autoreplay
from asyncchat.dialects.irc.features.away import AWAY_NOTIFY
from asyncchat.dialects.irc.features.metadata import say_unasked
from asyncchat.dialects.irc.features.read_markers import READ_MARKER, mark_line
from asyncchat.dialects.irc.features.server import no_such_server
from asyncchat.dialects.irc.features.topic import say_topic
from asyncchat.dialects.irc.modes import prefix
from asyncchat.dialects.irc.registry import (
    command,
    lines,
    numeric_of,
    refusal,
    reply,
    reply_to_siblings,
    to_self,
    to_siblings,
)
from asyncchat.dialects.irc.serialize import each, line, middle, reason_of
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

JOINS: Final = 50
"""Rooms of one JOIN or PART: what a line of common names holds (TARGMAX)."""

NAMED: Final = 4
"""Rooms of one NAMES (TARGMAX): each may be thousands of names."""

EXTENDED_JOIN: Final = capability("extended-join", "extensions/extended-join", changes=True)
NO_IMPLICIT_NAMES: Final = capability("no-implicit-names", "extensions/no-implicit-names")
USERHOST_IN_NAMES: Final = capability("userhost-in-names", "extensions/userhost-in-names")

token("CHANLIMIT", f"#:{join.ROOMS_EACH}")


@command(
    "JOIN <channel>{,<channel>} [<key>{,<key>}]",
    "Joins channels; one that does not exist is opened. A key may be an invitation code. JOIN 0 leaves all.",
    least=1,
    targets=JOINS,
)
def _join(session: IrcSession, message: Message) -> Sequence[Command]:
    """Joins rooms, each with the key in its place. ``JOIN 0`` leaves all."""
    if message.params[0] == "0":
        return [join.PartAll()]
    keys = message.param(1).split(",")
    given = dict(reversed(list(zip_longest(message.params[0].split(","), keys, fillvalue=""))))
    follow = not session.caps_in & CHANNEL_RENAME  # clients that know RENAME follow by themselves
    asked = each(message.params[0], JOINS, lambda room: join.joining_with(room, given[room], follow))
    if not asked or session.caps_in & CHATHISTORY or not session.context.server.newcomers:
        return asked
    return [*asked, Pause(autoreplay.StartReplay())]


@command("PART <channel>{,<channel>} [:<reason>]", "Leaves channels.", least=1, targets=JOINS)
def _part(session: IrcSession, message: Message) -> Sequence[Command]:
    reason = reason_of(message.param(1))
    return each(message.params[0], JOINS, lambda room: join.Part(room, reason))


@command(
    "NAMES [<channel>{,<channel>} [<server>]]",
    "Lists the people in channels; alone, those in all channels.",
    targets=NAMED,
    long=True,
)
def _names_command(session: IrcSession, message: Message) -> Sequence[Command]:
    """Lists the members of rooms; without one, those of all rooms (RFC 2812, 3.2.5)."""
    server = message.param(1)
    if server and not session.context.is_called(server):
        return [no_such_server(server)]
    return each(message.param(0), NAMED, join.GetRoom) or [queries.GetNames()]


@reply(join.RoomView)
def say_room(session: IrcSession, view: join.RoomView) -> bytes:
    """A room's topic, when it was just joined, and its members."""
    told = b""
    if view.joining and view.topic is not None:
        told = say_topic(session, topic.TopicView(view.room, view.topic))
    if view.joining and session.caps_out & READ_MARKER:
        told += mark_line(session.context.name, view.room, view.read)
    if view.joining and session.caps_out & NO_IMPLICIT_NAMES:
        return told + say_unasked(session, view.metadata)
    end = session.numeric(numerics.RPL_ENDOFNAMES, view.room, text="End of /NAMES list")
    return told + _names(session, view) + end + say_unasked(session, view.metadata)


@reply(queries.NamesView)
def _say_names(session: IrcSession, view: queries.NamesView) -> bytes:
    """The members of all rooms; people in none are listed in a channel called ``*`` (RFC 2812, 3.2.5)."""
    told = [_names(session, room) for room in view.rooms]
    hosts = session.caps_out & USERHOST_IN_NAMES
    nicks = [person.origin if hosts else person.name for person in view.others]
    pieces = gathered(nicks, session.context.names_key[1]) if nicks else []
    told += [session.numeric(numerics.RPL_NAMREPLY, "*", "*", text=piece) for piece in pieces]
    if view.more:
        text = "These are not all: NAMES #channel lists the people of one channel, LIST all channels"
        told.append(line(f":{session.context.name} NOTICE {session.nick}", text))
    told.append(session.numeric(numerics.RPL_ENDOFNAMES, "*", text="End of /NAMES list"))
    return b"".join(told)


def _names(session: IrcSession, view: join.RoomView) -> bytes:
    key = (*session.context.names_key, session.caps_out & _IN_NAMES)
    head = session.head(numerics.RPL_NAMREPLY, "@" if view.secret else "=", view.room) + b" :"
    pieces: list[bytes] = []
    for block in view.blocks:
        ready = block.encoded.get(key)
        pieces.extend(_name_pieces(block, key) if ready is None else ready)  # type: ignore[arg-type]  # pieces of this key
    return head + head.join(pieces) if pieces else b""


_IN_NAMES = MULTI_PREFIX | USERHOST_IN_NAMES
"""What changes how a member is listed."""


def _name_pieces(block: Block, key: tuple[str, int, int]) -> list[bytes]:
    """The ends of the lines that hold a block's names, remembered in it: in a big room they are the work."""
    every = bool(key[2] & MULTI_PREFIX)
    hosts = key[2] & USERHOST_IN_NAMES
    members = [
        prefix(member.roles, every) + (member.person.origin if hosts else member.person.name)
        if member.roles
        else (member.person.origin if hosts else member.person.name)
        for member in block.members
    ]
    pieces = [piece.encode("utf-8", "replace") + b"\r\n" for piece in gathered(members, key[1])]
    block.encoded[key] = pieces
    return pieces


@reply(join.NoRoomView)
def _say_no_room(session: IrcSession, view: join.NoRoomView) -> bytes:
    return session.numeric(numerics.RPL_ENDOFNAMES, middle(view.room), text="End of /NAMES list")


@reply(join.Forwarded)
def _say_forwarded(session: IrcSession, reply: join.Forwarded) -> bytes:
    why = "The channel has been renamed" if reply.renamed else "Forwarding to another channel"
    return session.numeric(numerics.ERR_LINKCHANNEL, middle(reply.room), reply.to, text=why)


@reply(join.HistoryIsHidden)
def _say_history_is_hidden(session: IrcSession, reply: join.HistoryIsHidden) -> bytes:
    text = (
        "Nobody was here, and the channel is not open to everyone: what was said before is hidden from you. "
        "To keep a channel's history, log in and register it with ChanServ"
    )
    return line(f":{session.context.name} NOTICE {reply.room}", text)


@numeric_of(join.RoomNotAllowed)
def _room_not_allowed(refusal: join.RoomNotAllowed) -> tuple[str, tuple[str, ...], str]:
    if not refusal.room.startswith("#"):
        return numerics.ERR_NOSUCHCHANNEL, (refusal.room,), "No such channel: a channel's name begins with #"
    return numerics.ERR_BADCHANMASK, (refusal.room,), f"That channel name is not allowed: {refusal.reason}"


refusal(NoSuchRoom, numerics.ERR_NOSUCHCHANNEL, "{r.room}", "No such channel")
refusal(join.TooManyRooms, numerics.ERR_TOOMANYCHANNELS, "{r.room}", "You have joined too many")
refusal(
    join.TooManyRoomsOpened,
    numerics.ERR_TOOMANYCHANNELS,
    "{r.room}",
    "Too many channels have been opened from your address",
)
refusal(NotMember, numerics.ERR_NOTONCHANNEL, "{r.room}", "You're not on that channel")
refusal(join.WrongKey, numerics.ERR_BADCHANNELKEY, "{r.room}", "Cannot join channel (+k)")
refusal(join.NotInvited, numerics.ERR_INVITEONLYCHAN, "{r.room}", "Cannot join channel (+i)")
refusal(join.RoomFull, numerics.ERR_CHANNELISFULL, "{r.room}", "Cannot join channel (+l)")
refusal(join.Banned, numerics.ERR_BANNEDFROMCHAN, "{r.room}", "Cannot join channel (+b)")


@lines(rooms.Joined)
def join_lines(encoder: EncoderBase, event: rooms.Joined) -> bytes:
    """JOIN, and AWAY if the person is."""
    person = event.person
    if encoder.caps & EXTENDED_JOIN:
        told = line(f":{person.origin} JOIN {event.room} {person.account or '*'}", person.realname)
    else:
        told = line(f":{person.origin} JOIN {event.room}")
    if event.away and encoder.caps & AWAY_NOTIFY:
        told += line(f":{event.person.origin} AWAY", event.away)
    return told


@to_self(rooms.Joined)
def _joined(session: IrcSession, record: Record, event: rooms.Joined) -> bytes:
    """JOIN; what was said there before is told once all rooms of the line are joined."""
    autoreplay.joined(session, event.room, record)
    return _joined_by_sibling(session, record, event, False)


@to_siblings(rooms.Joined)
def _joined_by_sibling(session: IrcSession, record: Record, event: rooms.Joined, _alone: bool) -> bytes:
    """JOIN; this session did not ask for it, and is told nothing of before."""
    # Nobody is told of being away himself (away-notify).
    told = msgspec.structs.replace(event, away="") if event.away else event
    return session.encoder.encode(msgspec.structs.replace(record, event=told))


@to_self(rooms.Parted, rooms.Kicked)
def _left(session: IrcSession, record: Record, _event: rooms.Parted | rooms.Kicked) -> bytes:
    """PART or KICK; what is said there from now on is missed."""
    autoreplay.left(session, record)
    return session.encoder.encode(record)


@to_siblings(rooms.Parted, rooms.Kicked)
def _left_by_other(session: IrcSession, record: Record, _event: object, _alone: bool) -> bytes:
    """The same; the session was told it as a member."""
    autoreplay.left(session, record)
    return b""


@lines(rooms.Parted)
def _part_lines(_encoder: EncoderBase, event: rooms.Parted) -> bytes:
    return line(f":{event.person.origin} PART {event.room}", event.reason or None)


@reply_to_siblings(join.RoomView)
def _room_joined_by_sibling(session: IrcSession, view: join.RoomView) -> bytes:
    return say_room(session, view) if view.joining else b""


wanted("multi-prefix")


@from_server("JOIN")
def _read_join(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    nick, room = line.nick, line.param(0)
    if client.is_own(nick) and client.rooms.are_full:
        return ()
    own = client.rooms.add(room, nick)
    if own:
        client.learn_origin(line.source)
        client.joining.pop(client.server.fold(room), None)
    return (values.Joined(line.time, room, nick, own),)


@from_server("PART")
def _read_part(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    room, nick = line.param(0), line.nick
    own = client.rooms.remove(room, nick)
    return (values.Left(line.time, room, nick, line.param(1), own),)


@from_server(numerics.RPL_NAMREPLY)
def _read_names(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    room = client.rooms.get(line.params[-2]) if len(line.params) > 2 else None
    if room is not None:
        if room.listing is None:
            room.listing, room.listed_prefixes = {}, {}
        for word in line.params[-1].split():
            bare = word.lstrip(client.server.member_prefixes)
            nick = nick_of(bare)
            key = client.server.fold(nick)
            room.listing[key] = nick
            if len(bare) < len(word):
                room.listed_prefixes[key] = word[: len(word) - len(bare)]
    return ()


@from_server(numerics.RPL_ENDOFNAMES)
def _read_names_end(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    room = client.rooms.get(line.param(1))
    if room is None:
        return ()
    if room.listing is not None:
        room.members, room.listing = room.listing, None
        room.prefixes = room.listed_prefixes
    return (values.Present(line.time, room.name, tuple(room.members.values()), room.topic),)
