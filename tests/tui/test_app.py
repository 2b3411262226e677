"""The full-screen client on a server, driven by Textual's pilot; another person is a client of the test's."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from textual.events import Key
from textual.widgets import Input

from asyncchat import Client
from asyncchat.client import remembered
from asyncchat.client.remembered import Remembered
from asyncchat.config.options import ServeConfig
from asyncchat.core.fingerprints import shown_fingerprint
from asyncchat.log.memory import MemoryLog
from asyncchat.server.tls import Certificate, self_signed
from asyncchat.tui.app import ChatApp
from asyncchat.tui.chat_screen import ChatScreen
from asyncchat.tui.composer import Composer
from asyncchat.tui.conversation import Conversation, Said
from asyncchat.tui.dialogs import Menu, Results
from asyncchat.tui.join_screen import JoinRequest, JoinScreen
from asyncchat.tui.run import connect
from asyncchat.tui.timeline import Timeline
from tests.client.scripted import Line, Scripted
from tests.server.harness import PATIENCE, ServerThread, serving


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    with ServerThread(ServeConfig(limits=False), MemoryLog()) as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Nothing of the machine's own configuration is read or written."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("NO_COLOR", raising=False)


class Person:
    """The application, and what a person sees and does."""

    def __init__(self, app: ChatApp, pilot) -> None:
        self.app, self.pilot = app, pilot

    @property
    def chat(self) -> ChatScreen:
        assert self.app.chat_screen is not None
        return self.app.chat_screen

    @property
    def screen(self) -> str:
        """What is on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never {what}:\n{self.screen}"
            await self.pilot.pause(0.01)
        await self.pilot.pause()

    async def sees(self, *texts: str) -> None:
        for text in texts:
            await self.until(partial(self._shows, text), f"saw {text!r}")

    def _shows(self, text: str) -> bool:
        return text in self.screen

    async def says(self, text: str) -> None:
        self.chat.query_one(Composer).put(text)
        await self.pilot.press("enter")


def quick(request: JoinRequest) -> Client:
    return connect(Remembered(), request)


@asynccontextmanager
async def joined(
    address: str, nick: str, room: str = "", size: tuple[int, int] = (100, 30), **kept
) -> AsyncIterator[Person]:
    request = JoinRequest(address, nick, (room,) if room else (), is_complete=True)
    app = ChatApp(request, Remembered(**kept), quick)
    async with app.run_test(size=size) as pilot:
        person = Person(app, pilot)
        await person.until(lambda: app.chat_screen is not None and app.focused is not None, "joined")
        try:
            yield person
        finally:
            await asyncio.to_thread(person.chat.link.close, 2.0)


def address_of(server: ServerThread) -> str:
    return f"127.0.0.1:{server.port}"


def test_people_talk_in_rooms(server):
    async def scene() -> None:
        with Client(address_of(server), nick="bob", rooms=["#tea", "#cake"], echo=True) as bob:
            async with joined(address_of(server), "anna", "#tea") as anna:
                await anna.says("hello all")
                await anna.sees("hello all", "anna")
                bob.say("#tea", "anna: welcome\nand sit down")
                await anna.sees("welcome", "and sit down", "#tea")
                # Completion of a name, and of a command.
                await anna.pilot.press("b", "o", "tab")
                assert anna.chat.query_one(Composer).text == "bob: "
                await anna.says("/join #cake")
                await anna.until(lambda: anna.chat.state.current.name == "#cake", "went to #cake")
                bob.say("#tea", "where is anna?")
                bob.say("#tea", "anna!")
                await anna.until(lambda: anna.chat.state.conversation("#tea").calls == 2, "was called")
                await anna.sees("!2")
                await anna.pilot.press("alt+1")
                await anna.sees("new messages", "where is anna?")
                # A private message has a conversation of its own.
                bob.say("anna", "psst")
                await anna.sees("bob", "!1")
                await anna.pilot.press("alt+a")
                await anna.sees("psst", "private")
                await anna.says("what?")
                await asyncio.to_thread(heard, bob, "what?")
                await anna.says("/ignore eve")
                await anna.sees("You ignore eve.")
                await anna.until(lambda: remembered.load().ignored == ["eve"], "remembered it")
                kept = await asyncio.to_thread(remembered.load)
                assert kept.last is not None
                assert (kept.last.nick, sorted(kept.last.rooms)) == ("anna", ["#cake", "#tea"])

    asyncio.run(scene())


def has_more(room: Conversation, known: int) -> bool:
    """Whether a page of the history was read."""
    return room.is_complete or len(room.entries) > known


def heard(chat: Client, text: str):
    """The event of a chat that has this text."""
    while True:
        event = chat.receive(PATIENCE)
        if getattr(event, "text", "") == text:
            return event


def test_what_is_done_with_a_message(server):
    async def scene() -> None:
        with Client(address_of(server), nick="boris", rooms=["#deeds"], echo=True) as bob:
            first = bob.say("#deeds", "tea?").wait()
            bob.react("#deeds", first, "🍵")
            bob.edit("#deeds", first, "tea or coffee?")
            bob.say("#deeds", "anybody?").wait()
            async with joined(address_of(server), "alice", "#deeds") as alice:
                await alice.sees("tea or coffee? (edited)", "🍵 1")
                id = bob.say("#deeds", "tea at five").wait()
                await alice.sees("tea at five")
                await alice.pilot.press("up", "r")
                await alice.sees("Reply to boris: tea at five")
                await alice.pilot.press("o", "k", "enter")
                reply = await asyncio.to_thread(heard, bob, "ok")
                assert reply.reply_to == id
                await alice.sees("┌ boris: tea at five")
                await alice.pilot.press("up", "up", "+")
                await alice.pilot.press("1")
                await alice.sees("👍 1")
                await asyncio.to_thread(bob.edit, "#deeds", id, "tea at four")
                await alice.sees("tea at four (edited)")
                # Our own message can be edited and taken back; a stranger's can't be removed by a guest.
                await alice.pilot.press("escape", "up", "e")
                assert alice.chat.query_one(Composer).text == "ok"
                await alice.says("very well")
                await alice.sees("very well (edited)")
                await alice.pilot.press("up", "d")
                await alice.sees("Take back: very well", "Enter does it, Esc does not.")
                await alice.pilot.press("enter")
                await alice.sees("(taken back by its author)")
                await alice.pilot.press("escape")
                await asyncio.to_thread(bob.typing, "#deeds")
                await alice.sees("boris is typing…")
                await alice.pilot.press("up", "up", "enter")
                await alice.until(lambda: isinstance(alice.app.screen, Menu), "opened a menu")
                assert "Remove" not in alice.screen
                assert "boris…" in alice.screen

    asyncio.run(scene())


def test_keys_typed_ahead_close_only_one_window(server):
    async def scene() -> None:
        app = ChatApp(JoinRequest(address_of(server), "ahead", ("#ahead",)), Remembered(), quick)
        async with app.run_test(size=(80, 24)) as pilot:
            ahead = Person(app, pilot)
            await ahead.sees("Your name")
            for _ in range(2):
                app.post_message(Key("enter", None))
            await ahead.until(lambda: app.chat_screen is not None, "joined")
            await ahead.says("tea at five")
            await ahead.sees("ahead: tea at five")
            await pilot.press("up", "enter")
            await ahead.until(lambda: isinstance(app.screen, Menu), "opened a menu")
            for key in "rrr":
                app.post_message(Key(key, key))
            await ahead.sees("Reply to ahead: tea at five")
            assert app.screen is ahead.chat
            # The list of commands is read from its beginning.
            await ahead.says("/help")
            await ahead.sees("a line that begins with / is a", "/join #ROOM")
            await pilot.press("escape")
            assert app.screen is ahead.chat
            await asyncio.to_thread(ahead.chat.link.close, 2.0)

    asyncio.run(scene())


def test_pinned_messages_are_listed_and_gone_to(server):
    async def scene() -> None:
        async with joined(address_of(server), "petra", "#pins") as petra:
            await petra.pilot.press("f5")
            await petra.sees("No message is pinned in #pins.")
            for text in ("tea at five", "cake too", "bye"):
                await petra.says(text)
                await petra.sees(f"petra: {text}")
            await petra.says("/pin petra")
            await petra.sees("pinned a message of petra: bye")
            first = next(iter(petra.chat.state.current.by_id))
            await petra.says(f"/pin {first}")
            await petra.sees("pinned a message of petra: tea at five")
            assert [pin.text for pin in await asyncio.to_thread(petra.chat.chat.pins, "#pins")] == [
                "bye",
                "tea at five",
            ]
            await petra.says("/pins")
            await petra.sees("Pinned messages", "#pins petra: tea at five (pinned by petra)")
            assert "Pinned messages" in petra.screen
            await petra.pilot.press("enter")
            timeline = petra.chat.query_one(Timeline)
            await petra.until(lambda: timeline.selected is not None, "went to it")
            assert timeline.selected is not None
            assert timeline.selected.message.id == first

    asyncio.run(scene())


def test_operators_have_a_moderation_menu(server):
    async def scene() -> None:
        async with joined(address_of(server), "olga", "#ours", size=(120, 40)) as olga:
            with Client(address_of(server), nick="boris", rooms=["#ours"]) as bob:
                await olga.sees("@olga", " boris")
                bob.say("#ours", "spam")
                await olga.sees("spam")
                await olga.pilot.press("up", "n")
                await olga.sees("Kick…", "Mute for 10 minutes", "Give voice", "Make operator")
                await olga.pilot.press("k")
                await olga.sees("Kick boris", "Enter does it, Esc does not.")
                await olga.pilot.press("escape")
                assert olga.app.screen is olga.chat
                assert "#ours" in bob.rooms
                await olga.pilot.press("n", "k")
                await olga.sees("Kick boris")
                await olga.pilot.press(*"spam", "enter")
                await olga.sees("boris was removed from #ours by olga (spam)")
                assert "#ours" not in bob.rooms

    asyncio.run(scene())


def test_history_is_scrolled_to_its_beginning(server):
    count = 450

    async def scene() -> None:
        with Client(address_of(server), nick="bob", rooms=["#long"]) as bob:
            for number in range(count):
                bob.say("#long", f"line {number}")
            bob.flush()
            async with joined(address_of(server), "anna", "#long") as anna:
                await anna.sees(f"line {count - 1}")
                timeline = anna.chat.query_one(Timeline)
                room = anna.chat.state.current
                assert len(room.by_id) < count
                while not room.is_complete:
                    anna.chat.query_one(Composer).focus()
                    timeline.action_oldest()
                    await anna.until(partial(has_more, room, len(room.entries)), "read")
                texts = [entry.message.text for entry in room.by_id.values()]
                assert sorted(texts) == sorted(f"line {number}" for number in range(count))
                timeline.action_oldest()
                await anna.sees("line 0 ", "scrolled back")
                bob.say("#long", "and one more")
                await anna.sees("1 new below")
                await anna.pilot.press("escape")
                await anna.sees("and one more")
                # A search goes to the message that it found.
                await anna.pilot.press("ctrl+f")
                await anna.until(lambda: isinstance(anna.app.screen, Results), "opened the search")
                await anna.pilot.press(*"line", "space", *"123", "enter")
                await anna.sees("1 found.")
                await anna.pilot.press("enter")
                await anna.until(lambda: timeline.selected is not None, "went to it")
                assert timeline.selected is not None
                assert timeline.selected.message.text == "line 123"
                await anna.sees("line 123", "scrolled back")

    asyncio.run(scene())


def test_a_search_opens_what_is_far_back_and_reads_on_from_there(server):
    count = 500

    async def scene() -> None:
        with Client(address_of(server), nick="bob", rooms=["#far"]) as bob:
            for number in range(count):
                bob.say("#far", f"line {number}")
            bob.flush()
            async with joined(address_of(server), "anna", "#far") as anna:
                await anna.sees(f"line {count - 1}")
                timeline, room = anna.chat.query_one(Timeline), anna.chat.state.current
                await anna.pilot.press("ctrl+f")
                await anna.until(lambda: isinstance(anna.app.screen, Results), "opened the search")
                await anna.pilot.press(*"line", "space", *"123", "enter")
                await anna.sees("1 found.")
                await anna.pilot.press("enter")
                await anna.until(lambda: timeline.selected is not None, "went to it")
                await anna.sees("line 123", "scrolled back")
                assert len(room.by_id) < 300  # not all that lies between
                assert room.gap is not None
                bob.say("#far", "and one more").wait()
                await anna.sees("1 new below")
                # Page by page to the end: what lies between comes in time, each message once.
                while not timeline.is_at_end:
                    await anna.pilot.press("pagedown")
                    await anna.until(lambda: not anna.chat._reading, "read")
                assert room.gap is None
                said = [entry.message.text for entry in room.entries if isinstance(entry, Said)]
                assert said[-1] == "and one more"
                first = int(said[0].split()[1])
                assert said[:-1] == [f"line {number}" for number in range(first, count)]

    asyncio.run(scene())


def test_first_run_asks_and_remembers(server):
    async def scene() -> None:
        app = ChatApp(JoinRequest("127.0.0.1:9", "anna"), Remembered(), quick)
        async with app.run_test(size=(80, 24)) as pilot:
            person = Person(app, pilot)
            await person.sees("Your name")
            assert isinstance(app.screen, JoinScreen)
            await pilot.press("enter")
            await person.sees("Can't reach 127.0.0.1:9")
            app.screen.query_one("#address", Input).value = f"http://{address_of(server)}/#first"
            await pilot.press("enter")
            await person.until(lambda: app.chat_screen is not None, "joined")
            await person.sees("#first")
            await person.until(lambda: remembered.load().last is not None, "remembered")
            await asyncio.to_thread(person.chat.link.close, 2.0)
        kept = remembered.load().last
        assert kept is not None
        assert (kept.address, kept.nick, kept.rooms) == (address_of(server), "anna", ["#first"])

    asyncio.run(scene())


def test_a_certificate_that_nobody_signed_is_trusted_by_joining_once_more(tmp_path):
    file = tmp_path / "server.pem"
    file.write_text(self_signed(["localhost"]))
    certificate = Certificate(file, file)

    async def scene(address: str) -> None:
        app = ChatApp(JoinRequest(address, "anna", is_complete=True), Remembered(), quick)
        async with app.run_test(size=(80, 30)) as pilot:
            person = Person(app, pilot)
            await person.sees(certificate.fingerprint[:20])
            await pilot.press("enter")
            await person.until(lambda: app.chat_screen is not None, "joined")
            await person.until(lambda: remembered.load().last is not None, "remembered")
            await asyncio.to_thread(person.chat.link.close, 2.0)
        kept = remembered.load()
        assert kept.last is not None
        assert shown_fingerprint(kept.last.fingerprint) == certificate.fingerprint
        request = JoinRequest(address, "anna")
        await asyncio.to_thread(lambda: connect(kept, request).close())

    with serving(certificate=certificate) as running:
        asyncio.run(scene(f"ircs://127.0.0.1:{running.port}"))


@pytest.mark.parametrize("size", [(20, 5), (80, 24)])
def test_screens_of_any_size(server, size):
    async def scene() -> None:
        with Client(address_of(server), nick="bob", rooms=["#sizes"]) as bob:
            async with joined(address_of(server), "anna", "#sizes", size=size) as anna:
                text = f"{size}: 三体 👍🏽 " + "e" + "\u0301" * 3000 + " שלום \x1b[31mred\x1b]0;x\x07 end"
                bob.say("#sizes", text)
                await anna.sees("end")
                assert all(line.count("\x1b") == 0 for line in anna.screen.split("\n"))
                for width, height in [(21, 6), (150, 9), (1, 1), (33, 50), size]:
                    await anna.pilot.resize_terminal(width, height)
                await anna.says("still here")
                await anna.sees("still here")

    asyncio.run(scene())


def test_break_leaves_no_gap_and_no_double():
    is_seen = threading.Event()

    def first(line: Line) -> None:
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("CHATHISTORY")
        line.send(":s BATCH +b chathistory #lobby", ":s BATCH -b")
        line.until("PRIVMSG")
        line.send("@msgid=e1-1 :me!u@h PRIVMSG #lobby one", "@msgid=e1-2 :bob!b@h PRIVMSG #lobby two")

    def second(line: Line) -> None:
        assert is_seen.wait(PATIENCE)
        line.welcome(nick="me")
        line.let_in("#lobby")
        line.until("CHATHISTORY AFTER #lobby msgid=e1-2")
        line.send(
            ":s BATCH +b chathistory #lobby",
            "@batch=b;msgid=e1-3 :bob!b@h PRIVMSG #lobby three",
            ":s BATCH -b",
        )
        line.until("PRIVMSG")
        line.send("@msgid=e1-4 :me!u@h PRIVMSG #lobby four")
        line.to_the_end()

    async def scene(address: str) -> None:
        async with joined(address, "me") as me:
            await me.says("one")
            await me.sees("two", "offline")
            await me.says("four")
            is_seen.set()
            await me.sees("connected again", "three", "four")
            texts = [entry.message.text for entry in me.chat.state.current.by_id.values()]
            assert texts == ["one", "two", "three", "four"]

    with Scripted(first, second) as peer:
        asyncio.run(scene(peer.address))


def test_without_colours_there_are_none(server, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    async def scene() -> None:
        async with joined(address_of(server), "anna", "#grey") as anna:
            await anna.says("hello")
            await anna.sees("hello")
            strips = anna.app.screen._compositor.render_strips()
            styles = [segment.style for strip in strips for segment in strip if segment.style]
            assert not [style for style in styles if style.color and not style.color.is_default]

    asyncio.run(scene())


def test_call_rings_and_is_shown_on_the_desktop(server, monkeypatch):
    monkeypatch.setenv("TERM", "foot")
    sent: list[str] = []
    rung: list[int] = []

    async def scene() -> None:
        async with joined(address_of(server), "anna", "#calls") as anna:
            assert anna.app._driver is not None
            monkeypatch.setattr(anna.app._driver, "write", sent.append)
            monkeypatch.setattr(anna.app, "bell", lambda: rung.append(1))  # there is none without a terminal
            with Client(address_of(server), nick="bob", rooms=["#calls"]) as bob:
                bob.say("#calls", "anna: not while she looks")
                await anna.sees("not while she looks")
                anna.app.app_focus = False
                bob.say("#calls", "anna: look")
                await anna.until(lambda: sent, "rang")
        assert "\x1b]777;notify;bob in #calls;anna: look\a" in sent
        assert rung == [1]

    asyncio.run(scene())


def test_rooms_and_members_are_clicked(server):
    async def scene() -> None:
        with Client(address_of(server), nick="bob", rooms=["#mouse"]):
            async with joined(address_of(server), "anna", "#mouse") as anna:
                await anna.says("/join #other")
                await anna.until(lambda: anna.chat.state.current.name == "#other", "went")
                await anna.pilot.click("#rooms", offset=(3, 0))
                await anna.until(lambda: anna.chat.state.current.name == "#mouse", "went back")
                await anna.sees("@bob")
                await anna.pilot.click("#members", offset=(3, 1))
                await anna.until(lambda: isinstance(anna.app.screen, Menu), "opened a menu")

    asyncio.run(scene())


def test_text_is_marked_with_the_mouse_and_copied(server):
    async def scene() -> None:
        async with joined(address_of(server), "anna", "#marks", size=(60, 12)) as anna:
            text = "the tea 茶 is at five, and those who come later get " + "x" * 40
            await anna.says(text)
            await anna.sees("the tea")
            timeline, pilot = anna.chat.query_one(Timeline), anna.pilot
            top = next(y for y in range(12) if "the tea" in timeline.render_line(y).text)
            first = timeline.render_line(top).text
            column = 1 + first.index("tea")  # behind the padding
            await pilot.mouse_down(Timeline, offset=(column, top))
            await pilot.hover(Timeline, offset=(column + 4, top))
            await pilot.mouse_up(Timeline, offset=(column + 4, top))
            marked = timeline.get_component_rich_style("timeline--marked").bgcolor
            strip = timeline.render_line(top)
            assert "".join(s.text for s in strip if s.style and s.style.bgcolor == marked) == "tea 茶"
            await pilot.press("ctrl+c")
            assert anna.app.clipboard == "tea 茶"
            # Marking is no click: no message is selected, and no menu opened by a second one.
            assert timeline.selected is None
            assert anna.app.screen is anna.chat
            await pilot.mouse_down(Timeline, offset=(column, top))
            await pilot.hover(Timeline, offset=(20, top + 1))
            await pilot.mouse_up(Timeline, offset=(20, top + 1))
            await pilot.press("ctrl+c")
            one, two = anna.app.clipboard.split("\n")
            assert one == first[column - 1 :].strip()
            assert two in text
            await pilot.mouse_down(Timeline, offset=(column, top))
            await pilot.hover(Timeline, offset=(column + 2, top))
            await pilot.mouse_up(Timeline, offset=(column + 2, top))
            assert anna.chat.selections
            await pilot.press("escape")
            assert not anna.chat.selections
            await pilot.click(Timeline, offset=(column, top))
            assert timeline.selected is not None

    asyncio.run(scene())
