"""What a typed line asks: over IRC, and where the server takes the commands itself."""

from datetime import UTC, datetime

import pytest

from asyncchat import Client, ClientError
from asyncchat.client.words import WORDS, Leave, Talk, obey
from tests.client.scripted import CAPS, Line, Original, Scripted


class Typed:
    """A person at a client, and what they are shown."""

    def __init__(self, chat: Client, **settings) -> None:
        self.told: list[str] = []
        self.recalled: list[str] = []
        self.talk = Talk(
            chat,
            "#ci",
            self.told.append,
            lambda messages: self.recalled.extend(message.text for message in messages),
            {},
            **settings,
        )

    def __call__(self, line: str) -> list[str]:
        obey(self.talk, line)
        told, self.told[:] = list(self.told), []
        return told


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
    ("/clear bob", "PRIVMSG HistServ :CLEAR #ci bob"),
    ("/away lunch", "AWAY lunch"),
    ("/away", "AWAY"),
    ("/rule", "MODE #ci"),
    ("/rule +k sesame", "MODE #ci +k sesame"),
    ("/raw WHO #ci :last of it", "WHO #ci :last of it"),
    ("/join x", "JOIN #x"),
    ("now there", "PRIVMSG #x :now there"),
    ("/join y sesame", "JOIN #y sesame"),
    ("/room #ci", None),
    ("/part #x done", "PART #x done"),
    ("/part", "PART #ci"),
]


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
    ("/join", "usage: /join #ROOM [KEY]"),
    ("/join three words here", "usage: /join #ROOM [KEY]"),
    ("/msg bob", "usage: /msg NAME TEXT"),
    ("/me", "usage: /me TEXT"),
    ("/nick", "usage: /nick NAME"),
    ("/kick", "usage: /kick NAME [REASON]"),
    ("/op two words", "usage: /op NAME"),
    ("/unban", "usage: /unban NAME|MASK"),
    ("/owner", "usage: /owner CODE"),
    ("/raw", "usage: /raw LINE"),
    ("/unignore", "usage: /unignore NAME"),
    ("/history yesterday", "usage: /history [@NAME] [30m|2h|2026-11-22|N]"),
    (
        "/hlp",
        "there is no /hlp. Did you mean /help? /help lists the commands; // says a line that begins with /",
    ),
    ("/help me", "/me TEXT: Tells what you do: * NAME waves."),
    ("/help nothing", "there is no /nothing"),
    ("/who", "in #ci: me, bob"),
    ("/who #elsewhere", "#elsewhere: you are not there"),
    ("/topic", "#ci has no topic"),
    ("/ignore", "you ignore nobody"),
    ("/ignore Bob", "you see nothing more from Bob; /unignore Bob ends that"),
    ("/ignore", "you ignore Bob"),
    ("/unignore bob", "you see bob again"),
    ("/unignore bob", "you do not ignore bob"),
]


def in_a_room(line: Line) -> None:
    line.welcome()
    line.let_in()
    line.to_the_end()


def test_lines_and_what_is_told():
    with Scripted(in_a_room) as server, Client(server.address, nick="me", rooms=["#ci"]) as chat:
        typed = Typed(chat)
        for line, told in MISUSED:
            assert typed(line) == [told]
        text = "\n".join(typed("/help"))
        assert all(f"/{word.word} " in text for word in WORDS.values())
        with pytest.raises(ClientError, match="can't mute"):
            typed("/mute bob")


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
            "usage: /search WORDS [from:NAME] [in:#ROOM|with:NAME] [before:DATE] [after:DATE]",
        ]
        assert typed("/search nowhere") == ["nothing was found"]
        with pytest.raises(ClientError, match="could not be run"):
            typed("/search x")
        assert typed("/search from:bob after:1h") == ["nothing was found"]
        assert typed("/search before:then") == [
            "That is no date like 2026-11-22, nor a time like 30m, 2h or 7d: before:then"
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
        assert typed("/history 30m") == ["nothing was said"]
        assert typed("/history @bob 2h") == ["nothing was said"]
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
        assert "other commands go to the server as they are" in typed("/help")
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
