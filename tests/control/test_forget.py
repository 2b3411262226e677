"""Forgetting a person, at a history that no server has: nothing of it is found, whatever it did before."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyncchat.control import requests
from asyncchat.control.offline import FileExecutor, carry_out_offline
from asyncchat.control.operations import carry_out
from asyncchat.control.wire import Refused, line_of, reply_line, result_in
from asyncchat.core.commands import Command
from asyncchat.core.engine import Engine
from asyncchat.core.events import Record
from asyncchat.core.features.accept import Accept
from asyncchat.core.features.accounts import GetAccount, LogInVerified, LogOut, RegisterAccountVerified
from asyncchat.core.features.always_on import SetAlwaysOn
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.bots import NewToken
from asyncchat.core.features.certificates import AddCertificateVerified
from asyncchat.core.features.connect import Connect, Quit, Rename, SetRealname
from asyncchat.core.features.edits import EditResolved
from asyncchat.core.features.files import KeepFile
from asyncchat.core.features.forget import Forgotten
from asyncchat.core.features.history import Window
from asyncchat.core.features.host import ChangeHost
from asyncchat.core.features.invite_codes import MakeInviteCode
from asyncchat.core.features.invites import Invite, Knock
from asyncchat.core.features.join import Join, Part
from asyncchat.core.features.login_tokens import NewLoginToken
from asyncchat.core.features.messages import Said, SaidInPrivate, Say
from asyncchat.core.features.metadata.api import SetMetadata
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.monitor import MonitorAdd
from asyncchat.core.features.opers import Announce, GrantOper
from asyncchat.core.features.pins import PinResolved
from asyncchat.core.features.post_keys import PostedOnce
from asyncchat.core.features.preferences import SetPreference
from asyncchat.core.features.presence import NodeStarted
from asyncchat.core.features.reactions import Reacted, ReactResolved
from asyncchat.core.features.read_markers import SetReadMarker
from asyncchat.core.features.redaction import Erase
from asyncchat.core.features.room_modes import SetFlag
from asyncchat.core.features.room_registration import RegisterRoom
from asyncchat.core.features.server_bans import BanFromServer, Kill
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.features.webpush import SubscribeVerified, Subscription
from asyncchat.core.people import person
from asyncchat.core.permissions import SERVER
from asyncchat.log.base import Log, PageQuery, SearchQuery, StreamRange
from asyncchat.log.memory import MemoryLog
from asyncchat.log.sqlite import SqliteLog
from asyncchat.log.streams import account_prefix, room_changes
from asyncchat.log.tuning import Tuning

HASTY = Tuning(lag=4, snapshot_at=7)
"""The index and snapshots follow after a few records."""

ANNA, BOB, EVE = 1, 2, 3
TRACES = (b"annabel", b"wanderer", b"zjx", b"192.0.2.77", b"anna.example", b"a11aa11a")
"""What only Anna can have left in a file: her names, words, addresses, digests; in lower case."""

FILE = "a" * 26


class World:
    """A history in which three people do what they are told: Anna has an account, Bob too, Eve is a guest."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.engine = Engine(log.chat(), log.last, log.last_time)
        self.time = 1_700_000_000_000_000
        self.records: list[Record] = []
        self.do(SERVER, RegisterAccountVerified("Annabel", "zjx-verifier", "zjx@anna.example"))
        self.do(SERVER, RegisterAccountVerified("bob", "v"))
        self.begin()

    def do(self, person_id: int, command: Command) -> None:
        """Decides a command, unless it is one of somebody who is not connected just now."""
        chat = self.engine.chat
        is_here = person_id in chat.people and chat.sessions.of(person_id)
        if person_id != SERVER and not isinstance(command, Connect) and not is_here:
            return
        self.time += 1_000_000
        self.engine.at(self.time)
        outcome, _ = self.engine.execute(person_id, command)
        self.records += [item for item in outcome if isinstance(item, Record)]

    def begin(self) -> None:
        """The server starts, and all come."""
        self.time += 1_000_000
        self.engine.at(self.time)
        self.records += self.engine.record([NodeStarted("1")])
        rooms = ("#tea", "#lobby")
        self.do(ANNA, Connect("Annabel", "zjx", "anna.example", "Zjx Zjx", rooms, "Annabel", "192.0.2.77"))
        self.do(BOB, Connect("bob", "b", "b.example", rooms=rooms, account="bob"))
        self.do(EVE, Connect("eve", "e", "e.example", rooms=("#tea",)))

    def last(self, person_id: int, kind: Any = Said) -> Record | None:
        """The last message of somebody, as the log has it now."""
        name = {ANNA: "Annabel", BOB: "bob", EVE: "eve"}[person_id]
        found = (
            record
            for record in reversed(self.records)
            if isinstance(record.event, kind)
            and name in (record.event.person.account, record.event.person.name)
        )
        return next(found, None)

    async def keep(self) -> None:
        """Has the log have all of it."""
        after = self.log.last
        self.records = [r for r in self.records if r.number > 0]
        await self.log.append(after, [record for record in self.records if record.number > after])


def edited(world: World, by: int, to: str, kind: type) -> None:
    found = world.last(by, kind)
    if found is not None:
        world.do(by, EditResolved(to, found, f"zjx edited {world.time}" if by == ANNA else "edited"))


def reacted(world: World, by: int, about: int, reaction: str) -> None:
    found = world.last(about)
    if found is not None:
        world.do(by, ReactResolved("#tea", found, reaction, True, (("+draft/reply", "1"),)))


def pinned(world: World, by: int, about: int) -> None:
    world.do(by, GrantOper(verified=True))
    world.do(by, PinResolved("#tea", world.last(about)))


def erased(world: World, by: int, of: int) -> None:
    world.do(by, GrantOper(verified=True))
    found = world.last(of)
    if found is not None:
        world.do(by, Erase("#tea", (found.number,), "zjx" if by == ANNA else ""))


def wander(world: World) -> None:
    """Anna comes as a guest, speaks under another name, and logs in."""
    world.do(ANNA, Quit("zjx bye"))
    world.do(7, Connect("wanderer", "zjx", "anna.example", rooms=("#tea",), address="192.0.2.77"))
    world.do(7, LogInVerified("Annabel", True))
    world.do(7, Say("#tea", "zjx as a wanderer"))
    world.do(7, Say("bob", "zjx to bob"))
    world.do(7, GrantOper(verified=True))
    world.do(7, SetTopic("#tea", "zjx topic"))
    world.do(7, Ban("#tea", "mallory"))
    pinned(world, 7, BOB)
    world.do(7, Quit("zjx"))
    world.do(ANNA, Connect("Annabel", "zjx", "anna.example", account="Annabel", rooms=("#tea",)))


def guest(world: World) -> None:
    """Somebody uses the name without the account, as before it was made."""
    world.do(ANNA, LogOut())
    world.do(ANNA, Say("#tea", "zjx as a guest"))
    world.do(ANNA, Say("bob", "zjx as a guest"))
    world.do(BOB, Say("Annabel", "an answer"))
    world.do(ANNA, LogInVerified("Annabel", True))


def knocked(world: World) -> None:
    world.do(EVE, Join("#e"))
    world.do(EVE, SetFlag("#e", "invite-only"))
    world.do(ANNA, Knock("#e", "zjx"))


def posted(world: World) -> None:
    world.time += 1
    for owner in ("account Annabel", "guest Annabel", "account bob"):
        world.records += world.engine.record([PostedOnce(owner, "key", "asked", "#tea", world.time)])


PUSH = Subscription("https://push.example/zjx", "zjx", "zjx")

WHO = person(ANNA, "wanderer", "zjx", "anna.example", account="Annabel", address="192.0.2.77")

DEEDS: dict[str, Any] = {
    "says": lambda w: w.do(ANNA, Say("#tea", "zjx in the room")),
    "acts": lambda w: w.do(ANNA, Say("#lobby", "zjx и", tags=(("+x", "zjx"),))),
    "whispers": lambda w: w.do(ANNA, Say("bob", "zjx in private")),
    "whispers to a guest": lambda w: w.do(ANNA, Say("eve", "zjx to eve")),
    "edits": lambda w: edited(w, ANNA, "#tea", Said),
    "edits in private": lambda w: edited(w, ANNA, "bob", SaidInPrivate),
    "reacts": lambda w: reacted(w, ANNA, BOB, "zjx"),
    "pins": lambda w: pinned(w, ANNA, BOB),
    "erases": lambda w: erased(w, ANNA, BOB),
    "sets a topic": lambda w: w.do(ANNA, SetTopic("#tea", "zjx topic")),
    "goes away": lambda w: w.do(ANNA, SetAway("zjx away")),
    "is real": lambda w: w.do(ANNA, SetRealname("zjx real")),
    "parts": lambda w: w.do(ANNA, Part("#tea", "zjx")),
    "joins": lambda w: w.do(ANNA, Join("#tea")),
    "opens": lambda w: w.do(ANNA, Join("#own")),
    "registers": lambda w: (w.do(ANNA, Join("#own")), w.do(ANNA, RegisterRoom("#own"))),
    "wanders": wander,
    "is a guest": guest,
    "renames": lambda w: (w.do(ANNA, Rename("wanderer")), w.do(ANNA, Rename("Annabel"))),
    "monitors": lambda w: w.do(ANNA, MonitorAdd(("bob",), ANNA)),
    "has metadata": lambda w: w.do(ANNA, SetMetadata("*", "url", "zjx")),
    "prefers": lambda w: w.do(ANNA, SetPreference("ignore", "bob", "on")),
    "reads": lambda w: w.do(ANNA, SetReadMarker("#tea", w.time)),
    "stays": lambda w: w.do(ANNA, SetAlwaysOn(True)),
    "has a device": lambda w: w.do(ANNA, NewLoginToken("zjx phone", "s", "a11aa11a" * 8)),
    "has a certificate": lambda w: w.do(ANNA, AddCertificateVerified("a11aa11a" * 8)),
    "is pushed to": lambda w: w.do(ANNA, SubscribeVerified(PUSH)),
    "uploads": lambda w: w.do(SERVER, KeepFile(FILE, WHO, "text/plain", 1, "f" * 64)),
    "invites": lambda w: w.do(ANNA, Invite("#lobby", "eve")),
    "makes a code": lambda w: (w.do(ANNA, GrantOper(True)), w.do(ANNA, MakeInviteCode("#tea", "d" * 64))),
    "kicks": lambda w: (w.do(ANNA, GrantOper(True)), w.do(ANNA, Kick("#tea", "eve", "zjx"))),
    "bans": lambda w: (w.do(ANNA, GrantOper(True)), w.do(ANNA, Ban("#lobby", "mallory"))),
    "kills": lambda w: (w.do(ANNA, GrantOper(True)), w.do(ANNA, Kill("eve", "zjx"))),
    "posts": posted,
    "announces": lambda w: (w.do(ANNA, GrantOper(True)), w.do(ANNA, Announce("zjx to all"))),
    "knocks": knocked,
    "accepts": lambda w: w.do(ANNA, Accept("eve")),
    "bob hides her": lambda w: (w.do(BOB, GrantOper(True)), w.do(BOB, ChangeHost("Annabel", "zjx.example"))),
    "bob invites": lambda w: (w.do(BOB, Join("#bob")), w.do(BOB, Invite("#bob", "Annabel"))),
    "bob monitors": lambda w: w.do(BOB, MonitorAdd(("annabel",), BOB)),
    "bob looks": lambda w: (w.do(BOB, GrantOper(True)), w.do(BOB, GetAccount("annabel"))),
    "eve reads": lambda w: w.do(EVE, SetReadMarker("Annabel", w.time)),
    "eve ignores": lambda w: w.do(EVE, SetPreference("ignore", "Annabel", "on")),
    "eve accepts": lambda w: w.do(EVE, Accept("Annabel")),
    "bob says": lambda w: w.do(BOB, Say("#tea", "hello")),
    "bob answers": lambda w: w.do(BOB, Say("Annabel", "an answer")),
    "bob edits": lambda w: edited(w, BOB, "#tea", Said),
    "bob reacts": lambda w: reacted(w, BOB, ANNA, "!"),
    "bob pins": lambda w: pinned(w, BOB, ANNA),
    "bob erases": lambda w: erased(w, BOB, ANNA),
    "bob kicks": lambda w: (w.do(BOB, GrantOper(True)), w.do(BOB, Kick("#tea", "Annabel", "enough"))),
    "bob reads": lambda w: w.do(BOB, SetReadMarker("Annabel", w.time)),
    "bob ignores": lambda w: w.do(BOB, SetPreference("ignore", "Annabel", "on")),
    "eve answers": lambda w: w.do(EVE, Say("Annabel", "an answer")),
    "the server starts": World.begin,
}


def in_files(folder: Path) -> dict[str, list[bytes]]:
    """Which traces are in which files."""
    found = {}
    for file in sorted(folder.iterdir()):
        content = file.read_bytes().lower() if file.is_file() else b""
        if here := [trace for trace in TRACES if trace in content]:
            found[file.name] = here
    return found


def trigrams(folder: Path) -> set[str]:
    """All that the search's index has."""
    found: set[str] = set()
    with closing(sqlite3.connect(folder / "chat.db-search")) as index:
        for (volume,) in index.execute("SELECT place FROM volumes").fetchall():
            index.execute(f"CREATE VIRTUAL TABLE temp.t{volume} USING fts5vocab(main, v{volume}, row)")
            found |= {term for (term,) in index.execute(f"SELECT term FROM temp.t{volume}")}  # noqa: S608
    return found


def counted(folder: Path) -> int:
    """How many texts the history has, reactions and edits too."""
    with closing(sqlite3.connect(folder / "chat.db")) as file:
        return sum(
            file.execute(f"SELECT count(*) FROM {texts}").fetchone()[0]  # noqa: S608  # constants
            for texts in ("said WHERE text IS NOT NULL", "facts WHERE kept = 0 AND event <> ''")
        )


async def lived(log: Log, deeds: list[str]) -> World:
    world = World(log)
    for deed in deeds:
        DEEDS[deed](world)
        await world.keep()
    return world


async def life_and_end(folder: Path, deeds: list[str]) -> None:
    log = await SqliteLog.open(folder / "chat.db", tuning=HASTY)
    await lived(log, deeds)
    await log.run_maintenance()
    others = [text for text in await readable(log) if "zjx" not in text]
    await log.close()
    assert in_files(folder)
    line = line_of(requests.Forget("annabel"))
    log = await SqliteLog.open(folder / "chat.db", tuning=HASTY)
    await carry_out(executor := FileExecutor(log), line)
    assert await readable(log) == others
    assert (await log.search(SearchQuery(("#tea", "#lobby"), log.last, terms=("zjx",)))).records == ()
    kept = executor.chat.state()
    await log.close()
    assert in_files(folder) == {}
    assert not {"zjx", "ZJX"} & trigrams(folder)
    log = await SqliteLog.open(folder / "chat.db", tuning=HASTY)
    again = log.chat()
    assert not [trace for trace in TRACES if trace in str(again.state()).lower().encode()]
    assert again.state() == kept
    assert await readable(log) == others
    await log.close()
    assert log.messages == counted(folder)


async def readable(log: Log) -> list[str]:
    """The texts of all messages that anybody can read."""
    streams = tuple(StreamRange(prefix) for prefix in ("#tea", "#lobby", "#own"))
    page = await log.read(PageQuery("", log.last, Window(limit=10_000), streams))
    found = {record.number: record.event.text for record in page.records if isinstance(record.event, Said)}
    for number in range(1, log.last + 1):
        record = await log.find(number)
        if record is not None and isinstance(record.event, Said | SaidInPrivate):
            found[number] = record.event.text
    return [found[number] for number in sorted(found)]


@settings(max_examples=15)
@given(st.lists(st.sampled_from(sorted(DEEDS)), min_size=1, max_size=25))
@example(sorted(DEEDS))
@example(sorted(DEEDS, reverse=True) * 3)
def test_nothing_of_a_forgotten_person_is_found(deeds):
    with TemporaryDirectory() as folder:
        asyncio.run(life_and_end(Path(folder), deeds))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_what_others_left_stays(kind, tmp_path):
    async def run() -> None:
        log = MemoryLog() if kind == "memory" else await SqliteLog.open(tmp_path / "chat.db", tuning=HASTY)
        world = await lived(log, ["says", "bob says", "bob answers", "eve answers", "bob reacts", "stays"])
        world.do(BOB, SetTopic("#tea", "green"))
        world.do(ANNA, Kick("#tea", "eve", "zjx"))
        await world.keep()
        found = result_in(await ask(log, requests.GetTraces("ANNABEL")), requests.TracesFound)
        assert found == requests.TracesFound(1, 0, 0, account=True)
        assert result_in(await ask(log, requests.Forget("annabel")), requests.TracesFound) == found
        assert await readable(log) == ["hello", "an answer", "an answer"]
        bobs = await log.newest((), (StreamRange(account_prefix("bob")),), log.last)
        ((stream, answer),) = bobs
        assert isinstance(answer.event, SaidInPrivate)
        assert (stream, answer.event.to.name) == ("@abob\tnforgotten", "forgotten")
        assert not await log.newest((), (StreamRange(account_prefix("annabel")),), log.last)
        streams = (StreamRange(room_changes("#tea")),)
        changes = await log.read(PageQuery("", log.last, Window(limit=100), streams, events=True))
        assert not [trace for trace in TRACES if trace in str(changes).lower().encode()]
        (reaction,) = [record.event for record in changes.records if isinstance(record.event, Reacted)]
        assert (reaction.person.name, reaction.author) == ("bob", "forgotten")
        (*_, act) = await log.audit(log.last, 0, 10)
        assert act.event == Forgotten("", 1, act.time)
        assert not [trace for trace in TRACES if trace in str(list(log.state())).lower().encode()]
        await log.close()

    asyncio.run(run())


async def ask(log: Log, request: requests.Request) -> bytes:
    return reply_line(await carry_out(FileExecutor(log), line_of(request)))


def test_a_name_that_was_somebody_else_s(tmp_path):
    """Bob used it while nobody had it: what he said is under his account, and not what is meant."""

    async def run() -> None:
        log = await SqliteLog.open(tmp_path / "chat.db")
        world = await lived(log, [])
        world.do(BOB, Rename("Carla"))
        world.do(BOB, Say("#tea", "by bob"))
        world.do(EVE, Quit())
        world.do(4, Connect("carla_", "c", "c.example", rooms=("#tea",)))
        world.do(BOB, Rename("bob"))
        world.do(4, Rename("carla"))
        world.do(4, Say("#tea", "by carla"))
        await world.keep()
        found = result_in(await ask(log, requests.Forget("CARLA")), requests.TracesFound)
        assert (found.messages, found.names, found.namesakes) == (1, (), ("bob",))
        assert await readable(log) == ["by bob"]
        await log.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("#tea", "Nobody can have that name: it begins with #"),
        ("", "Nobody can have that name: it is empty"),
        ("Forgotten", "Forgotten stands for everybody who is forgotten already"),
        ("ci", "ci is a bot. Revoke its token first: asyncchat token revoke ci"),
        ("Console", "Console stands for whoever runs the server"),
    ],
)
def test_what_is_no_person_is_refused(name, why):
    async def run() -> None:
        executor = FileExecutor(MemoryLog())
        await executor.request(NewToken("ci", "d" * 64, ("*",), ("post",)))
        for request in (requests.GetTraces(name), requests.Forget(name)):
            with pytest.raises(Refused) as refused:
                await carry_out(executor, line_of(request))
            assert str(refused.value) == why
        assert not executor.log.chat().people

    asyncio.run(run())


def test_other_names_of_the_account_are_told(tmp_path):
    async def run() -> None:
        log = await SqliteLog.open(tmp_path / "chat.db")
        await lived(log, ["says", "wanders"])
        found = result_in(await ask(log, requests.GetTraces("annabel")), requests.TracesFound)
        assert (found.names, found.namesakes) == (("wanderer",), ())
        await log.close()

    asyncio.run(run())


def test_a_ban_stays_and_is_told(tmp_path):
    async def run() -> None:
        log = MemoryLog()
        world = await lived(log, ["says"])
        world.do(BOB, GrantOper(verified=True))
        world.do(BOB, Ban("#tea", "Annabel!*@*"))
        world.do(BOB, Ban("#tea", "~account:annabel"))
        world.do(BOB, BanFromServer("annabel"))
        await world.keep()
        found = result_in(await ask(log, requests.Forget("annabel")), requests.TracesFound)
        assert found.bans == ("#tea Annabel!*@*", "#tea ~account:annabel", "annabel!*@*")

    asyncio.run(run())


@pytest.mark.parametrize("content_is_another_s_too", [False, True])
def test_files_go_with_their_contents(tmp_path, content_is_another_s_too):
    async def fill() -> None:
        log = await SqliteLog.open(tmp_path / "chat.db")
        world = await lived(log, ["uploads"])
        if content_is_another_s_too:
            bob = world.engine.chat.people[BOB]
            world.do(SERVER, KeepFile("b" * 26, bob, "text/plain", 1, "f" * 64))
        world.do(BOB, Say("#tea", f"see /files/{FILE}"))
        await world.keep()
        await log.close()

    asyncio.run(fill())
    folder = tmp_path / "chat.db-files"
    folder.mkdir()
    for name in ("f" * 64, "f" * 64 + ".thumb"):
        (folder / name).write_bytes(b"zjx")
    line = line_of(requests.Forget("annabel"))
    found = asyncio.run(carry_out_offline(tmp_path / "chat.db", line))
    assert isinstance(found, requests.TracesFound)
    assert found.files == 1
    assert len(list(folder.iterdir())) == (2 if content_is_another_s_too else 0)
