"""What is said of each reply.

Owns one table over the closed set of replies; each gives lines. Long lists are cut, and say so.
"""

from collections.abc import Callable, Iterable
from typing import Any

from asyncchat.core import replies
from asyncchat.core.modes import BOT
from asyncchat.core.names import fold
from asyncchat.core.roles import ROLES
from asyncchat.core.rooms import Block, Topic
from asyncchat.text import search
from asyncchat.text.audit import ACT_WORDS
from asyncchat.text.events import in_room
from asyncchat.text.history import page_lines
from asyncchat.text.modes import (
    LIST_WORDS,
    PERSON_FLAG_WORDS,
    RULE_WORDS,
    SETTING_WORDS,
    setting_sentence,
)
from asyncchat.text.refusals import place
from asyncchat.text.sanitize import shown
from asyncchat.text.times import Zone

NAMES_SHOWN = 100
"""Names one list shows: about a screen of them."""

ROOMS_SHOWN = 200
"""Rooms one list shows, the fullest first."""


def hello(view: replies.RoomView) -> str:
    """The original's greeting: everyone's names in the order in which they came, the newcomer's last."""
    name = view.person.name
    if view.size <= 1:
        return f"Hello, {name}!"
    others = _names(view.blocks, besides=view.person.id)
    return f"Hello, {name}! {', '.join((*_cut(others, view.size - 1), name))} are in the chat"


def here(view: replies.RoomView) -> str:
    """Who else is in a room just joined, in a sentence."""
    if view.size <= 1:
        return "Nobody else is here."
    names = _cut(_names(view.blocks, besides=view.person.id), view.size - 1)
    return f"With you {'is' if view.size == 2 else 'are'} {', '.join(names)}."


def topic_line(room: str, topic: Topic | None) -> str:
    """A room's topic, or nothing."""
    return in_room(room, f"The topic is: {topic.text}") if topic is not None else ""


def _names(blocks: Iterable[Block], besides: int) -> list[str]:
    names: list[str] = []
    for block in blocks:
        names += [member.person.name for member in block.members if member.person.id != besides]
        if len(names) > NAMES_SHOWN:
            break
    return names


def _cut(names: list[str], size: int) -> list[str]:
    """At most ``NAMES_SHOWN`` of the names, and how many more there are."""
    if size <= NAMES_SHOWN:
        return names
    return [*names[:NAMES_SHOWN], f"{size - NAMES_SHOWN:,} others"]


def _room_view(view: replies.RoomView, _zone: Zone) -> list[str]:
    names = _cut([member.person.name for block in view.blocks for member in block.members], view.size)
    return [in_room(view.room, f"Here are: {', '.join(names)}")]


def _names_view(view: replies.NamesView, zone: Zone) -> list[str]:
    lines = [line for room in view.rooms for line in _room_view(room, zone)]
    others = _cut([person.name for person in view.others[:NAMES_SHOWN]], len(view.others))
    return [*lines, f"In no room: {', '.join(others)}"] if others else lines


def _topic_view(view: replies.TopicView, zone: Zone) -> list[str]:
    if view.topic is None:
        return [f"{_capital(place(view.room))} has no topic."]
    by = view.topic.by.partition("!")[0]
    return [topic_line(view.room, view.topic), f"Set by {by}, {zone.moment(view.topic.time)}."]


def _flags_view(view: replies.FlagsView, zone: Zone) -> list[str]:
    rules = (
        f"  {flag} {'on ' if flag in view.flags else 'off'}  {words[0 if flag in view.flags else 1]}"
        for flag, words in RULE_WORDS.items()
    )
    values = dict(view.settings)
    settings = (
        f"  {setting} {values.get(setting, 'off') or 'on'}  "
        f"{setting_sentence(setting, values.get(setting, ''), view.outside and setting in values)}"
        for setting in SETTING_WORDS
    )
    start = f"The rules of {place(view.room)}, open since {zone.moment(view.opened)}:"
    return [start, *rules, *settings]


def _masks_view(view: replies.MasksView, zone: Zone) -> list[str]:
    _, _, what, nobody = LIST_WORDS[view.lists[0]]
    if not view.masks:
        return [f"{nobody} in {place(view.room)}."]
    return [
        f"{what} in {place(view.room)}:",
        *(
            f"  {mask.mask.removeprefix('~')} by {mask.by.partition('!')[0]}, {zone.moment(mask.time)}"
            f"{f', until {zone.moment(mask.until)}' if mask.until else ''}"
            for mask in view.masks
        ),
    ]


def _invitations_view(view: replies.InvitationsView, _zone: Zone) -> list[str]:
    return [f"You are invited to {', '.join(view.rooms)}." if view.rooms else "You are invited to no room."]


def _person_flags_view(view: replies.PersonFlagsView, _zone: Zone) -> list[str]:
    return [
        f"{flag} {'on ' if flag in view.flags else 'off'}  {words[0 if flag in view.flags else 1]}"
        for flag, words in PERSON_FLAG_WORDS.items()
    ]


def _role_named(roles: int) -> str:
    """The highest of some roles, or nothing."""
    return next((role.name for role in ROLES if roles & role.bit), "")


def _rooms_view(view: replies.RoomsView, _zone: Zone) -> list[str]:
    if not view.rooms:
        return ["There are no rooms; /join #NAME opens one."]
    lines = []
    for line in view.rooms[:ROOMS_SHOWN]:
        people = "1 person" if line.size == 1 else f"{line.size:,} people"
        mine = ", you are in it" if fold(line.room) in view.mine else ""
        lines.append(f"{line.room} ({people}{mine}){': ' if line.topic else ''}{line.topic}")
    if len(view.rooms) > ROOMS_SHOWN:
        lines.append(f"… and {len(view.rooms) - ROOMS_SHOWN:,} smaller rooms")
    return lines


def _seen(seen: replies.Seen) -> str:
    notes = []
    if seen.owner:
        notes.append("owner")
    elif seen.roles:
        notes.append(_role_named(seen.roles))
    if BOT in seen.flags:
        notes.append("bot")
    if seen.away:
        notes.append(f"away: {seen.away}")
    return f"{seen.person.name} ({', '.join(notes)})" if notes else seen.person.name


def _who_view(view: replies.WhoView, _zone: Zone) -> list[str]:
    if not view.people:
        return [f"Nobody is in {place(view.mask)}." if view.mask.startswith("#") else "Nobody is like that."]
    shown = _cut([_seen(seen) for seen in view.people[:NAMES_SHOWN]], len(view.people))
    where = f"In {place(view.mask)}" if view.mask.startswith("#") else "Found"
    return [f"{where} ({len(view.people):,}): {', '.join(shown)}"]


def _person_view(view: replies.PersonView, zone: Zone) -> list[str]:
    seen = view.seen
    rooms = ", ".join(f"{room} ({_role_named(roles)})" if roles else room for room, roles in view.rooms)
    real = seen.person.realname
    lines = [
        f"{seen.person.name} is {seen.person.origin}{f' ({real})' if real else ''}",
        f"  in {rooms or 'no room'}; here since {zone.moment(view.entered)}",
    ]
    if seen.address and seen.address != seen.person.host:
        lines.append(f"  from {seen.address}; others do not see that")
    if seen.owner:
        lines.append("  the owner: an operator of every room")
    if view.absent:
        lines.append(f"  not connected since {zone.moment(view.absent)}")
    elif seen.away:
        lines.append(f"  away: {seen.away}")
    lines.extend(f"  {key}: {value}" for key, value in view.metadata)
    return lines


def _metadata_view(view: replies.MetadataView, _zone: Zone) -> list[str]:
    return [f"{key}: {value}" for key, value in view.values] or [f"{view.name} has set nothing."]


def _gone_view(view: replies.GoneView, zone: Zone) -> list[str]:
    lines = [f"{gone.person.origin} until {zone.moment(gone.time)}" for gone in view.gone[:NAMES_SHOWN]]
    return lines or [f"Nobody called {view.name} was here lately."]


def _server_bans(view: replies.ServerBansView, zone: Zone) -> list[str]:
    if not view.bans:
        return ["Nobody is banned from the server."]
    lines = ["Banned from the server:"]
    for ban in view.bans:
        end = f", until {zone.moment(ban.until)}" if ban.until else ""
        why = f": {ban.reason}" if ban.reason else ""
        lines.append(f"  {ban.mask} by {ban.by.partition('!')[0]}, {zone.moment(ban.time)}{end}{why}")
    return lines


def _people_view(view: replies.PeopleView, _zone: Zone) -> list[str]:
    shown = _cut([_seen(seen) for seen in view.people[:NAMES_SHOWN]], len(view.people))
    return [f"Found ({len(view.people):,}): {', '.join(shown)}" if shown else "None of them is here."]


def _counts(counts: replies.Counts, _zone: Zone) -> list[str]:
    return [
        f"{_number(counts.people, 'person', 'people')} in {_number(counts.rooms, 'room', 'rooms')}, "
        f"at most {counts.most_people:,} so far."
    ]


def _access_view(view: replies.AccessView, _zone: Zone) -> list[str]:
    if not view.founder:
        return [f"{_capital(place(view.room))} belongs to nobody: /claim registers it to your account."]
    roles = (f"  {account}: {role}" for account, role in view.access)
    return [f"{_capital(place(view.room))} belongs to the account {view.founder}.", *roles]


def _account_view(view: replies.AccountView, zone: Zone) -> list[str]:
    here = f"Logged in to it: {', '.join(view.people)}." if view.people else "Nobody is logged in to it."
    address = [f"Its e-mail address: {view.email or 'none'}."] if view.mine else []
    return [f"The account {view.account} was made {zone.moment(view.time)}.", here, *address]


def _staying(reply: replies.Staying, _zone: Zone) -> list[str]:
    if not reply.on:
        return [f"{reply.account} leaves with its last connection."]
    end = f", for up to {_number(reply.days, 'day', 'days')}" if reply.days else ""
    return [f"As {reply.account} you stay in your rooms while you are not connected{end}."]


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _acts_view(view: replies.ActsView, zone: Zone) -> list[str]:
    return [
        f"{zone.moment(record.time)}  {shown(ACT_WORDS[type(record.event)](record.event, zone))}"
        for record in view.records
    ] or ["-- no operator did anything --"]


def _ignored(reply: replies.Ignored, _zone: Zone) -> list[str]:
    return [f"You ignore {', '.join(reply.names)}." if reply.names else "You ignore nobody."]


def _reloaded(reply: replies.Reloaded, _zone: Zone) -> list[str]:
    told = [f"Changed: {', '.join(reply.changed) or 'nothing'}."]
    if reply.waiting:
        told.append(f"Only a restart changes: {', '.join(reply.waiting)}.")
    return told


REPLY_WORDS: dict[type[replies.Reply], Callable[[Any, Zone], list[str]]] = {
    replies.Welcome: lambda reply, _: [f"Hello, {reply.person.name}!"],
    replies.Counts: _counts,
    replies.Registered: lambda reply, _: [f"{reply.account} is your account now, and the name is yours."],
    replies.Confirmed: lambda _reply, _zone: [],
    replies.LoggedInNow: lambda reply, _: [f"You are logged in as {reply.account}."],
    replies.LoggedOutNow: lambda _reply, _zone: [],
    replies.PasswordChanged: lambda reply, _: [f"The password of {reply.account} is changed."],
    replies.AccessView: _access_view,
    replies.RoomRegisteredNow: lambda reply, _: [
        f"{reply.room} belongs to the account {reply.account} now."
        if reply.account
        else f"{reply.room} belongs to nobody now."
    ],
    replies.AccessChanged: lambda reply, _: [
        f"{reply.account} is {reply.role or 'nothing special'} in {reply.room} from now on."
    ],
    replies.Challenge: lambda _reply, _zone: [],
    replies.Released: lambda reply, _: [f"{reply.name} is free, or yours."],
    replies.AccountView: _account_view,
    replies.Staying: _staying,
    replies.Removed: lambda reply, _: [f"The account {reply.account} is removed."],
    replies.Present: lambda _reply, _zone: [],
    replies.RoomMoved: lambda _reply, _zone: [],
    replies.RoomView: _room_view,
    replies.NoRoomView: lambda reply, _: [f"There is no room {reply.room}."],
    replies.TopicView: _topic_view,
    replies.NamesView: _names_view,
    replies.FlagsView: _flags_view,
    replies.MasksView: _masks_view,
    replies.InvitationsView: _invitations_view,
    replies.PersonFlagsView: _person_flags_view,
    replies.Forwarded: lambda reply, _: [
        f"{reply.room} is called {reply.to} now."
        if reply.renamed
        else f"You may not join {reply.room} and are sent to {reply.to}."
    ],
    replies.RoomsView: _rooms_view,
    replies.WhoView: _who_view,
    replies.PersonView: _person_view,
    replies.PeopleView: _people_view,
    replies.GoneView: _gone_view,
    replies.ServerBansView: _server_bans,
    replies.OfferRenewed: lambda _reply, _zone: [],
    replies.OwnerOnly: lambda _reply, _zone: [],
    replies.PostedBefore: lambda _reply, _zone: [],  # no terminal posts with a token
    replies.TimeNow: lambda reply, zone: [f"It is {zone.moment(reply.time)}."],
    replies.StillAway: lambda reply, _: [f"You are away: {reply.text}" if reply.text else "You are back."],
    replies.HereView: lambda reply, _: [f"Here: {', '.join(one.name for one in reply.here) or 'nobody'}."],
    replies.WatchedView: lambda reply, _: [f"You watch {', '.join(reply.names) or 'nobody'}."],
    replies.MetadataView: _metadata_view,
    replies.MetadataNow: lambda reply, _: [
        f"{reply.key} is taken away." if reply.value is None else f"{reply.key} is set."
    ],
    replies.MetadataPrepared: lambda _reply, _zone: [],
    replies.MetadataTold: lambda _reply, _zone: [],
    replies.MetadataLater: lambda _reply, _zone: [],
    replies.SubscribedNow: lambda _reply, _zone: [],
    replies.SubscriptionsView: lambda _reply, _zone: [],
    replies.AwayNote: lambda reply, _: [f"{reply.person.name} is away: {reply.text}"],
    replies.HistoryPage: page_lines,
    replies.ActsView: _acts_view,
    replies.MarkView: lambda _reply, _zone: [],
    replies.Done: lambda _reply, _zone: [],
    replies.TargetsView: lambda _reply, _zone: [],
    replies.SearchPage: search.page_lines,
    replies.Ignored: _ignored,
    replies.Reloaded: _reloaded,
    replies.Unlocked: lambda _reply, _zone: [],
}
