"""LIST and its conditions (Modern IRC, "LIST message", "ELIST Parameter").

Owns how a condition is spelled; which rooms meet it, the core finds.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from asyncchat.core.commands import Command
from asyncchat.core.features.queries import GetRooms, RoomsView, Span
from asyncchat.core.names import ROOM_SIGNS
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import token
from asyncchat.dialects.irc.client_registry import shape, silent, to_server
from asyncchat.dialects.irc.features.server import no_such_server
from asyncchat.dialects.irc.registry import command, reply
from asyncchat.dialects.irc.serialize import listed, too_many
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

ELIST: Final = "CMNTU"
"""Kinds of conditions of LIST (ELIST): creation time, mask, negated mask, topic time, users."""

LISTED: Final = 50
"""Rooms that LIST takes by name (TARGMAX)."""

token("ELIST", ELIST)
token("SAFELIST")

_SPAN = re.compile(r"([CT]?)([<>])([0-9]{1,9})", re.ASCII | re.IGNORECASE)

_SPANS = {"": "people", "C": "opened", "T": "topic"}


@command(
    "LIST [<channel>{,<channel>}] [<condition>{,<condition>}]",
    "Lists the channels. Conditions: a mask like #a*, !mask, >n and <n people, C>n and C<n minutes "
    "since it was opened, T>n and T<n minutes since its topic was set.",
    targets=LISTED,
    long=True,
)
def _list_rooms(session: IrcSession, message: Message) -> Sequence[Command]:
    """Lists all rooms, those named, or those that meet conditions; the second parameter may be a server."""
    conditions = listed(message.param(0), LISTED + 1)
    second = message.param(1)
    if session.context.names_server(second):
        if not session.context.is_called(second):
            return [no_such_server(second)]
    else:
        conditions += listed(second, LISTED + 1)
    asked = parse_conditions(conditions[:LISTED])
    return [asked, too_many(conditions[LISTED], LISTED)] if len(conditions) > LISTED else [asked]


def parse_conditions(conditions: Sequence[str]) -> GetRooms:
    """The query for some conditions: if a kind is given twice the last counts, masks add up."""
    names: list[str] = []
    masks: list[str] = []
    without: list[str] = []
    spans = {field: Span() for field in _SPANS.values()}
    for text in conditions:
        found = _SPAN.fullmatch(text)
        if found is not None:
            field = _SPANS[found[1].upper()]
            bound = "over" if found[2] == ">" else "under"
            spans[field] = msgspec.structs.replace(spans[field], **{bound: int(found[3])})
        elif text[0] == "!":
            without.append(text[1:])
        elif text[0] in ROOM_SIGNS and "*" not in text and "?" not in text:
            names.append(text)
        else:
            masks.append(text)
    return GetRooms(tuple(names), tuple(masks), tuple(without), **spans)


@reply(RoomsView)
def _say_rooms(session: IrcSession, view: RoomsView) -> bytes:
    say = session.numeric
    start, end = (
        say(numerics.RPL_LISTSTART, "Channel", text="Users  Name"),
        say(numerics.RPL_LISTEND, text="End of /LIST"),
    )
    told = (say(numerics.RPL_LIST, room.room, str(room.size), text=room.topic) for room in view.rooms)
    return b"".join((start, *told, end))


# The client's side.

silent(numerics.RPL_LISTSTART, numerics.RPL_LISTEND)
shape(numerics.RPL_LIST, 3, "{1} ({2})", " {3}")

to_server(GetRooms)(lambda _, _command: ("LIST",))
