"""Who may read and erase which part of a room's history.

Owns since when a room's history is open to newcomers, and since when its operators run it. A room that not
everyone may join keeps what was said in it for those who were there: whoever finds it empty and takes it over
reads nothing older. Must not know the log.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import ClassVar, Final, TypeVar

from asyncchat.core.chat import Chat, Part
from asyncchat.core.events import Event, Recipients, Retention
from asyncchat.core.features.audit import OperRead, note_read
from asyncchat.core.features.invites import Invites
from asyncchat.core.features.presence import LoggedIn
from asyncchat.core.features.room_modes import FlagChanged, SettingChanged
from asyncchat.core.features.room_registration import RoomAccessChanged, RoomRegistered
from asyncchat.core.modes import CLOSING_FLAGS, CLOSING_SETTINGS, GUESTS, INVITE_ONLY, KEY
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.people import Person
from asyncchat.core.registry import applies, follows
from asyncchat.core.rooms import Room, Topic


class RoomTakenOver(Event, frozen=True, tag="room_taken_over"):
    """A person without a role there became the first member of an empty room, and its operator.

    ``time`` in microseconds since 1970 UTC. What was said before is not that operator's to erase.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    room: str
    time: int


class HistoryHidden(Event, frozen=True, tag="history_hidden"):
    """What was said in a room before ``time`` (microseconds since 1970 UTC) is hidden from newcomers.

    It outlives the room: a new one of that name does not show it either.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    room: str
    time: int


class HistoryReaders(Event, frozen=True, tag="history_readers"):
    """These accounts are members of a room that not everyone may join, and read its history since a time.

    They go on reading that after strangers took the room over. ``since`` in microseconds since 1970 UTC; 0:
    all of it.
    """

    retention: ClassVar[Retention] = Retention.STATE
    recipients: ClassVar[Recipients] = Recipients.NOBODY
    room: str
    accounts: tuple[str, ...]
    since: int = 0


_T = TypeVar("_T")

READERS_EACH: Final = 1000
"""Accounts that are remembered as members of one room: 100 KB at most."""


class HistoryAccess(Part):
    """Since when people may read the histories of rooms. Times are in microseconds since 1970 UTC."""

    def __init__(self) -> None:
        self.hidden: dict[str, int] = {}
        """Up to when the history is hidden from newcomers, by the room's key; also of rooms that are gone."""
        self.readers: dict[str, dict[str, int]] = {}
        """By the room's key: the accounts that were members while not everyone could join, and since when
        each reads the history."""
        self.taken_over: dict[str, int] = {}
        """When a room was last taken over, by its key; else its operators run it since it was opened."""

    def rename_room(self, old: str, new: str) -> None:
        """The history is the room's, not its name's."""
        _move(self.hidden, old, new)
        _move(self.readers, old, new)
        _move(self.taken_over, old, new)

    def forget_room(self, room: Room) -> None:
        """What is hidden stays so when the room is gone, now from everybody."""
        self.readers.pop(room.key, None)
        self.taken_over.pop(room.key, None)

    def forget_account(self, account: str) -> None:
        """A new account of that name is somebody else's."""
        for readers in self.readers.values():
            readers.pop(account, None)

    def keeps_room(self, room: Room) -> bool:
        """Those who may still read what is hidden find the room again."""
        return room.key in self.hidden

    def state(self) -> object:
        """What is equal in equal chats, as plain data."""
        readers = {key: dict(accounts) for key, accounts in self.readers.items() if accounts}
        return dict(self.hidden), readers, dict(self.taken_over)

    def facts(self, chat: Chat) -> Iterator[Event]:
        """Few events that give this part again."""
        for key, time in self.hidden.items():
            yield HistoryHidden(key, time)
        for key, time in self.taken_over.items():
            yield RoomTakenOver(key, time)
        for key, readers in self.readers.items():
            by_time: dict[int, list[str]] = defaultdict(list)
            for account, since in readers.items():
                by_time[since].append(account)
            for since, accounts in by_time.items():
                yield HistoryReaders(chat.rooms[key].name, tuple(accounts), since)


def readable_since(chat: Chat, person_id: int, room: Room) -> int:
    """Since when a member, or a server operator, reads the history of a room; 0: all of it."""
    return 0 if chat.is_operator(person_id) else _since_as_member(chat, person_id, room)


def note_history(chat: Chat, person_id: int, room: Room, now: int) -> tuple[OperRead, ...]:
    """The audit's entry that a history is read, if a member would not read all of it."""
    if person_id in room.member_blocks and not _since_as_member(chat, person_id, room):
        return ()
    return note_read(chat, person_id, "history", room.name, now)


def _since_as_member(chat: Chat, person_id: int, room: Room) -> int:
    if room.key not in HistoryAccess.of(chat).hidden:  # nearly always
        return 0
    me = chat.people.get(person_id)
    return account_since(chat, room, "" if me is None else me.account)


def account_since(chat: Chat, room: Room, account: str) -> int:
    """Since when an account (empty: a guest) that may read a room's history reads it; 0: all of it."""
    access = HistoryAccess.of(chat)
    hidden = access.hidden.get(room.key, 0)
    if not hidden or not account:
        return hidden
    return access.readers.get(room.key, {}).get(fold(account), hidden)


def open_since(chat: Chat, name: str) -> int:
    """Since when everybody may read the history under a room's name, if the room is public; 0: all of it."""
    return HistoryAccess.of(chat).hidden.get(fold(name), 0)


def erasable_since(chat: Chat, person_id: int, room: Room) -> int:
    """Since when an operator of a room may erase what others said there; 0: all of it.

    Whoever takes a room over and registers it owns no more of it.
    """
    if chat.is_operator(person_id):
        return 0
    return HistoryAccess.of(chat).taken_over.get(room.key, room.opened)


def topic_shown(chat: Chat, person_id: int, room: Room) -> Topic | None:
    """The topic of a room, unless a person set it before what the reader may read there."""
    topic = room.topic
    if topic is None or "!" not in topic.by:  # the configuration's is for everybody
        return topic
    return None if topic.time < readable_since(chat, person_id, room) else topic


def first_joining(chat: Chat, room: Room, me: Person, now: int) -> tuple[Event, ...]:
    """The events before the join of the first member of an empty room that belongs to no account."""
    if room.key == LOBBY or room.founder or me.id in chat.server_operators:
        return ()
    taken = RoomTakenOver(room.name, now)
    return (
        (taken,) if room.is_public or _was_let_in(chat, room, me) else (taken, HistoryHidden(room.name, now))
    )


def _was_let_in(chat: Chat, room: Room, me: Person) -> bool:
    """Whether the members of a room let this person in, or had it among them.

    A key is not enough: it is passed on, and nobody is there to see who comes with it. In a room of the
    configuration it is: whoever runs the server gave it out.
    """
    return (
        (room.key in chat.rooms.configured and KEY in room.settings and INVITE_ONLY not in room.flags)
        or fold(me.account) in HistoryAccess.of(chat).readers.get(room.key, ())
        or Invites.of(chat).rooms.get(me.id, {}).get(room.key, False)
        or room.lists(GUESTS, me)
    )


def account_joining(chat: Chat, room: Room, me: Person, hidden: int) -> tuple[HistoryReaders, ...]:
    """The event that remembers a member's account, where not everyone may join.

    Args:
        chat: the state.
        room: the room.
        me: the member.
        hidden: up to when the history is hidden from newcomers; 0: as the state has it.
    """
    known = HistoryAccess.of(chat).readers.get(room.key, {})
    if not me.account or room.is_public or fold(me.account) in known or len(known) >= READERS_EACH:
        return ()
    return (
        HistoryReaders(room.name, (me.account,), hidden or HistoryAccess.of(chat).hidden.get(room.key, 0)),
    )


@follows(FlagChanged, SettingChanged)
def _closing(chat: Chat, _person_id: int, event: FlagChanged | SettingChanged) -> Iterator[HistoryReaders]:
    """Remembers the accounts of the members when a room is closed to others."""
    room = chat.rooms.get(fold(event.room))
    if room is None or not room.is_public or not _closes(event):
        return
    known = HistoryAccess.of(chat).readers.get(room.key, {})
    accounts = dict.fromkeys(member.person.account for member in room.members() if member.person.account)
    new = tuple(account for account in accounts if fold(account) not in known)[: READERS_EACH - len(known)]
    if new:
        yield HistoryReaders(room.name, new, HistoryAccess.of(chat).hidden.get(room.key, 0))


def _closes(event: FlagChanged | SettingChanged) -> bool:
    if isinstance(event, FlagChanged):
        return event.on and event.flag in CLOSING_FLAGS
    return bool(event.value) and event.setting in CLOSING_SETTINGS


@follows(RoomRegistered)
def _registration_ended(chat: Chat, _person_id: int, event: RoomRegistered) -> Iterator[HistoryReaders]:
    """Remembers the accounts that had a role in a room that belongs to none from now on."""
    room = chat.rooms.get(fold(event.room))
    if room is None or event.account:
        return
    known = HistoryAccess.of(chat).readers.get(room.key, {})
    new = tuple(one for one in (room.founder, *room.access) if one and fold(one) not in known)
    if new:
        yield HistoryReaders(room.name, new, HistoryAccess.of(chat).hidden.get(room.key, 0))


@follows(LoggedIn)
def _logged_in(chat: Chat, _person_id: int, event: LoggedIn) -> Iterator[HistoryReaders]:
    """Remembers the account of a member who logs in."""
    for room in chat.rooms_with(event.now.id):
        yield from account_joining(chat, room, event.now, 0)


@applies(RoomRegistered, RoomAccessChanged)
def _role_given(chat: Chat, event: RoomRegistered | RoomAccessChanged) -> None:
    """An account that gets a role reads what newcomers read; it is remembered if that is not everything."""
    access, key = HistoryAccess.of(chat), fold(event.room)
    if event.account and key in access.hidden and key in chat.rooms:
        access.readers.setdefault(key, {}).setdefault(fold(event.account), access.hidden[key])


@applies(RoomTakenOver)
def _room_taken_over(chat: Chat, event: RoomTakenOver) -> None:
    HistoryAccess.of(chat).taken_over[fold(event.room)] = event.time


@applies(HistoryHidden)
def _history_hidden(chat: Chat, event: HistoryHidden) -> None:
    HistoryAccess.of(chat).hidden[fold(event.room)] = event.time


@applies(HistoryReaders)
def _history_readers(chat: Chat, event: HistoryReaders) -> None:
    key = fold(event.room)
    if key in chat.rooms:
        readers = HistoryAccess.of(chat).readers.setdefault(key, {})
        readers.update((fold(account), event.since) for account in event.accounts)


def _move(values: dict[str, _T], old: str, new: str) -> None:
    values.pop(new, None)
    if old in values:
        values[new] = values.pop(old)
