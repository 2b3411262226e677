"""What the tests of the logs share: records, and strategies for any record there can be."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from asyncchat.core.events import Event, Record
from asyncchat.core.features.accounts import AccountMade, AccountPasswordChanged, AccountRemoved
from asyncchat.core.features.audit import OperOverride, OperRead
from asyncchat.core.features.away import AwayChanged
from asyncchat.core.features.bots import TokenMade, TokenRevoked
from asyncchat.core.features.empty_rooms import RoomEmpty
from asyncchat.core.features.files import ID_LENGTH, FilesRemoved, FileUploaded
from asyncchat.core.features.history_access import HistoryHidden, HistoryReaders, RoomTakenOver
from asyncchat.core.features.invites import Invited, Knocked
from asyncchat.core.features.messages import Said, SaidInPrivate, SaidToRole, Speech, Spoke
from asyncchat.core.features.metadata.api import (
    AccountMetadataChanged,
    MetadataChanged,
    RoomMetadataChanged,
    Subscribed,
    Synced,
)
from asyncchat.core.features.opers import Announced, OperFailed, OperGranted, OperResigned
from asyncchat.core.features.post_keys import PostedOnce
from asyncchat.core.features.preferences import GuestPreferenceChanged, PreferenceChanged
from asyncchat.core.features.presence import Connected, Left, LoggedIn, LoggedOut, NodeStarted, Renamed
from asyncchat.core.features.reactions import Reacted, ReactedTo
from asyncchat.core.features.read_markers import ReadHere, ReadUpTo
from asyncchat.core.features.redaction import Erased, RedactedInPrivate
from asyncchat.core.features.rename import RoomRenamed
from asyncchat.core.features.room_modes import (
    FlagChanged,
    MaskChanged,
    RoleChanged,
    SettingChanged,
)
from asyncchat.core.features.room_registration import RoomAccessChanged, RoomRegistered
from asyncchat.core.features.rooms import Joined, Kicked, Parted, RoomClosed, RoomOpened
from asyncchat.core.features.server import ConfigurationRead
from asyncchat.core.features.server_bans import Killed, ServerBanChanged
from asyncchat.core.features.topic import TopicChanged
from asyncchat.core.features.user_modes import PersonFlagChanged
from asyncchat.core.modes import MASK_LISTS, PERSON_FLAGS, SETTINGS
from asyncchat.core.people import person
from asyncchat.core.roles import ROLE_NAMED

ANNA = person(1, "Anna", "anna", "192.0.2.1")
BERND = person(2, "Бернд", "b", "2001:db8::2", "Bernd B.")
START = 1_700_000_000_000_000
SECOND = 1_000_000


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Runs a test on a loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def said(number: int, room: str = "#lobby", text: str = "", who: Any = ANNA) -> Record:
    """A message, a second after the one before."""
    return Record(number, START + number * SECOND, Said(room, who, text or f"text {number}"))


def fact(number: int, event: Event) -> Record:
    """A fact, a second after the one before; whoever erases knows the numbers, so they are earlier ones."""
    if isinstance(event, Erased):
        event = replace(event, numbers=tuple(earlier for earlier in event.numbers if earlier < number))
    return Record(number, START + number * SECOND, event)


def numbered(facts: list[Event], after: int = 0) -> list[Record]:
    return [fact(number, event) for number, event in enumerate(facts, after + 1)]


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
names = st.sampled_from(["Anna", "anna", "Бернд", "ΣΑΣ", "x-1"])
rooms = st.sampled_from(["#lobby", "#Lobby", "#класс", "#КЛАСС", "#ﬁ"])
times = st.integers(0, 2**62)
keys = st.sampled_from(["avatar", "display-name", "x.org/y"])
accounts = st.just("") | names
hosts = st.sampled_from(["h", "::1"])
people = st.builds(person, st.integers(0, 2**53), names, st.just("u"), hosts, texts, accounts)
speeches = st.sampled_from(Speech)
settings = st.sampled_from(list(SETTINGS))
lists = st.sampled_from(MASK_LISTS)
roles = st.sampled_from(list(ROLE_NAMED))
tags = st.lists(st.tuples(st.sampled_from(["+reply", "+draft/react", "+x.y/z"]), texts), max_size=2).map(
    tuple
)
all_cuts = st.lists(st.integers(1, 40), max_size=2).map(tuple)
file_ids = st.sampled_from("ab").map(lambda letter: letter * ID_LENGTH)
any_said = st.builds(Said, rooms, people, texts, speeches, tags, all_cuts)
state_facts = st.one_of(
    st.builds(RoomOpened, rooms, times),
    st.builds(RoomClosed, rooms),
    st.builds(RoomEmpty, rooms, times),
    st.builds(RoomTakenOver, rooms, times),
    st.builds(HistoryHidden, rooms, times),
    st.builds(HistoryReaders, rooms, st.lists(accounts, max_size=2).map(tuple), times),
    st.builds(RoomRenamed, rooms, rooms, people, texts, times),
    st.builds(TopicChanged, rooms, people, texts, times),
    st.builds(FlagChanged, rooms, people, texts, st.booleans()),
    st.builds(SettingChanged, rooms, people, settings, texts),
    st.builds(MaskChanged, rooms, people, lists, texts, st.booleans(), times, times),
    st.builds(OperGranted, people),
    st.builds(ServerBanChanged, people, texts, st.booleans(), times, times, texts),
    st.builds(AccountMade, names, texts, times, texts),
    st.builds(AccountPasswordChanged, names, texts, times),
    st.builds(AccountRemoved, names, times),
    st.builds(RoomRegistered, rooms, accounts),
    st.builds(RoomAccessChanged, rooms, names, roles, st.booleans()),
    st.builds(TokenMade, names, texts, st.tuples(rooms), st.just(("read",)), times),
    st.builds(PostedOnce, names, texts, texts, rooms, times),
    st.builds(TokenRevoked, names, times),
    st.builds(FileUploaded, file_ids, people, texts, st.integers(1, 40), names, times, times, times),
    st.builds(FilesRemoved, st.tuples(file_ids)),
    st.builds(ReadUpTo, names, rooms, times),
    st.builds(
        PreferenceChanged, names, st.sampled_from(["ignore", "notify"]), rooms, st.sampled_from(["", "none"])
    ),
    st.builds(AccountMetadataChanged, names, people, keys, st.none() | texts, times),
    st.builds(RoomMetadataChanged, rooms, people, keys, st.none() | texts, times),
    st.builds(RedactedInPrivate, people, people, st.integers(1, 40), texts),
    st.builds(Erased, rooms, people, st.lists(st.integers(1, 40), max_size=3).map(tuple)),
)
other_facts = st.one_of(
    st.builds(SaidInPrivate, people, people, texts, speeches),
    st.builds(Reacted, rooms, people, st.integers(1, 40), names, texts, st.booleans(), tags),
    st.builds(ReactedTo, people, people, st.integers(1, 40), names, texts, st.booleans(), tags),
    st.builds(ReadHere, people, rooms, times),
    st.builds(GuestPreferenceChanged, people, st.just("notify"), rooms, st.just("all")),
    st.builds(MetadataChanged, people, keys, st.none() | texts, times),
    st.builds(Subscribed, people, st.lists(keys, max_size=2).map(tuple), st.booleans()),
    st.builds(Synced, people, rooms, times),
    st.builds(NodeStarted, texts),
    st.builds(Connected, people, times),
    st.builds(Left, people, texts, times, st.lists(rooms, max_size=2).map(tuple)),
    st.builds(Renamed, people, people, times, st.lists(rooms, max_size=2).map(tuple)),
    st.builds(LoggedIn, people, people),
    st.builds(LoggedOut, people, people),
    st.builds(OperResigned, people),
    st.builds(AwayChanged, people, texts),
    st.builds(Joined, rooms, people, st.booleans()),
    st.builds(Parted, rooms, people, texts),
    st.builds(OperFailed, people, texts),
    st.builds(ConfigurationRead, people, st.lists(texts, max_size=2).map(tuple)),
    st.builds(OperRead, people, texts, rooms, times),
    st.builds(OperOverride, people, st.builds(Kicked, rooms, people, people, texts)),
    st.builds(Killed, people, people, texts),
    st.builds(Announced, people, texts, st.lists(st.integers(1, 9)).map(tuple)),
    st.builds(Kicked, rooms, people, people, texts),
    st.builds(RoleChanged, rooms, people, people, st.booleans(), roles),
    st.builds(Invited, rooms, people, people, st.booleans()),
    st.builds(Knocked, rooms, people, texts, st.lists(times, max_size=3).map(tuple), times),
    st.builds(Spoke, rooms, people, times),
    st.builds(SaidToRole, rooms, people, texts, roles, st.lists(times, max_size=3).map(tuple), speeches),
    st.builds(PersonFlagChanged, people, st.sampled_from(PERSON_FLAGS), st.booleans()),
)
any_event = st.one_of(any_said, state_facts, other_facts)
