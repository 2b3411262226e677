"""Deliveries: whatever is asked, in whatever batches, each member is told it once and in the one order."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.config.webhooks import Webhook
from asyncchat.core.commands import Batch, Command
from asyncchat.core.events import MovesRoom, Recipients, Record
from asyncchat.core.features.away import AwayChanged, SetAway
from asyncchat.core.features.connect import Connect, Quit, Rename
from asyncchat.core.features.invites import Invite, Invited
from asyncchat.core.features.join import Join, Part, PartAll
from asyncchat.core.features.messages import Said, SaidInPrivate, SaidToRole, Say, SayToRole
from asyncchat.core.features.moderation import Kick
from asyncchat.core.features.opers import GrantOper
from asyncchat.core.features.presence import Left
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import SetRole
from asyncchat.core.features.rooms import Joined, Kicked, Parted
from asyncchat.core.features.server_bans import Kill
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.names import fold
from asyncchat.dialects.base import Outcome
from asyncchat.server import connection as connection_module
from asyncchat.server import delivery, outbox
from asyncchat.server import session as session_module
from asyncchat.server.delivery import Barrier
from asyncchat.server.recipients import Pending, joined
from asyncchat.server.session import Session
from asyncchat.server.slices import SLICE_SECONDS
from asyncchat.server.webhooks import Hook, HookEncoder
from tests.server.listeners import Everything, Hall, Numbers, Running

ROOMS = ("#lobby", "#A", "#b")
SLOTS = 5
TEXTS = Said | SaidInPrivate | SaidToRole

slots = st.integers(0, SLOTS - 1)
rooms = st.sampled_from(ROOMS)
steps = st.one_of(
    st.tuples(st.just("join"), slots, rooms),
    st.tuples(st.just("join"), slots, rooms),
    st.tuples(st.just("part"), slots, rooms),
    st.tuples(st.just("part all"), slots),
    st.tuples(st.just("say"), slots, rooms),
    st.tuples(st.just("say"), slots, rooms),
    st.tuples(st.just("say"), slots, st.sampled_from(["#LOBBY", "#a", "#B"])),
    st.tuples(st.just("kick"), slots, rooms, slots),
    st.tuples(st.just("operator"), slots, rooms, slots, st.booleans()),
    st.tuples(st.just("topic"), slots, rooms),
    st.tuples(st.just("rename"), slots, st.integers(0, 9)),
    st.tuples(st.just("away"), slots, st.booleans()),
    st.tuples(st.just("whisper"), slots, slots),
    st.tuples(st.just("confide"), slots, rooms),
    st.tuples(st.just("invite"), slots, rooms, slots),
    st.tuples(st.just("quit"), slots),
    st.tuples(st.just("ignore"), slots, slots),
    st.tuples(st.just("gate"), slots),
    st.tuples(st.just("release"), slots),
    st.tuples(st.just("batch")),
    st.tuples(st.just("turn")),
)


class Scene:
    """Plays steps, and works out from the records alone what each session has to be told."""

    def __init__(self) -> None:
        self.hall = Hall()
        self.slots: list[Session] = []
        self.names = 0
        self.marks: dict[Session, Barrier] = {}
        self.ignored: list[tuple[int, Session, frozenset[str]]] = []

    def arrive(self, slot: int) -> None:
        session = self.hall.session()
        self.names += 1
        if slot < len(self.slots):
            self.slots[slot] = session
        else:
            self.slots.append(session)
        self.hall.submit(session, Connect(f"n{self.names}", "u", "h", rooms=ROOMS[:1]))

    def name(self, slot: int) -> str:
        return self.hall.hub.chat.people[self.slots[slot].id].name

    async def play(self, step: tuple[Any, ...]) -> None:
        what, *about = step
        if what == "batch":
            return await self.hall.outbox.emptied()
        if what == "turn":
            return await asyncio.sleep(0)
        slot = about[0]
        session = self.slots[slot]
        if what == "release":
            await self.resume_output(session)
        elif session in self.marks:
            pass  # its next commands are not taken
        elif what == "gate":
            self.marks[session] = self.hall.hub.put_barrier(session)
        elif what == "ignore":
            await self.hall.outbox.emptied()
            session.ignoring ^= {fold(self.name(about[1]))}
            session.update_subscriptions()
            self.ignored.append((len(self.hall.put), session, session.ignoring))
        elif what == "quit":
            self.hall.submit(session, Quit("gone"))
            self.arrive(slot)
        else:
            self.hall.submit(session, self.command(what, *about[1:]))

    async def resume_output(self, session: Session) -> None:
        mark = self.marks.get(session)
        if mark is not None:
            while mark.reached < 0:
                await session.next_delivery()
            del self.marks[session]
            session.resume_output(b"gate ")

    def command(self, what: str, *about) -> Command:
        match what:
            case "join":
                return Join(about[0])
            case "part":
                return Part(about[0])
            case "part all":
                return PartAll()
            case "say":
                return Say(about[0], "hello")
            case "whisper":
                return Say(self.name(about[0]), "psst")
            case "kick":
                return Kick(about[0], self.name(about[1]))
            case "operator":
                return SetRole(about[0], self.name(about[1]), about[2])
            case "confide":
                return SayToRole(about[0], "voice", "psst")
            case "invite":
                return Invite(about[0], self.name(about[1]))
            case "topic":
                return SetTopic(about[0], "new")
            case "rename":
                return Rename(f"r{about[0]}")
            case "away":
                return SetAway("tea" if about[0] else "")
        raise AssertionError(what)

    def expected(self) -> dict[Session, list[tuple[str, frozenset[str]]]]:
        """For each session what it is told, with the rooms whose order that belongs to; None for its own."""
        told: dict[Session, list[tuple[str, frozenset[str]]]] = defaultdict(list)
        members: dict[str, set[int]] = defaultdict(set)
        sessions = {session.id: session for session in self.hall.connections}
        quiet: set[Session] = set()
        ignoring: dict[Session, frozenset[str]] = {}
        changes = list(self.ignored)
        for place, (cause, outcome) in enumerate(self.hall.put):
            while changes and changes[0][0] <= place:
                _, session, names = changes.pop(0)
                ignoring[session] = names
            for item in outcome:
                if isinstance(item, Barrier):
                    told[cause].append(("gate", frozenset(ROOMS)))
                if not isinstance(item, Record) or not item.number:
                    continue
                event = item.event
                hearers, about = self.reached(event, members)
                for person_id in hearers - {cause.id}:
                    session = sessions[person_id]
                    text = isinstance(event, TEXTS)
                    by = event.person.key if isinstance(event, TEXTS | Invited) else ""
                    hidden = by in ignoring.get(session, ())
                    if not hidden and (text or session not in quiet):
                        told[session].append((str(item.number), about))
                self.seat(event, members)
            for item in outcome:
                if isinstance(item, Record) and item.number:
                    told[cause].append((f"={item.number}", frozenset(ROOMS)))
                    if isinstance(item.event, AwayChanged):
                        (quiet.add if item.event.text else quiet.discard)(cause)
        return told

    def reached(self, event, members) -> tuple[set[int], frozenset[str]]:
        if event.recipients in (Recipients.ROOM, Recipients.VISIBLE):
            return set(members[event.room]), frozenset([event.room])
        if event.recipients is Recipients.SOME_MEMBERS:
            assert set(event.to) <= members[event.room]
            return set(event.to), frozenset([event.room])
        if event.recipients is Recipients.PEERS:
            about = frozenset(room for room, inside in members.items() if event.person.id in inside)
            return {person_id for room in about for person_id in members[room]}, about
        return (
            ({event.to.id}, frozenset(ROOMS)) if event.recipients is Recipients.PAIR else (set(), frozenset())
        )

    def seat(self, event, members) -> None:
        match event:
            case Joined():
                members[event.room].add(event.person.id)
            case Parted() | Kicked():
                members[event.room].discard(event.person.id)
            case Left():
                for inside in members.values():
                    inside.discard(event.person.id)


@given(st.lists(steps, max_size=60), st.integers(1, 6), st.sampled_from([0.0, 0.002]))
def test_each_is_told_everything_once_and_in_the_one_order(steps, writes_a_slice, gather):
    async def scene():
        one = Scene()
        async with Running(one.hall):
            for slot in range(SLOTS):
                one.arrive(slot)
            for step in steps:
                await one.play(step)
            for session in list(one.marks):
                await one.resume_output(session)
            await one.hall.outbox.emptied()
        return one

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivery, "WRITES_A_SLICE", writes_a_slice)
        patch.setattr(delivery, "WRITES_A_LOOK", writes_a_slice)
        patch.setattr(outbox, "GATHER", gather)
        played = asyncio.run(scene())
    expected = played.expected()
    for session in played.hall.connections:
        told = played.hall.told(session)
        rooms_of = dict(expected[session])
        assert sorted(told) == sorted(token for token, _ in expected[session])
        for room in ROOMS:
            assert [token for token in told if room in rooms_of[token]] == [
                token for token, about in expected[session] if room in about
            ]
    assert not played.hall.slow
    numbers = [item.number for _, outcome in played.hall.put for item in outcome if type(item) is Record]
    assert numbers == list(range(1, len(numbers) + 1))
    assert played.hall.log.last == len(numbers)


def played(scene):
    """Runs a scene in a hall whose outbox runs."""

    async def play():
        hall = Hall()
        async with Running(hall):
            await scene(hall)

    asyncio.run(play())


async def people(hall: Hall, count: int, *rooms: str) -> list[Session]:
    """So many people in these rooms, of whom nothing is to be told any more."""
    found = [hall.session() for _ in range(count)]
    for number, session in enumerate(found):
        hall.submit(session, Connect(f"p{number}", "u", "h", rooms=rooms or ("#lobby",)))
    await hall.outbox.emptied()
    for connection in hall.connections.values():
        connection.data, connection.writes = b"", 0
    return found


def say(*texts: str) -> list[Command]:
    return [Say("#lobby", text) for text in texts]


def test_a_batch_is_one_write_to_each_member_however_long():
    async def scene(hall):
        everyone = await people(hall, 20)
        for _ in range(10):
            for session in everyone[:3]:
                hall.submit(session, *say("a", "b"))
        await hall.outbox.emptied()
        assert {hall.connections[session].writes for session in everyone} == {1}

    played(scene)


def test_a_quit_from_several_rooms_is_told_once_and_after_what_was_said_before():
    async def scene(hall):
        one, two, three = await people(hall, 3, "#a", "#b", "#c")
        before = hall.log.last
        hall.submit(one, *(Say(room, "x") for room in ("#a", "#b", "#c")), Quit())
        hall.submit(two, Say("#c", "y"))
        await hall.outbox.emptied()
        assert hall.told(three) == [str(before + number) for number in range(1, 6)]

    played(scene)


def test_nothing_is_told_after_a_kick_within_the_same_batch():
    async def scene(hall):
        chair, member, other = await people(hall, 3, "#a")
        hall.submit(chair, Kick("#a", "p1"), Say("#a", "gone"))
        hall.submit(other, Say("#a", "indeed"))
        await hall.outbox.emptied()
        kick = hall.log.last - 2
        assert hall.told(member) == [str(kick)]
        assert hall.told(other) == [str(kick), str(kick + 1), f"={kick + 2}"]

    played(scene)


def test_who_was_let_in_again_hears_what_follows_alone():
    async def scene(hall):
        chair, member = await people(hall, 2, "#a")
        hall.submit(member, Part("#a"))
        hall.submit(chair, Say("#a", "not for p1"))
        hall.submit(member, Join("#a"))
        hall.submit(chair, Say("#a", "for p1"))
        await hall.outbox.emptied()
        last = hall.log.last
        assert hall.told(member) == [f"={last - 3}", f"={last - 1}", str(last)]

    played(scene)


def test_the_members_of_a_room_are_counted_however_it_is_spelled():
    async def scene(hall):
        await people(hall, 3, "#a")
        assert [hall.delivery.members_of(room) for room in ("#a", "#A", "#x")] == [3, 3, 0]

    played(scene)


def test_who_subscribes_in_the_middle_of_a_batch_is_told_the_rest_of_it():
    async def scene(hall):
        chair, _ = await people(hall, 2, "#a", "#b")
        hook = Hook("log", Webhook("http://x", ("#b",), ""), HookEncoder(hall.log.ids), lambda *_: None)
        hall.delivery.observe(MovesRoom, lambda _: hall.delivery.subscribe(hook, "#b"))
        hall.submit(chair, Say("#b", "before"), RenameRoomResolved("#a", "#c"), Say("#b", "after"))
        await hall.outbox.emptied()
        (waiting,) = hook._waiting
        assert b'"text":"after"' in waiting.body
        hall.delivery.unsubscribe(hook)
        hall.submit(chair, Say("#b", "later"))
        await hall.outbox.emptied()
        assert len(hook._waiting) == 1

    played(scene)


def test_a_slow_session_is_reported_once_after_the_batch_that_shows_it():
    async def scene(hall):
        one, slow, three = await people(hall, 3)
        hall.connections[slow].stalled = 2_000_000
        slow.context.options = msgspec.structs.replace(slow.context.options, slow_seconds=0.0)
        for _ in range(40):
            hall.submit(one, *say("x" * 10))
        hall.delivery._rooms["#lobby"].unchecked = delivery.CHECK_BYTES
        await hall.outbox.emptied()
        assert hall.slow == [slow]
        hall.submit(one, *say("and on it goes"))
        await hall.outbox.emptied()
        left = hall.log.last - 1
        assert hall.told(three)[-2:] == [str(left), str(left + 1)]
        records = [item for _, outcome in hall.put for item in outcome if isinstance(item, Record)]
        assert [item.event.reason for item in records if isinstance(item.event, Left)] == ["too slow"]

    played(scene)


def test_a_connection_lost_a_moment_ago_hurts_nobody_else():
    async def scene(hall):
        everyone = await people(hall, 6)
        gone = everyone[1], everyone[4]
        for session in gone:
            hall.connections[session].lost = True
        hall.submit(everyone[0], *say("one"), Rename("q"))
        hall.submit(everyone[4], *say("my last words"))
        await hall.outbox.emptied()
        hall.submit(everyone[0], *say("two"))
        await hall.outbox.emptied()
        last = hall.log.last
        for session in everyone[2], everyone[3], everyone[5]:
            assert hall.told(session) == [str(number) for number in range(last - 3, last + 1)]
        assert not any(hall.told(session) for session in gone)

    played(scene)


def test_what_comes_before_a_gate_is_delivered_before_it_and_the_rest_waits():
    async def scene(hall):
        one, two = await people(hall, 2)
        hall.submit(one, *say("before"))
        mark = hall.hub.put_barrier(two)
        hall.submit(one, *say("behind"))
        await hall.outbox.emptied()
        before = hall.log.last - 1
        assert mark.reached == before
        assert hall.told(two) == [str(before)]
        hall.submit(one, *say("still behind"))
        await hall.outbox.emptied()
        assert hall.told(two) == [str(before)]
        assert two.waiting() == len(f"{before + 1} {before + 2} ")
        two.resume_output(b"answer ")
        hall.submit(one, *say("after"))
        await hall.outbox.emptied()
        assert hall.told(two) == [str(before), "answer", *(str(before + more) for more in (1, 2, 3))]

    played(scene)


def test_a_session_that_never_leaves_its_gate_is_found_slow():
    async def scene(hall):
        one, two = await people(hall, 2)
        hall.hub.put_barrier(two)
        for _ in range(3):
            two.write(b"x" * 500_000)
        hall.submit(one, *say("hello"))
        await hall.outbox.emptied()
        assert not two.is_slow()
        two.write(b"x" * 1_000_001)
        assert not two.is_slow()
        later = two.context.now() + two.context.options.slow_seconds
        two.context.now = lambda: later
        assert two.is_slow()

    played(scene)


def test_the_last_words_to_a_session_in_a_gate_come_after_what_waited():
    async def scene(hall):
        one, two = await people(hall, 2)
        hall.hub.put_barrier(two)
        hall.submit(one, *say("meanwhile"))
        await hall.outbox.emptied()
        two.disconnect("enough")
        assert hall.told(two) == [str(hall.log.last), "(enough)"]
        await hall.outbox.emptied()
        assert hall.told(one)[-1] == str(hall.log.last)

    played(scene)


def test_many_writes_give_the_others_a_turn(monkeypatch):
    monkeypatch.setattr(delivery, "WRITES_A_SLICE", 4)
    monkeypatch.setattr(delivery, "WRITES_A_LOOK", 4)

    async def scene(hall):
        everyone = await people(hall, 40)
        turns = 0
        loop = asyncio.get_running_loop()

        def count() -> None:
            nonlocal turns
            turns += 1
            if not hall.told(everyone[-1]):
                loop.call_soon(count)

        hall.submit(everyone[0], *say("hello"))
        loop.call_soon(count)
        await hall.outbox.emptied()
        assert turns > 5

    played(scene)


def test_long_writes_give_the_others_a_turn_sooner(monkeypatch):
    """uvloop writes at the end of its pass, where no clock sees it."""
    monkeypatch.setattr(delivery, "perf_counter", lambda: 0.0)

    async def scene(hall):
        everyone = await people(hall, 128)
        assert not hall.delivery._write(everyone, b"x")
        await hall.delivery._yield()
        assert hall.delivery._write(everyone, b"x" * 4096)

    played(scene)


class Ticking:
    """A clock that goes on by a quarter of a slice at each look."""

    now = 0.0

    def __call__(self) -> float:
        self.now += SLICE_SECONDS / 4
        return self.now


async def most_in_a_pass(hall: Hall, count: Callable[[], int]) -> int:
    """By how much a count grew in one pass of the loop at the most, until all is delivered."""
    most, before, emptied = 0, count(), asyncio.create_task(hall.outbox.emptied())
    while not emptied.done():
        await asyncio.sleep(0)
        most, before = max(most, count() - before), count()
    return most


def test_many_who_are_killed_at_once_are_disconnected_a_few_a_pass(monkeypatch):
    monkeypatch.setattr(delivery, "perf_counter", Ticking())

    async def scene(hall):
        killer, *others = await people(hall, 61)
        hall.submit(killer, GrantOper(verified=True))
        await hall.outbox.emptied()
        hall.submit(killer, Batch(tuple(Kill(f"p{number}", "x") for number in range(1, 61))))
        assert await most_in_a_pass(hall, lambda: sum(one.ended for one in others)) <= 8
        assert all(one.ended for one in others)

    played(scene)


def test_a_large_batch_is_looked_through_a_few_outcomes_a_pass(monkeypatch):
    monkeypatch.setattr(delivery, "perf_counter", Ticking())

    async def scene(hall):
        everyone = await people(hall, 60)
        for one in everyone:
            hall.submit(one, *say("hello"))
        marked = hall.delivery._individuals
        assert await most_in_a_pass(hall, lambda: len(marked)) <= 8

    played(scene)


def test_slow_members_are_looked_for_a_few_a_pass(monkeypatch):
    monkeypatch.setattr(delivery, "perf_counter", Ticking())
    monkeypatch.setattr(delivery, "WRITES_A_LOOK", 2)
    monkeypatch.setattr(delivery, "CHECK_BYTES", 0)
    looked: list[Session] = []
    is_slow = Session.is_slow

    def counted(self: Session) -> bool:
        looked.append(self)
        return is_slow(self)

    monkeypatch.setattr(Session, "is_slow", counted)

    async def scene(hall):
        everyone = await people(hall, 60)
        looked.clear()
        hall.submit(everyone[0], *say("hello"))
        assert await most_in_a_pass(hall, lambda: len(looked)) <= 16
        assert len(looked) == 60

    played(scene)


def test_the_members_of_a_renamed_room_are_told_a_few_a_pass(monkeypatch):
    """Even those who are served individually, whom no write counts."""
    monkeypatch.setattr(delivery, "perf_counter", Ticking())
    told: list[Session] = []
    encode = Session.encode_rename

    def counted(self: Session, outcome: Outcome) -> bytes:
        told.append(self)
        return encode(self, outcome)

    monkeypatch.setattr(Session, "encode_rename", counted)

    async def scene(hall):
        everyone = await people(hall, 50)
        for one in everyone:
            hall.submit(one, Join("#old"))
        await hall.outbox.emptied()
        for one in everyone:
            hall.submit(one, Say("#old", "hello"))
        hall.submit(everyone[0], RenameRoomResolved("#old", "#new"))
        assert await most_in_a_pass(hall, lambda: len(told)) <= 8
        assert len(told) == 49

    played(scene)


def test_hiding_somebody_while_a_batch_is_delivered_loses_nothing(monkeypatch):
    """Two rooms have runs in the batch, one is open when the session begins to be served on its own."""
    monkeypatch.setattr(delivery, "WRITES_A_SLICE", 1)
    monkeypatch.setattr(delivery, "WRITES_A_LOOK", 1)

    async def scene(hall):
        one, two, three = await people(hall, 3, "#a", "#b", "#c")
        hall.submit(two, Part("#c"))
        await hall.outbox.emptied()
        hall.connections[two].data = b""
        write = hall.connections[three].write

        def hide(data: bytes) -> None:
            if not two.ignoring:
                two.ignoring = frozenset({"nobody"})
                two.update_subscriptions()
            write(data)

        three.write = hide
        # The run of #a is open; that of #c is closed by who leaves, which writes; then the run of #b opens.
        hall.submit(one, Say("#a", "1"), Say("#c", "2"))
        hall.submit(one, Join("#d"), Part("#d"))
        four = hall.session()
        hall.submit(four, Connect("four", "u", "h", rooms=("#c", "#e")), Quit())
        hall.submit(one, Say("#b", "3"))
        await hall.outbox.emptied()
        said = [
            str(record.number)
            for _, outcome in hall.put
            for record in outcome
            if isinstance(record, Record) and getattr(record.event, "text", "") in ("1", "3")
        ]
        assert sorted(hall.told(two)) == sorted(said)

    played(scene)


class Speechless(Numbers):
    """A dialect with a bug: it has no words for what becomes of its own commands."""

    def encode_outcome(self, outcome: Outcome) -> bytes:
        raise LookupError("no words")


def test_a_dialect_that_fails_ends_its_own_session_alone(caplog):
    async def play() -> None:
        async with Running(Hall()) as hall:
            ann, bob = await people(hall, 2, "#lobby")
            bob.dialect = Speechless()
            hall.submit(bob, Say("#lobby", "?"))
            hall.submit(ann, Say("#lobby", "!"))
            await hall.outbox.emptied()
            assert bob.ended
            await hall.outbox.emptied()
            *_, last = hall.told(ann)
            assert last.isdigit()
            assert hall.hub.chat.people.keys() == {ann.id}

    asyncio.run(play())
    assert "this is a bug of asyncchat" in caplog.text


def test_an_event_that_a_variant_fails_at_is_left_out_for_it_alone(caplog, monkeypatch):
    def fail(self: Everything, record: Record) -> bytes:
        if isinstance(record.event, Said) and record.event.text == "unspeakable":
            raise LookupError("no words")
        return b"%d " % record.number

    monkeypatch.setattr(Everything, "encode", fail)

    async def play() -> None:
        async with Running(Hall()) as hall:
            ann, bob = await people(hall, 2, "#lobby")
            before = len(hall.told(bob))
            hall.submit(ann, Say("#lobby", "unspeakable"), Say("#lobby", "fine"))
            await hall.outbox.emptied()
            assert len(hall.told(bob)) == before + 1

    asyncio.run(play())
    assert "this is a bug of asyncchat" in caplog.text


def test_many_who_go_away_at_once_are_told_of_the_others_in_a_few_parts_each(monkeypatch):
    parts: list[int] = []

    def counted(pending: Pending) -> bytes:
        parts.append(len(pending))
        return joined(pending)

    monkeypatch.setattr(session_module, "joined", counted)

    async def scene(hall):
        everyone = await people(hall, 60)
        parts.clear()
        before = hall.log.last
        for session in everyone:
            hall.submit(session, *say("bye"))
        await hall.outbox.emptied()
        assert sum(parts) <= 3 * len(everyone)
        numbers = [str(number) for number in range(before + 1, before + 61)]
        for session in everyone:
            assert sorted(one.lstrip("=") for one in hall.told(session)) == sorted(numbers)

    played(scene)


def test_who_leaves_is_told_nothing_and_costs_the_others_nothing(caplog):
    async def scene(hall):
        everyone = await people(hall, 30)
        caplog.clear()
        leaving = everyone[1:]
        before = hall.log.last
        for session in leaving:
            session.disconnect("gone", at_once=True)
        await hall.outbox.emptied()
        assert hall.told(everyone[0]) == [str(before + number) for number in range(1, 30)]
        assert hall.connections[everyone[0]].writes == 1
        assert not any(hall.told(session) for session in leaving)

    with caplog.at_level("INFO"):
        played(scene)
    (line,) = [text for text in caplog.messages if "left chat" in text]
    assert line.count("left chat (gone)") == 29


def test_a_reader_is_slow_by_time_and_amount_together():
    async def scene(hall):
        (reader,) = await people(hall, 1)
        options, connection, now = reader.context.options, hall.connections[reader], 0.0
        reader.context.now = lambda: now

        def slow(at: float, waiting: int) -> bool:
            nonlocal now
            now, connection.stalled = at, waiting
            return reader.is_slow()

        much, seconds = options.slow_bytes + 1, options.slow_seconds
        assert not slow(0, much)
        assert not slow(seconds - 1, much * 5)
        assert not slow(seconds, options.slow_bytes)  # it has drained in time
        assert not slow(seconds + 1, much)
        assert not slow(2 * seconds, much)
        assert slow(2 * seconds + 1, much)
        assert not slow(3 * seconds, 0)
        assert slow(3 * seconds, options.slow_bytes * connection_module.MOST_SLOW + 1)

    played(scene)


def test_time_that_a_delivery_gives_to_other_tasks_is_not_counted(monkeypatch):
    """A batch is no storm because others asked something costly meanwhile."""

    class Clock:
        now = 0.0

        def __call__(self) -> float:
            self.now += 0.0001
            return self.now

    clock = Clock()
    monkeypatch.setattr(delivery, "perf_counter", clock)
    monkeypatch.setattr(delivery, "WRITES_A_SLICE", 1)
    monkeypatch.setattr(delivery, "WRITES_A_LOOK", 1)

    async def others() -> None:
        while True:
            clock.now += 1.0
            await asyncio.sleep(0)

    async def scene() -> None:
        hall = Hall()
        async with Running(hall):
            people = [hall.session() for _ in range(3)]
            for number, person in enumerate(people):
                hall.submit(person, Connect(f"n{number}", "u", "h", rooms=("#lobby",)))
            await hall.outbox.emptied()
            worked, costly = hall.delivery.worked, asyncio.create_task(others())
            hall.submit(people[0], Say("#lobby", "hello"))
            await hall.outbox.emptied()
            costly.cancel()
            assert 0 < hall.delivery.worked - worked < 1.0 < clock.now

    asyncio.run(scene())
