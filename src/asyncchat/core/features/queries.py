"""Queries about people and rooms: LIST, NAMES, WHO, WHOIS and the like.

Owns their replies. Queries about a single feature are in its module.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain

import msgspec

from asyncchat.core.chat import Chat
from asyncchat.core.commands import Command, IoCommand, Query
from asyncchat.core.events import Event
from asyncchat.core.features.audit import note_members, note_read, note_secret
from asyncchat.core.features.gateways import Gateways
from asyncchat.core.features.history_access import topic_shown
from asyncchat.core.features.join import GetRoom, RoomView, room_view
from asyncchat.core.features.metadata.state import Metadata
from asyncchat.core.modes import INVISIBLE, SECRET
from asyncchat.core.names import ROOM_SIGNS, fold, mask_of, matcher
from asyncchat.core.people import Person
from asyncchat.core.registry import Items, answers, handles, handles_in_slices, notes
from asyncchat.core.replies import NoSuchPerson, NotConnectedYet, Reply
from asyncchat.core.roles import OPERATOR
from asyncchat.core.rooms import Room
from asyncchat.core.visibility import sees, visible


class GetCounts(Query, frozen=True):
    """How many people, rooms and server operators there are."""


class GetNames(IoCommand, frozen=True):
    """All rooms that the requester may know of, with their members, and the people who are in none."""


class Span(msgspec.Struct, frozen=True):
    """A condition: more than ``over`` and less than ``under``; None: no bound."""

    over: int | None = None
    under: int | None = None


class GetRooms(IoCommand, frozen=True):
    """All rooms, or those that are named or match one of ``masks``, and match none of ``without``.

    Rooms that nobody is in are shown where they are named, and to server operators.

    ``people`` is about the number of members; ``opened`` and ``topic`` are about ages in minutes. A room
    without a topic does not match a condition about its topic.
    """

    names: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    people: Span = Span()
    opened: Span = Span()
    topic: Span = Span()


class GetWho(IoCommand, frozen=True):
    """The members of a room, or the people whom a name or a mask matches; empty: all people.

    A mask without ``!`` and ``@`` is matched with each of a person's ``fields``. ``context`` goes back to the
    dialect with the answer, which shows ``addresses`` or not.
    """

    mask: str = ""
    server_operators_only: bool = False
    fields: tuple[str, ...] = ("name", "user", "host", "realname")
    context: object = None
    addresses: bool = False


class GetPerson(Command, frozen=True):
    """All that the requester may know of a person. ``context`` goes back to the dialect with the answer."""

    name: str
    context: object = None


class GetPeople(Query, frozen=True):
    """The people who have these names. ``context`` goes back to the dialect with the answer."""

    names: tuple[str, ...]
    context: object = None


class NamesView(Reply, frozen=True):
    """Rooms with their members, and people who are in none of them; ``more``: the list is incomplete."""

    rooms: tuple[RoomView, ...]
    others: tuple[Person, ...]
    more: bool = False


class RoomSummary(msgspec.Struct, frozen=True):
    """One room of a list."""

    room: str
    size: int
    topic: str


class RoomsView(Reply, frozen=True):
    """A list of rooms; ``mine`` are the keys of the rooms that the requester is in."""

    rooms: tuple[RoomSummary, ...]
    mine: frozenset[str]


class Counts(Reply, frozen=True):
    """How many there are now, and the most people at a time in this run."""

    people: int
    rooms: int
    server_operators: int
    most_people: int
    invisible: int = 0


class PersonSummary(msgspec.Struct, frozen=True):
    """A person as another one sees it: a common ``room`` (empty: none), the roles there, and the flags.

    ``idle`` is for how many seconds the person has said nothing. ``address`` is the real address, shown only
    to the person itself and to server operators; else empty.
    """

    person: Person
    away: str
    server_operator: bool
    room: str
    roles: int
    flags: frozenset[str] = frozenset()
    idle: int = 0
    address: str = ""

    @property
    def operator(self) -> bool:
        """Whether the person is an operator of that room, or higher."""
        return self.roles >= OPERATOR.bit


class WhoView(Reply, frozen=True):
    """The people whom a mask matches; ``context`` as in GetWho."""

    mask: str
    people: tuple[PersonSummary, ...]
    context: object = None


class PersonView(Reply, frozen=True):
    """All that the requester may know of a person; ``rooms`` are (name, sum of the roles there) pairs.

    ``private``: the requester may see private facts, because it is the person or a server operator.
    ``context`` as in GetPerson; ``metadata`` are the person's values by key. ``offline_since`` is in
    microseconds since 1970 UTC; 0: the person is connected. ``certificates`` are the fingerprints of those
    that its clients showed, if they are private facts; None: not all of its connections are over TLS.
    ``gateways`` are those by which it has come, if that is a private fact.
    """

    seen: PersonSummary
    rooms: tuple[tuple[str, int], ...]
    connected_at: int
    private: bool = False
    context: object = None
    metadata: tuple[tuple[str, str], ...] = ()
    offline_since: int = 0
    certificates: tuple[str, ...] | None = None
    gateways: tuple[str, ...] = ()


class PeopleView(Reply, frozen=True):
    """The people who have the names asked for, in that order; ``context`` as in GetPeople."""

    people: tuple[PersonSummary, ...]
    context: object


NAMES_IN_ALL = 2000
"""Names in one answer about all rooms: some 30 KB. The first room is always listed completely."""


_MINUTE = 60_000_000
"""Microseconds of a minute."""


@answers(GetCounts)
def counts(chat: Chat, _person_id: int, _query: GetCounts) -> Counts:
    """How many there are."""
    invisible = sum(INVISIBLE in flags for flags in chat.people.flags.values())
    return Counts(len(chat.people), len(chat.rooms), len(chat.server_operators), chat.people.most, invisible)


@handles_in_slices(GetNames)
def names(chat: Chat, person_id: int, _query: GetNames, now: int) -> Generator[None, None, Items]:
    """Rooms with all their members, as many rooms as fit the limit of names."""
    if person_id not in chat.people:
        return (NotConnectedYet(),)
    views: list[RoomView] = []
    seen: set[int] = set()
    secret = False
    yield
    for key in sorted(chat.rooms):
        yield
        room = chat.rooms.get(key)
        if room is None or not room.member_blocks or not chat.is_visible(room, person_id):
            continue
        if views and len(seen) + len(room.member_blocks) > NAMES_IN_ALL:
            return (
                *(note_read(chat, person_id, "secrets", "", now) if secret else ()),
                NamesView(tuple(views), (), more=True),
            )
        view = room_view(chat, person_id, GetRoom(room.name))
        if isinstance(view, RoomView):
            views.append(view)
            secret = secret or _is_secret(room, person_id)
            seen.update(room.member_blocks)
    noted = note_read(chat, person_id, "secrets", "", now) if secret else ()
    others: list[Person] = []
    for one in list(chat.people.values()):
        yield
        if one.id not in seen and sees(chat, person_id, one.id):
            others.append(one)
            if len(others) > NAMES_IN_ALL:
                break
    return (
        *noted,
        NamesView(tuple(views), tuple(others[:NAMES_IN_ALL]), len(others) > NAMES_IN_ALL),
    )


@handles_in_slices(GetRooms)
def rooms(chat: Chat, person_id: int, query: GetRooms, now: int) -> Generator[None, None, Items]:
    """All rooms, the largest first, or the named ones that exist."""
    if person_id not in chat.people:
        return (NotConnectedYet(),)
    wanted = matcher((*query.masks, *query.names)) if query.masks else None
    unwanted = matcher(query.without) if query.without else None
    named = query.names and not query.masks
    if named:
        shown = (chat.room_shown(name, person_id) for name in query.names)
        chosen = [room for room in shown if room is not None]
    else:
        chosen = list(chat.rooms.values())
    found: list[tuple[int, str, RoomSummary]] = []
    secret = False
    shows_empty = named or person_id in chat.server_operators
    for room in chosen:
        yield
        if not (room.member_blocks or shows_empty) or not (named or chat.is_visible(room, person_id)):
            continue
        key = room.key
        if (
            (wanted is None or wanted(key))
            and not (unwanted is not None and unwanted(key))
            and _is_within(query, room, now)
        ):
            topic = topic_shown(chat, person_id, room) if room.topic else None
            summary = RoomSummary(room.name, len(room.member_blocks), topic.text if topic else "")
            found.append((-summary.size, key, summary))
            secret = secret or _is_secret(room, person_id)
    if not named:
        yield
        found.sort()
        yield
    return (
        *(note_read(chat, person_id, "secrets", "", now) if secret else ()),
        RoomsView(tuple([summary for *_, summary in found]), frozenset(chat.rooms.joined.get(person_id, ()))),
    )


def _is_secret(room: Room, person_id: int) -> bool:
    """Whether only its members, and server operators, are shown the room."""
    return SECRET in room.flags and person_id not in room.member_blocks


def _is_within(query: GetRooms, room: Room, now: int) -> bool:
    topic_set = None if room.topic is None else room.topic.time
    return (
        _within(query.people, len(room.member_blocks))
        and _within(query.opened, (now - room.opened) / _MINUTE)
        and _within(query.topic, None if topic_set is None else (now - topic_set) / _MINUTE)
    )


def _within(span: Span, value: float | None) -> bool:
    if span.over is None and span.under is None:
        return True
    if value is None:
        return False
    return (span.over is None or value > span.over) and (span.under is None or value < span.under)


@handles_in_slices(GetWho)
def who(chat: Chat, person_id: int, query: GetWho, now: int) -> Generator[None, None, Items]:
    """The members of a room, or the people whom a name or a mask matches."""
    if person_id not in chat.people:
        return (NotConnectedYet(),)
    mask = query.mask
    room = chat.room_shown(mask, person_id) if mask[:1] in ROOM_SIGNS else None
    described = None
    people: Iterable[Person]
    if room is not None:
        people = (member.person for block in visible(chat, person_id, room) for member in block.members)
    elif mask[:1] in ROOM_SIGNS:
        people = ()
    elif (exact := chat.person_named(mask)) is not None:
        people = (exact,)
    else:
        people = list(chat.people.values())
        described = _describing(chat, person_id, query)
    found: list[PersonSummary] = []
    for one in people:
        yield
        if described is None or described(one):
            seen = _summary(chat, person_id, one, room, now)
            if seen.server_operator or not query.server_operators_only:
                found.append(seen)
    noted = () if room is None else note_members(chat, person_id, room, now)
    if query.addresses and any(seen.address and _is_cloaked(seen.person, person_id) for seen in found):
        noted += note_read(chat, person_id, "address", mask or "*", now)
    return (*noted, WhoView(mask, tuple(found), query.context))


def _is_cloaked(person: Person, person_id: int) -> bool:
    """Whether a person's address is shown to itself and to server operators alone."""
    return bool(person.address) and person.id != person_id


def _describing(chat: Chat, person_id: int, query: GetWho) -> Callable[[Person], bool]:
    """Whether a mask describes a person who is shown to the requester."""
    mask = query.mask
    if not mask:
        return lambda person: sees(chat, person_id, person.id)
    if "!" in mask or "@" in mask:
        matches = matcher((mask_of(mask),))
        return lambda person: sees(chat, person_id, person.id) and matches(fold(person.origin))
    matches = matcher((mask,))
    return lambda person: (
        sees(chat, person_id, person.id)
        and any(matches(fold(getattr(person, field))) for field in query.fields)
    )


@handles(GetPerson)
def person(chat: Chat, person_id: int, query: GetPerson, now: int) -> Items:
    """All that the requester may know of a person."""
    if person_id not in chat.people:
        return (NotConnectedYet(),)
    found = chat.person_named(query.name)
    if found is None:
        return (NoSuchPerson(query.name),)
    private = person_id == found.id or person_id in chat.server_operators
    certificates = chat.sessions.certificates(found.id)
    view = PersonView(
        _summary(chat, person_id, found, None, now),
        tuple((room.name, room.roles.get(found.id, 0)) for room in _rooms_shown(chat, person_id, found)),
        chat.people.since.get(found.id, 0),
        private,
        query.context,
        tuple(Metadata.of(chat).values_of(found).items()),
        chat.sessions.offline_since.get(found.id, 0),
        certificates if private or certificates is None else (),
        Gateways.of(chat).of_person(chat, found.id) if private else (),
    )
    secret = (note_secret(chat, person_id, room, now) for room in chat.rooms_with(found.id))
    address = note_read(chat, person_id, "address", found.name, now) if _is_cloaked(found, person_id) else ()
    return (*chain.from_iterable(secret), *address, view)


@notes(GetPeople)
def _note(chat: Chat, person_id: int, query: GetPeople, now: int) -> Iterable[Event]:
    for person in filter(None, map(chat.person_named, query.names)):
        if _is_cloaked(person, person_id):
            yield from note_read(chat, person_id, "address", person.name, now)


@answers(GetPeople)
def people(chat: Chat, person_id: int, query: GetPeople) -> Reply:
    """The people who have these names."""
    found = (chat.person_named(name) for name in query.names)
    return PeopleView(
        tuple(_summary(chat, person_id, person, None) for person in found if person is not None),
        query.context,
    )


def _rooms_shown(chat: Chat, person_id: int, other: Person) -> Iterator[Room]:
    """The rooms of ``other`` that a person may know; none of an invisible one that it shares no room with."""
    if sees(chat, person_id, other.id):
        for room in chat.rooms_with(other.id):
            if chat.is_visible(room, person_id) and not chat.hides_member(room, person_id, other.id):
                yield room


def _summary(chat: Chat, person_id: int, person: Person, room: Room | None, now: int = 0) -> PersonSummary:
    if room is None:
        room = next(_rooms_shown(chat, person_id, person), None)
    return PersonSummary(
        person,
        chat.people.away.get(person.id, ""),
        person.id in chat.server_operators,
        "" if room is None else room.name,
        0 if room is None else room.roles.get(person.id, 0),
        chat.people.flags.get(person.id, frozenset()),
        max(0, now - chat.people.last_spoke.get(person.id, chat.people.since.get(person.id, 0))) // 1_000_000,
        (person.address or person.host)
        if person_id == person.id or person_id in chat.server_operators
        else "",
    )
