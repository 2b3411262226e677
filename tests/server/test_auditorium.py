"""Rooms that hide their members: who is told does not depend on what has been decided meanwhile.

The same commands are delivered one by one, and in batches: each session is told the same.
"""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.commands import Batch, Command
from asyncchat.core.events import Event, Record
from asyncchat.core.features.accounts import AccountMade
from asyncchat.core.features.always_on import SetAlwaysOn
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.connect import Connect, Quit, Rename
from asyncchat.core.features.host import ChangeHost
from asyncchat.core.features.join import Join, Part, PartAll
from asyncchat.core.features.messages import Say
from asyncchat.core.features.moderation import Kick
from asyncchat.core.features.opers import GrantOper, Resign
from asyncchat.core.features.presence import Connected, SessionDetached
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import FlagChanged, SetFlag, SetMask, SetRole
from asyncchat.core.features.room_registration import RegisterRoom
from asyncchat.core.features.rooms import Joined, Parted, RoomOpened
from asyncchat.core.modes import AUDITORIUM, BANS
from asyncchat.core.people import person
from asyncchat.dialects.base import Outcome
from asyncchat.server import outbox
from asyncchat.server.session import Session
from tests.server.listeners import Hall, Numbers, Running

HIDE = ("hide", 0, "#tea", True)

NAMES = ("anna", "bob", "zoe", "ivan")
"""Two of them have an account, and so perhaps several sessions."""

slots = st.integers(0, len(NAMES) - 1)
rooms = st.sampled_from(("#tea", "#tea", "#Tea", "#beer"))
roles = st.sampled_from(("operator", "half-operator", "voice"))
steps = st.one_of(
    st.tuples(st.just("join"), slots, rooms),
    st.tuples(st.just("join"), slots, rooms),
    st.tuples(st.just("part"), slots, rooms),
    st.tuples(st.just("part all"), slots),
    st.tuples(st.just("hide"), slots, rooms, st.booleans()),
    st.tuples(st.just("hide"), slots, rooms, st.booleans()),
    st.tuples(st.just("hide and ban"), slots, rooms, st.booleans()),
    st.tuples(st.just("hide and raise"), slots, rooms, slots, roles, st.booleans()),
    st.tuples(st.just("raise"), slots, rooms, slots, roles, st.booleans()),
    st.tuples(st.just("raise"), slots, rooms, slots, roles, st.booleans()),
    st.tuples(st.just("raise and ban"), slots, rooms, slots, roles, st.booleans()),
    st.tuples(st.just("kick"), slots, rooms, slots),
    st.tuples(st.just("move"), slots, rooms, rooms),
    st.tuples(st.just("say"), slots, rooms),
    st.tuples(st.just("nick"), slots, st.integers(0, 2)),
    st.tuples(st.just("away"), slots, st.booleans()),
    st.tuples(st.just("oper"), slots, st.booleans()),
    st.tuples(st.just("host"), slots, slots, st.integers(0, 2)),
    st.tuples(st.just("always on"), slots, st.booleans()),
    st.tuples(st.just("register"), slots, rooms, st.booleans()),
    st.tuples(st.just("attach"), slots),
    st.tuples(st.just("quit"), slots),
    st.tuples(st.just("batch")),
)


class Steps(Numbers):
    """Tells its own sessions, too, what one of them caused."""

    def encode_outcome(self, outcome: Outcome) -> bytes:
        return super().encode_outcome(outcome).replace(b"=", b"own")

    def encode_from_sibling(self, outcome: Outcome, *, alone: bool) -> bytes:
        return super().encode_outcome(outcome).replace(b"=", b"sibling")


class Scene:
    """Plays steps in a hall."""

    def __init__(self, *, at_once: bool) -> None:
        self.hall = Hall()
        self.at_once = at_once
        self.slots: list[list[Session]] = [[] for _ in NAMES]

    def name(self, slot: int) -> str:
        return self.hall.hub.chat.people[self.slots[slot][-1].person_id].name

    def arrive(self, slot: int) -> None:
        session = self.hall.session()
        session.adopt(Steps())
        self.slots[slot].append(session)
        name, account = (NAMES[slot], NAMES[slot]) if slot < 2 else (f"{NAMES[slot]}{session.id}", "")
        self.hall.submit(session, Connect(name, "u", "h", account=account))

    async def play(self, script: list[tuple[Any, ...]]) -> None:
        async with Running(self.hall):
            self.hall.hub.declare([AccountMade(name, "", 1) for name in NAMES[:2]])
            for slot in range(len(NAMES)):
                self.arrive(slot)
                self.step("join", slot, "#tea")
            await self.hall.outbox.emptied()
            for what, *about in script:
                if what == "batch":
                    await self.hall.outbox.emptied()
                    continue
                self.step(what, *about)
                if self.at_once:
                    await self.hall.outbox.emptied()
            await self.hall.outbox.emptied()

    def step(self, what: str, slot: int, *about: Any) -> None:
        session = self.slots[slot][-1]
        if what == "quit":
            self.hall.submit(session, Quit("gone"))
            self.slots[slot].pop()
            if not self.slots[slot]:
                self.arrive(slot)
        elif what == "attach":
            if slot < 2:
                self.arrive(slot)
        else:
            self.hall.submit(session, self.command(what, *about))

    def command(self, what: str, *about: Any) -> Command:
        match what, about:
            case "join", (room,):
                return Join(room)
            case "part", (room,):
                return Part(room)
            case "part all", ():
                return PartAll()
            case "hide", (room, on):
                return SetFlag(room, AUDITORIUM, on)
            case "hide and ban", (room, on):
                return Batch((SetFlag(room, AUDITORIUM, on), SetMask(room, BANS, "x!*@*", on)))
            case "hide and raise", (room, slot, role, on):
                return Batch(
                    (SetFlag(room, AUDITORIUM, on), SetRole(room, self.name(slot), role=role, on=on))
                )
            case "raise", (room, slot, role, on):
                return SetRole(room, self.name(slot), role=role, on=on)
            case "raise and ban", (room, slot, role, on):
                return Batch(
                    (SetRole(room, self.name(slot), role=role, on=on), SetMask(room, BANS, "x!*@*", on))
                )
            case "kick", (room, slot):
                return Kick(room, self.name(slot))
            case "move", (room, to):
                return RenameRoomResolved(room, to)
            case "say", (room,):
                return Say(room, "hello")
            case "nick", (number,):
                return Rename(f"n{number}")
            case "away", (on,):
                return SetAway("tea" if on else "")
            case "oper", (on,):
                return GrantOper(verified=True) if on else Resign()
            case "host", (slot, number):
                return ChangeHost(self.name(slot), f"h{number}")
            case "always on", (on,):
                return SetAlwaysOn(on)
            case "register", (room, on):
                return RegisterRoom(room, on=on)
        raise AssertionError(what)

    def told(self) -> list[list[str]]:
        return [sorted(self.hall.told(session)) for session in self.hall.connections]


def same(alone: Scene, together: Scene) -> None:
    """Fails if anybody was told something else, or the delivered state is not the hub's."""
    assert together.told() == alone.told()
    for scene in (alone, together):
        delivery, chat = scene.hall.delivery, scene.hall.hub.chat
        assert delivery.presence.operators == chat.server_operators
        for key, room in chat.rooms.items():
            subscribers = delivery.subscribers_in(key)
            if subscribers is None:
                assert AUDITORIUM not in room.flags
                continue
            assert subscribers.hides_members == (AUDITORIUM in room.flags)
            assert {one: bits for one, bits in subscribers.roles.items() if bits} == room.roles


def play(script: list[tuple[Any, ...]]) -> None:
    """Plays a script in both ways, and compares."""
    alone, together = Scene(at_once=True), Scene(at_once=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "GATHER", 0.0)
        for scene in (alone, together):
            asyncio.run(scene.play(script))
    same(alone, together)


@given(st.lists(steps, max_size=40))
def test_who_is_told_does_not_depend_on_what_was_decided_meanwhile(script):
    play(script)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([HIDE, ("quit", 0)], id="its moderator leaves"),
        pytest.param([HIDE, ("move", 0, "#tea", "#beer"), ("part", 0, "#beer")], id="it moves"),
        pytest.param([("hide and ban", 0, "#tea", True), ("part", 1, "#tea")], id="together with a ban"),
        pytest.param(
            [HIDE, ("raise and ban", 0, "#tea", 1, "half-operator", True), ("batch",), ("part", 1, "#tea")],
            id="a role together with a ban",
        ),
        pytest.param([("always on", 0, True), HIDE, ("quit", 0)], id="its moderator is offline"),
        pytest.param([HIDE, ("quit", 1), ("oper", 3, True)], id="a later operator"),
        pytest.param(
            [HIDE, ("oper", 3, True), ("batch",), ("quit", 2), ("oper", 3, False)], id="a former operator"
        ),
        pytest.param(
            [("part", 1, "#tea"), ("part", 2, "#tea"), ("part", 3, "#tea"), ("part", 0, "#tea"),
             ("join", 0, "#tea"), ("join", 1, "#tea"), ("join", 2, "#tea"), HIDE],
            id="another room of that name",
        ),
    ],
)  # fmt: skip
def test_a_room_begins_to_hide_its_members(script):
    play(script)


def test_who_keeps_order_in_an_auditorium_is_seen_after_a_restart():
    async def scene():
        hall = Hall()
        me = person(100, "anna", "u", "h", account="anna")
        facts: list[Event] = [
            AccountMade("anna", "", 1),
            Connected(me, 1),
            SessionDetached(me, 100),
            RoomOpened("#tea", 1),
            Joined("#tea", me, operator=True),
            FlagChanged("#tea", me, AUDITORIUM, True),
        ]
        records = hall.hub.record(facts)
        await hall.log.append(0, records)
        hall.delivery.begin(len(records))
        async with Running(hall):
            bob, zoe, anna = (hall.session() for _ in range(3))
            hall.submit(bob, Connect("bob", "u", "h", rooms=("#tea",)))
            hall.submit(zoe, Connect("zoe", "u", "h", rooms=("#tea",)))
            hall.submit(anna, Connect("anna", "u", "h", account="anna"))
            hall.submit(anna, Part("#tea"))
            await hall.outbox.emptied()
        (left,) = (
            str(item.number)
            for _, outcome in hall.put
            for item in outcome
            if type(item) is Record and isinstance(item.event, Parted)
        )
        for session in (bob, zoe):
            assert [told for told in hall.told(session) if told[0] != "="] == [left]  # and not each other

    asyncio.run(scene())
