"""Rooms: JOIN, PART, TOPIC, NAMES (Modern IRC, "Channel Operations")."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

from asyncchat.core import commands as core
from asyncchat.core import events, replies
from asyncchat.core.rooms import Block
from asyncchat.core.text import cut
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import (
    CHANNEL_RENAME,
    CHATHISTORY,
    MULTI_PREFIX,
    NO_IMPLICIT_NAMES,
    READ_MARKER,
    USERHOST_IN_NAMES,
    gathered,
)
from asyncchat.dialects.irc.commands import autoreplay
from asyncchat.dialects.irc.commands.metadata import say_joined
from asyncchat.dialects.irc.commands.read_markers import mark_line
from asyncchat.dialects.irc.commands.server import no_such_server
from asyncchat.dialects.irc.commands.spec import CommandSpec, ReplyEncoder, ResumeReading, each
from asyncchat.dialects.irc.limits import JOINS, NAMED, REASON_BYTES
from asyncchat.dialects.irc.modes import prefix
from asyncchat.dialects.irc.serialize import line, middle
from asyncchat.dialects.irc.tokens import Message

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect


def join(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Joins rooms, each with the key in its place. ``JOIN 0`` leaves all."""
    if message.params[0] == "0":
        return [core.PartAll()]
    keys = message.param(1).split(",")
    given = dict(reversed(list(zip_longest(message.params[0].split(","), keys, fillvalue=""))))
    follow = not session.caps_in & CHANNEL_RENAME  # who knows of renamings finds its way alone
    asked = each(message.params[0], JOINS, lambda room: core.Join(room, given[room], follow))
    if not asked or session.caps_in & CHATHISTORY or not session.context.server.newcomers:
        return asked
    session.pause()
    return [*asked, core.Answer(ResumeReading(replaying=True))]


def rename(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Gives a room another name (IRCv3 channel-rename)."""
    return [core.RenameRoom(message.params[0], message.params[1], cut(message.param(2), REASON_BYTES)[0])]


def part(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Leaves rooms."""
    reason = cut(message.param(1), REASON_BYTES)[0]
    return each(message.params[0], JOINS, lambda room: core.Part(room, reason))


def topic(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Shows or sets a room's topic."""
    if len(message.params) == 1:
        return [core.AskTopic(message.params[0])]
    return [core.SetTopic(message.params[0], message.params[1])]


def names(session: IrcDialect, message: Message) -> Sequence[core.Command]:
    """Lists the members of rooms; without one, those of all rooms (RFC 2812, 3.2.5)."""
    server = message.param(1)
    if server and not session.context.is_called(server):
        return [no_such_server(server)]
    return each(message.param(0), NAMED, core.AskRoom) or [core.AskNames()]


# What is said to it.


def say_room(session: IrcDialect, view: replies.RoomView) -> bytes:
    """A room's topic, when it was just joined, and its members."""
    told = b""
    if view.joining and view.topic is not None:
        told = say_topic(session, replies.TopicView(view.room, view.topic))
    if view.joining and session.caps_out & READ_MARKER:
        told += mark_line(session.context.name, view.room, view.read)
    if view.joining and session.caps_out & NO_IMPLICIT_NAMES:
        return told + say_joined(session, view.metadata)
    end = session.numeric(numerics.RPL_ENDOFNAMES, view.room, text="End of /NAMES list")
    return told + _names(session, view) + end + say_joined(session, view.metadata)


def say_present(session: IrcDialect, reply: replies.Present) -> bytes:
    """A room that one is in since before this session, as if it had just been joined."""
    view = reply.view
    if session.absence is not None:
        asked = autoreplay.on_joining(session, view.room, session.absence.number, reply.time)
        session.resume(then=[asked])
    joined = events.Record(0, reply.time, events.Joined(view.room, view.person))
    return session.encoder.encode(joined) + say_room(session, view)


def say_names(session: IrcDialect, view: replies.NamesView) -> bytes:
    """The members of all rooms; who is in none stands in a channel called ``*`` (RFC 2812, 3.2.5)."""
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


def _names(session: IrcDialect, view: replies.RoomView) -> bytes:
    key = (*session.context.names_key, session.caps_out & _IN_NAMES)
    head = session.head(numerics.RPL_NAMREPLY, "@" if view.secret else "=", view.room) + b" :"
    pieces: list[bytes] = []
    for block in view.blocks:
        ready = block.encoded.get(key)
        pieces.extend(_name_pieces(block, key) if ready is None else ready)  # type: ignore[arg-type]  # ours
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


def say_moved(session: IrcDialect, reply: replies.RoomMoved) -> bytes:
    """What a JOIN brings, for who was told of a room's new name by one."""
    if session.caps_out & CHANNEL_RENAME or reply.case_only:
        return b""
    return say_room(session, reply.view)


def say_no_room(session: IrcDialect, view: replies.NoRoomView) -> bytes:
    """The empty list of a room that does not exist."""
    return session.numeric(numerics.RPL_ENDOFNAMES, middle(view.room), text="End of /NAMES list")


def say_forwarded(session: IrcDialect, reply: replies.Forwarded) -> bytes:
    """Where one is joined to another room instead."""
    why = "The channel has been renamed" if reply.renamed else "Forwarding to another channel"
    return session.numeric(numerics.ERR_LINKCHANNEL, middle(reply.room), reply.to, text=why)


def say_topic(session: IrcDialect, view: replies.TopicView) -> bytes:
    """A room's topic, who set it and when, or that there is none."""
    topic = view.topic
    if topic is None:
        return session.numeric(numerics.RPL_NOTOPIC, view.room, text="No topic is set")
    return session.numeric(numerics.RPL_TOPIC, view.room, text=topic.text) + session.numeric(
        numerics.RPL_TOPICWHOTIME, view.room, topic.by, str(topic.time // 1_000_000)
    )


COMMANDS: dict[str, CommandSpec] = {
    "JOIN": CommandSpec(
        join,
        1,
        params="<channel>{,<channel>} [<key>{,<key>}]",
        about="Joins channels; one that does not exist is opened. JOIN 0 leaves all.",
    ),
    "PART": CommandSpec(
        part,
        1,
        params="<channel>{,<channel>} [:<reason>]",
        about="Leaves channels.",
    ),
    "RENAME": CommandSpec(
        rename,
        2,
        params="<channel> <new name> [:<reason>]",
        about="Gives a channel another name; all else of it stays (operators).",
    ),
    "TOPIC": CommandSpec(
        topic,
        1,
        params="<channel> [:<topic>]",
        about="Shows a channel's topic, or sets it; an empty one takes it away.",
    ),
    "NAMES": CommandSpec(
        names,
        long=True,
        params="[<channel>{,<channel>} [<server>]]",
        about="Lists who is in channels; alone, who is in which.",
    ),
}

REPLIES: dict[type, ReplyEncoder] = {
    replies.Forwarded: say_forwarded,
    replies.RoomView: say_room,
    replies.RoomMoved: say_moved,
    replies.Present: say_present,
    replies.NoRoomView: say_no_room,
    replies.NamesView: say_names,
    replies.TopicView: say_topic,
}
