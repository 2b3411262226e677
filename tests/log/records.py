"""What the tests of the logs share: records, and strategies for any record there can be."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

from hypothesis import strategies as st

from asyncchat.core import events
from asyncchat.core.events import AnyEvent, Record, Said, Speech
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


def fact(number: int, event: AnyEvent) -> Record:
    return Record(number, START + number * SECOND, event)


def numbered(facts: list[AnyEvent], after: int = 0) -> list[Record]:
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
any_said = st.builds(Said, rooms, people, texts, speeches, tags, all_cuts)
state_facts = st.one_of(
    st.builds(events.RoomOpened, rooms, times),
    st.builds(events.RoomClosed, rooms),
    st.builds(events.RoomRenamed, rooms, rooms, people, texts, times),
    st.builds(events.TopicChanged, rooms, people, texts, times),
    st.builds(events.FlagChanged, rooms, people, texts, st.booleans()),
    st.builds(events.BanChanged, rooms, people, texts, st.booleans(), times, times),
    st.builds(events.MuteChanged, rooms, people, texts, st.booleans(), times, times),
    st.builds(events.SettingChanged, rooms, people, settings, texts),
    st.builds(events.MaskChanged, rooms, people, lists, texts, st.booleans(), times, times),
    st.builds(events.OwnerClaimed, people),
    st.builds(events.ServerBanChanged, people, texts, st.booleans(), times, times, texts),
    st.builds(events.AccountMade, names, texts, times, texts),
    st.builds(events.AccountPasswordChanged, names, texts, times),
    st.builds(events.AccountRemoved, names, times),
    st.builds(events.RoomRegistered, rooms, accounts),
    st.builds(events.RoomAccessChanged, rooms, names, roles, st.booleans()),
    st.builds(events.TokenMade, names, texts, st.tuples(rooms), st.just(("read",)), times),
    st.builds(events.PostedOnce, names, texts, texts, rooms, times),
    st.builds(events.TokenRevoked, names, times),
    st.builds(events.ReadUpTo, names, rooms, times),
    st.builds(events.AccountMetadataChanged, names, people, keys, st.none() | texts, times),
    st.builds(events.RoomMetadataChanged, rooms, people, keys, st.none() | texts, times),
    st.builds(events.Retracted, people, people, st.integers(1, 40), texts),
    st.builds(events.Erased, rooms, people, st.lists(st.integers(1, 40), max_size=3).map(tuple)),
)
other_facts = st.one_of(
    st.builds(events.Whispered, people, people, texts, speeches),
    st.builds(events.Reacted, rooms, people, st.integers(1, 40), names, texts, st.booleans(), tags),
    st.builds(events.ReactedTo, people, people, st.integers(1, 40), names, texts, st.booleans(), tags),
    st.builds(events.ReadHere, people, rooms, times),
    st.builds(events.MetadataChanged, people, keys, st.none() | texts, times),
    st.builds(events.Subscribed, people, st.lists(keys, max_size=2).map(tuple), st.booleans()),
    st.builds(events.Synced, people, rooms, times),
    st.builds(events.NodeStarted, texts),
    st.builds(events.Entered, people, times),
    st.builds(events.Left, people, texts, times, st.lists(rooms, max_size=2).map(tuple)),
    st.builds(events.Renamed, people, people, times, st.lists(rooms, max_size=2).map(tuple)),
    st.builds(events.LoggedIn, people, people),
    st.builds(events.LoggedOut, people, people),
    st.builds(events.OwnerResigned, people),
    st.builds(events.AwayChanged, people, texts),
    st.builds(events.Joined, rooms, people, st.booleans()),
    st.builds(events.Parted, rooms, people, texts),
    st.builds(events.ClaimFailed, people, texts),
    st.builds(events.ConfigurationRead, people, st.lists(texts, max_size=2).map(tuple)),
    st.builds(events.Overruled, people, st.builds(events.Kicked, rooms, people, people, texts)),
    st.builds(events.Killed, people, people, texts),
    st.builds(events.Announced, people, texts, st.lists(st.integers(1, 9)).map(tuple)),
    st.builds(events.Kicked, rooms, people, people, texts),
    st.builds(events.RoleChanged, rooms, people, people, st.booleans(), roles),
    st.builds(events.Invited, rooms, people, people, st.booleans()),
    st.builds(events.Knocked, rooms, people, texts, st.lists(times, max_size=3).map(tuple), times),
    st.builds(events.Spoke, rooms, people, times),
    st.builds(events.Confided, rooms, people, texts, roles, st.lists(times, max_size=3).map(tuple), speeches),
    st.builds(events.PersonFlagChanged, people, st.sampled_from(PERSON_FLAGS), st.booleans()),
)
any_event = st.one_of(any_said, state_facts, other_facts)
