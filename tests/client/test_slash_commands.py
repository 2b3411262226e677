"""What a typed line asks: over IRC, and where the server takes the commands itself."""

import time
from datetime import UTC, datetime

import pytest

from asyncchat import Client, ClientError, Message
from asyncchat.client.ignored import IgnoredNames
from asyncchat.client.slash_commands import COMMANDS, Leave, obey
from asyncchat.client.terminal_state import TerminalState
from asyncchat.text import slash
from tests.client.scripted import CAPS, Line, Original, Scripted


class Typed:
    """A person at a client, and what they are shown."""

    def __init__(self, chat: Client, **settings) -> None:
        self.told: list[str] = []
        self.recalled: list[str] = []
        self.state = TerminalState(
            chat,
            "#ci",
            self.told.append,
            lambda messages: self.recalled.extend(message.text for message in messages),
            IgnoredNames(),
            **settings,
        )

    def __call__(self, line: str) -> list[str]:
        obey(self.state, line)
        told, self.told[:] = list(self.told), []
        return told


WIDTH = 80
"""Columns of the narrowest terminal that people have."""

SENT = [
    ("hello", "PRIVMSG #ci hello"),
    ("//help is a command", "PRIVMSG #ci :/help is a command"),
    ("/me waves", "PRIVMSG #ci :\x01ACTION waves\x01"),
    ("/msg bob hello there", "PRIVMSG bob :hello there"),
    ("/rooms", "LIST"),
    ("/LIST", "LIST"),
    ("/who bob", "WHOIS bob"),
    ("/nick New Name", "NICK New_Name"),
    ("/topic the news", "TOPIC #ci :the news"),
    ("/topic -", "TOPIC #ci :"),
    ("/owner 7KQ2-M9XD", "OPER owner 7KQ2-M9XD"),
    ("/kick bob too loud", "KICK #ci bob :too loud"),
    ("/ban bob", "MODE #ci +b bob!*@*"),
    ("/ban *@host", "MODE #ci +b *@host"),
    ("/ban", "MODE #ci +b"),
    ("/unban bob", "MODE #ci -b bob!*@*"),
    ("/op bob", "MODE #ci +o bob"),
    ("/deop bob", "MODE #ci -o bob"),
    ("/voice bob", "MODE #ci +v bob"),
    ("/unvoice bob", "MODE #ci -v bob"),
    ("/invite bob", "INVITE bob #ci"),
    ("/accept bob", "ACCEPT bob"),
    ("/clear bob", "PRIVMSG HistServ :CLEAR #ci bob"),
    ("/away lunch", "AWAY lunch"),
    ("/away", "AWAY"),
    ("/back", "AWAY"),
    ("/rule", "MODE #ci"),
    ("/rule +k sesame", "MODE #ci +k sesame"),
    ("/rule moderated on", "MODE #ci +m"),
    ("/rule slow 10", "MODE #ci +W 10"),
    ("/rule slow off", "MODE #ci -W"),
    ("/rule key off", "MODE #ci -k *"),
    ("/owner anna secret words", "OPER anna :secret words"),
    ("/owner off", "MODE me -o"),
    ("/invite", "INVITE"),
    ("/my", "MODE me"),
    ("/my bot on", "MODE me +B"),
    ("/role bob half-operator", "MODE #ci +h bob"),
    ("/role bob voice off", "MODE #ci -v bob"),
    ("/except bob", "MODE #ci +e bob!*@*"),
    ("/unexcept *@host", "MODE #ci -e *@host"),
    ("/guest", "MODE #ci +I"),
    ("/unguest bob", "MODE #ci -I bob!*@*"),
    ("/rename-room builds much better", "RENAME #ci #builds :much better"),
    ("/edits bob", "EDITS #ci bob"),
    ("/invitecode", "INVITECODE #ci 30 1d"),
    ("/invitecode 5 voice 2h", "INVITECODE #ci 5 2h voice"),
    ("/invitecodes", "INVITECODES #ci"),
    ("/uninvite 3", "UNINVITE #ci 3"),
    ("/pin", "PIN #ci"),
    ("/pin e1-7", "PIN #ci e1-7"),
    ("/unpin", "UNPIN #ci"),
    ("/unpin Bob", "UNPIN #ci Bob"),
    ("/knock x", "KNOCK #x"),
    ("/knock #x let me in", "KNOCK #x :let me in"),
    ("/register secret me@example.org", "NS REGISTER secret me@example.org"),
    ("/login secret", "NS IDENTIFY secret"),
    ("/logout", "NS LOGOUT"),
    ("/account bob", "NS INFO bob"),
    ("/passwd other", "NS SET PASSWORD other"),
    ("/unregister secret", "NS DROP secret"),
    ("/regain me secret", "NS REGAIN me secret"),
    ("/stay on", "NS SET ALWAYSON ON"),
    ("/stay", "NS SET ALWAYSON"),
    ("/replay off", "NS SET HISTORY OFF"),
    ("/replay", "NS SET HISTORY"),
    ("/certs", "NS CERT LIST"),
    ("/certs anna", "NS CERT LIST anna"),
    ("/cert add", "NS CERT ADD"),
    ("/cert add AB:CD", "NS CERT ADD AB:CD"),
    ("/cert remove abcd anna", "NS CERT DEL abcd anna"),
    ("/devices", "NS DEVICES"),
    ("/signout 1a2b3c4d", "NS SIGNOUT 1a2b3c4d"),
    ("/signout All", "NS SIGNOUT ALL"),
    ("/devices anna", "NS DEVICES anna"),
    ("/signout all anna", "NS SIGNOUT ALL anna"),
    ("/claim", "CS REGISTER #ci"),
    ("/claim bob", "CS TRANSFER #ci bob"),
    ("/unclaim", "CS DROP #ci"),
    ("/access", "CS FLAGS #ci"),
    ("/access bob voice", "CS FLAGS #ci bob voice"),
    ("/access bob off", "CS FLAGS #ci bob -"),
    ("/kill bob too loud", "KILL bob :too loud"),
    ("/host bob b.example", "CHGHOST bob b.example"),
    ("/serverban", "KLINE"),
    ("/serverban bob", "KLINE bob"),
    ("/serverban bob too loud", "KLINE bob :too loud"),
    ("/serverban bob 1d too loud", "KLINE bob 1d :too loud"),
    ("/serverunban bob", "UNKLINE bob"),
    ("/audit 2h", "AUDIT 2h"),
    ("/announce we stop soon", "WALLOPS :we stop soon"),
    ("/reload", "REHASH"),
    ("/delete e1-7 a typo", "REDACT #ci e1-7 :a typo"),
    ("/raw WHO #ci :last of it", "WHO #ci :last of it"),
    ("/join x", "JOIN #x"),
    ("now there", "PRIVMSG #x :now there"),
    ("/join y sesame", "JOIN #y sesame"),
    ("/room #ci", None),
    ("/part #x done", "PART #x done"),
    ("/part", "PART #ci"),
]


TRIED_ELSEWHERE = {
    *(
        "help",
        "edit",
        "history",
        "ignore",
        "mute",
        "pins",
        "quit",
        "react",
        "reply",
        "search",
        "unignore",
        "unmute",
        "unreact",
    ),
}
"""Commands that take more than one line, or one that depends on the server; they have tests of their own."""


def test_each_command_has_its_line_of_irc():
    words = {line[1:].split()[0] for line, _ in SENT if line.startswith("/") and not line.startswith("//")}
    sent = {COMMANDS[word.lower()].name for word in words}
    assert {command.name for command in COMMANDS.values()} - sent == TRIED_ELSEWHERE


def test_lines_and_what_they_send():
    def script(line: Line) -> None:
        line.welcome()
        line.let_in()
        for _, sent in SENT:
            if sent is not None:
                assert line.read() == sent
                if sent.startswith("PRIVMSG"):
                    line.send(f":me!u@h {sent}")
        line.to_the_end()

    with Scripted(script) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        typed = Typed(chat)
        for line, _ in SENT:
            assert typed(line) == []


@pytest.mark.parametrize(
    ("token", "sent"),
    [("EXTBAN=,mr", "MODE #ci +b m:bob!*@*"), ("CHANMODES=bq,k,l,n", "MODE #ci +q bob!*@*")],
)
def test_each_server_mutes_in_its_way(token, sent):
    def script(line: Line) -> None:
        line.welcome()
        line.send(f":s 005 me {token} :ok")
        line.let_in()
        assert line.read() == sent
        line.to_the_end()

    with Scripted(script) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        assert Typed(chat)("/mute bob") == []


MISUSED = [
    ("/join", "Usage: /join #ROOM [KEY]"),
    ("/join three words here", "Usage: /join #ROOM [KEY]"),
    ("/msg bob", "Usage: /msg NAME TEXT"),
    ("/me", "Usage: /me TEXT"),
    ("/nick", "Usage: /nick NAME"),
    ("/kick", "Usage: /kick NAME [REASON]"),
    ("/op two words", "Usage: /op NAME"),
    ("/unban", "Usage: /unban NAME|MASK"),
    ("/owner", "Usage: /owner CODE|NAME PASSWORD|off"),
    ("/rule slow", "Usage: /rule [RULE on|off|VALUE]"),
    ("/rule moderated", "Usage: /rule [RULE on|off|VALUE]"),
    ("/role bob king", "Usage: /role NAME ROLE [off]"),
    ("/my bot", "Usage: /my [FLAG on|off]"),
    ("/stay here", "Usage: /stay [on|off]"),
    ("/certs two words", "Usage: /certs [NAME]"),
    ("/cert", "Usage: /cert add [SHA256] | remove SHA256 [NAME]"),
    ("/devices two words", "Usage: /devices [NAME]"),
    ("/signout", "Usage: /signout DEVICE|all [NAME]"),
    ("/replay twice", "Usage: /replay [on|off]"),
    ("/claim two words", "Usage: /claim [ACCOUNT]"),
    ("/access bob", "Usage: /access [NAME ROLE|off]"),
    ("/unexcept", "Usage: /unexcept NAME|MASK"),
    ("/knock", "Usage: /knock #ROOM [TEXT]"),
    ("/rename-room", "Usage: /rename-room #NEW [REASON]"),
    ("/logout now", "Usage: /logout"),
    ("/reply bob", "Usage: /reply NAME TEXT"),
    ("/react", "Usage: /react [NAME] EMOJI"),
    ("/invitecode for all", "Usage: /invitecode [USES] [TIME] [ROLE]"),
    ("/uninvite", "Usage: /uninvite NUMBER"),
    ("/pin two words", "Usage: /pin [NAME|ID]"),
    ("/pins now", "Usage: /pins"),
    ("/reply bob yes", "bob has said nothing here that was shown"),
    ("/react 👍", "there is no such message that was shown here"),
    ("/unsay", "you said nothing here that was shown"),
    ("/edit tea", "you said nothing here that was shown"),
    ("/edit", "Usage: /edit TEXT"),
    ("/unsay bob", "bob said nothing here that was shown"),
    ("/raw", "Usage: /raw LINE"),
    ("/unignore", "Usage: /unignore NAME"),
    ("/history yesterday", "Usage: /history [@NAME] [30m|2h|2026-11-22|N]"),
    (
        "/hlp",
        "There is no /hlp. Did you mean /help? /help lists the commands; // sends a line that begins with /.",
    ),
    ("/help me", "/me TEXT\nSays what you do: * NAME waves."),
    ("/help nothing", "There is no /nothing. /help lists the commands; // sends a line that begins with /."),
    ("/who", "in #ci: me, bob"),
    ("/who #elsewhere", "#elsewhere: you are not there"),
    ("/topic", "#ci has no topic"),
    ("/ignore", "You ignore nobody."),
    ("/ignore Bob", "You ignore Bob."),
    ("/ignore", "You ignore Bob."),
    ("/unignore bob", "You ignore nobody."),
    ("/unignore bob", "You ignore nobody."),
]


def in_a_room(line: Line) -> None:
    line.welcome()
    line.let_in()
    line.to_the_end()


def test_lines_and_what_is_told():
    with Scripted(in_a_room) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        typed = Typed(chat)
        for line, told in MISUSED:
            assert typed(line) == told.split("\n")
        shown = typed("/help")
        assert [line for line in shown if len(line) >= WIDTH] == []
        text = " ".join(" ".join(shown).split())
        assert all(f"{word.usage} {word.help}" in text for word in COMMANDS.values())
        with pytest.raises(ClientError, match="can't mute"):
            typed("/mute bob")


def test_each_word_of_a_terminal_is_one_here_too_and_means_the_same():
    for word, row in slash.COMMANDS.items():
        assert word in COMMANDS, f"/{word} is missing"
        assert COMMANDS[word].name == row.name


def test_what_was_shown_is_answered():
    def script(line: Line) -> None:
        line.welcome()
        line.let_in()
        line.send(
            "@msgid=e1-1 :bob!b@h PRIVMSG #ci :first",
            "@msgid=e1-2 :amy!b@h PRIVMSG #ci :second",
            "@msgid=e1-3 :amy!b@h PRIVMSG #other :elsewhere",
            "@msgid=e1-4 :me!u@h PRIVMSG #ci :mine",
        )
        assert line.read() == "@+reply=e1-1;+draft/reply=e1-1 PRIVMSG #ci :bob: yes"
        line.send("@msgid=e1-5 :me!u@h PRIVMSG #ci :bob: yes")
        assert line.read() == "@+reply=e1-2;+draft/reply=e1-2;+draft/react=👍 TAGMSG #ci"
        assert line.read() == "@+reply=e1-1;+draft/reply=e1-1;+draft/unreact=👍 TAGMSG #ci"
        assert line.read() == "REDACT #ci e1-4"
        assert line.read() == "REDACT #ci e1-2 spam"
        line.to_the_end()

    with Scripted(script) as server, Client(server.address, nick="me", rooms=["#ci"], echo=True) as chat:
        typed = Typed(chat)
        heard = 0
        while heard < 4:
            event = chat.receive(20)
            if isinstance(event, Message):
                heard += 1
                typed.state.recent.put(event)
        for line in ("/reply BOB yes", "/react 👍", "/unreact bob 👍", "/unsay", "/delete amy spam"):
            assert typed(line) == []


def test_pins_are_listed_with_their_ids(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()

    def script(line: Line) -> None:
        line.welcome()
        line.let_in()
        assert line.read() == "PINS #ci"
        line.send(
            ":s 786 me #ci e1-1 bob 1793534400 anna 1793534460 :tea at \x1bfive",
            ":s 786 me #ci e1-2 amy 1793534401 anna 1793534462 :",
            ":s 787 me #ci :End of pinned messages",
        )
        assert line.read() == "PINS #ci"
        line.send(":s 787 me #ci :No message is pinned")
        assert line.read() == "PINS #ci"
        line.send(":s 421 me PINS :Unknown command")
        line.to_the_end()

    with Scripted(script) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        typed = Typed(chat)
        assert typed("/pins") == [
            "Pinned in #ci:",
            "  Sun 1 Nov 2026 12:00 UTC bob: tea at \x1bfive [e1-1, pinned by anna]",
            "  Sun 1 Nov 2026 12:00 UTC amy: (no longer in the history) [e1-2, pinned by anna]",
        ]
        assert typed("/pins") == ["No message is pinned in #ci."]
        with pytest.raises(ClientError, match="The pinned messages of #ci can't be read: Unknown command"):
            typed("/pins")


@pytest.mark.parametrize(
    ("line", "reason"), [("exit", ""), ("EXIT", ""), ("/quit", ""), ("/quit so long", "so long")]
)
def test_lines_that_leave(line, reason):
    with Scripted(in_a_room) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        with pytest.raises(Leave) as raised:
            Typed(chat)(line)
        assert raised.value.reason == reason


def page(line: Line, *ids: int) -> None:
    line.send(
        ":s BATCH +b chathistory #ci",
        *(f"@batch=b;msgid=e1-{id} :bob!b@h PRIVMSG #ci {id}" for id in ids),
        ":s BATCH -b",
    )


def found(line: Line, *said: tuple[int, str, str]) -> None:
    """Answers a SEARCH: (second, id, text)."""
    line.send(
        ":s BATCH +f soju.im/search",
        *(
            f"@batch=f;time=2026-11-22T12:00:{second:02}.000Z;msgid={id} :bob!b@h PRIVMSG #ci :{text}"
            for second, id, text in said
        ),
        ":s BATCH -f",
    )


def test_a_search_is_paged_by_times():
    def script(line: Line) -> None:
        line.welcome(f"{CAPS} soju.im/search")
        line.let_in()
        assert line.read() == 'SEARCH text="build"\\s"so\\slong";in=#ci;from=bob;limit=50'
        found(line, *((max(10, second), f"e-{second}", f"n {second}") for second in range(9, 59)))
        assert line.read() == (
            'SEARCH text="build"\\s"so\\slong";in=#ci;from=bob;before=2026-11-22T12:00:10.000Z;limit=52'
        )
        found(line, (8, "e-8", "n 8"), (10, "e-9", "n 9"), (10, "e-10", "n 10"))
        assert line.read() == 'SEARCH text="nowhere";limit=50'
        found(line)
        assert line.read() == 'SEARCH text="x";limit=50'
        line.send(":s FAIL SEARCH INTERNAL_ERROR :The search could not be run")
        assert line.read() == "SEARCH from=bob;limit=50"
        found(line, (1, "e-1", "long ago"))
        line.to_the_end()

    with Scripted(script) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        typed = Typed(chat)
        assert typed('/search build "So  long" in:ci from:bob') == ["more: /search"]
        assert typed.recalled == [f"n {number}" for number in range(9, 59)]
        assert typed("/search") == []
        assert typed.recalled[50:] == ["n 8"]
        assert typed("/search") == [
            "Usage: /search WORDS [from:NAME] [in:#ROOM|with:NAME] [before:DATE] [after:DATE]",
        ]
        assert typed("/search nowhere") == ["nothing found"]
        with pytest.raises(ClientError, match="could not be run"):
            typed("/search x")
        assert typed("/search from:bob after:1h") == ["nothing found"]
        assert typed("/search before:then") == [
            "That is not a date like 2026-11-22 or a time like 30m, 2h or 7d: before:then"
        ]


def test_a_search_that_could_not_look_everywhere_goes_on_from_there():
    def incomplete(line: Line, second: int, why: str) -> None:
        line.send(f":s NOTE SEARCH INCOMPLETE 2026-11-22T12:00:{second:02}.000Z {why} :It is so")

    def script(line: Line) -> None:
        line.welcome(f"{CAPS} soju.im/search")
        line.let_in()
        assert line.read() == 'SEARCH text="x";limit=50'
        incomplete(line, 40, "indexing")
        found(line)
        assert line.read() == 'SEARCH text="x";before=2026-11-22T12:00:40.000Z;limit=50'
        incomplete(line, 30, "timeout")
        found(line, (35, "e-35", "n 35"), (40, "e-40", "n 40"))
        assert line.read() == 'SEARCH text="x";before=2026-11-22T12:00:30.000Z;limit=50'
        incomplete(line, 20, "full")
        found(line, (20, "e-20", "n 20"))
        assert line.read() == 'SEARCH text="x";before=2026-11-22T12:00:20.000Z;limit=51'
        found(line, (10, "e-10", "n 10"), (20, "e-20", "n 20"))
        line.to_the_end()

    with Scripted(script) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        typed = Typed(chat)
        at = datetime(2026, 11, 22, 12, tzinfo=UTC).astimezone()
        moment = f"{at:%a} {at.day} {at:%b %Y %H:%M} {at.tzname()}"
        assert typed("/search x") == [
            f"nothing found back to {moment} (the search's index is being made); further back: /search"
        ]
        assert typed("/search") == [f"nothing more back to {moment}; further back: /search"]
        assert typed("/search") == ["more: /search"]
        assert typed("/search") == []
        assert typed.recalled == ["n 35", "n 40", "n 20", "n 10"]
        assert typed("/search") == [
            "Usage: /search WORDS [from:NAME] [in:#ROOM|with:NAME] [before:DATE] [after:DATE]",
        ]


def test_a_server_without_search():
    with (
        Scripted(in_a_room) as server,
        Client(server.address, nick="me", rooms=["#ci"]) as chat,
        pytest.raises(ClientError, match="this server has no search"),
    ):
        Typed(chat)("/search x")


def test_history_is_paged():
    next_day = datetime(2026, 11, 23).astimezone(UTC)

    def script(line: Line) -> None:
        line.welcome()
        line.let_in()
        assert line.read() == "CHATHISTORY LATEST #ci * 2"  # CHATHISTORY=2 is the server's limit
        page(line, 8, 9)
        assert line.read() == "CHATHISTORY LATEST #ci * 1"
        page(line, 9)
        assert line.read() == "CHATHISTORY BEFORE #ci msgid=e1-9 2"
        page(line)
        assert line.read() == f"CHATHISTORY BEFORE #ci timestamp={next_day:%Y-%m-%dT%H:%M:%S.000Z} 2"
        page(line, 1)
        assert line.read() == "CHATHISTORY LATEST #ci * 2"
        page(line)
        assert line.read() == "CHATHISTORY LATEST bob * 2"
        line.send(":s BATCH +b chathistory bob", ":s BATCH -b")
        line.to_the_end()

    with Scripted(script) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        typed = Typed(chat)
        assert typed("/history") == []
        assert typed("/history 1") == ["more: /history"]
        assert typed("/history") == ["there is nothing more"]
        assert typed("/history 2026-11-22") == []
        assert typed("/history 30m") == ["no messages"]
        assert typed("/history @bob 2h") == ["no messages"]
        assert typed.recalled == ["8", "9", "9", "1"]


def test_original_server_gets_commands_as_they_are():
    with (
        Original() as server,
        Client(server.address, nick="me") as me,
        Client(server.address, nick="bob") as bob,
    ):
        typed = Typed(bob, commands_go_through=True)
        assert typed("/topic news") == []
        typed("//x")
        assert typed("/who") == ["in #ci: me, bob"]
        assert "Other commands go to the server as they are." in typed("/help")
        heard: list[str] = []
        while len(heard) < 2:
            event = me.receive(20)
            heard += (
                [getattr(event, "text", "")]
                if getattr(event, "nick", "") == "bob" and hasattr(event, "text")
                else []
            )
        assert heard == ["/topic news", "//x"]
        with pytest.raises(Leave):
            typed("/quit")
