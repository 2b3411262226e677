import pytest

SERVER = ":irc.test "


def codes(lines):
    return [line.split(" ")[1] for line in lines]


def test_the_greeting(server):
    peer = server.connect()
    assert peer.send("NICK Иван") == []
    lines = peer.send("USER ivan 0 * :Иван Иванов")
    assert codes(lines) == [
        "001",
        "002",
        "003",
        "004",
        "005",
        "005",
        "005",
        "251",
        "255",
        "265",
        "266",
        "422",
    ]
    assert lines[0] == SERVER + "001 Иван :Welcome to irc.test, Иван"
    assert lines[3] == SERVER + "004 Иван irc.test asyncchat-0.1 BRiow CIKMRUWabcefhiklmnoqstuv IWabefhkloqv"
    assert all(len(line.encode()) <= 510 and line.count(" ") < 22 for line in lines)
    assert peer.dialect.entered
    assert server.hub.chat.people[peer.id].origin == "Иван!ivan@192.0.2.1"
    assert server.hub.chat.people[peer.id].realname == "Иван Иванов"


def test_the_message_of_the_day_is_cut_to_lines():
    from tests.dialects.irc.conftest import Server

    peer = Server(motd=("Hello", "", "ж" * 300)).connect()
    lines = peer.send("NICK a", "USER a 0 * :a")[-6:]
    assert codes(lines) == ["375", "372", "372", "372", "372", "376"]
    assert lines[1:3] == [SERVER + "372 a :- Hello", SERVER + "372 a :- "]
    assert "".join(line.partition(":- ")[2] for line in lines[3:5]) == "ж" * 300


def test_user_before_nick(server):
    peer = server.connect()
    assert peer.send("USER a 0 * :a") == []
    assert codes(peer.send("NICK a"))[0] == "001"


def test_the_real_name_is_not_empty(server):
    """Modern IRC, "USER message": a parameter that is empty is one that is missing."""
    peer = server.connect()
    assert peer.send("NICK a", "USER a 0 * :") == [":irc.test 461 * USER :Not enough parameters"]
    assert codes(peer.send("USER a 0 * :A"))[0] == "001"
    assert peer.send("WHOIS a")[0] == SERVER + "311 a a a 192.0.2.1 * :A"


def test_a_refused_nick_keeps_the_rest(server):
    server.person("taken")
    peer = server.connect()
    assert peer.send("NICK Taken", "USER u 0 * :r") == [SERVER + "433 * Taken :Nickname is already in use"]
    assert not peer.dialect.entered
    assert peer.send("NICK #bad") == [SERVER + "432 * #bad :That nickname is not allowed: it begins with #"]
    lines = peer.send("NICK free")
    assert lines[0] == SERVER + "001 free :Welcome to irc.test, free"
    assert server.hub.chat.people[peer.id].user == "u"


def test_a_refused_nick_is_told_once_though_all_came_in_one_chunk(server):
    server.person("taken")
    peer = server.connect()
    assert codes(peer.send("NICK taken", "USER u 0 * :r", "PING x")) == ["433", "PONG"]


def test_a_nick_taken_meanwhile_is_refused_on_entering(server):
    peer = server.connect()
    peer.send("CAP LS 302", "NICK wanted", "USER u 0 * :r")
    server.person("wanted")
    assert peer.send("CAP END") == [SERVER + "433 * wanted :Nickname is already in use"]
    assert codes(peer.send("NICK other"))[0] == "001"


@pytest.mark.parametrize(
    ("user", "seen"),
    [("alice", "alice"), ("Al.ice_1", "Al.ice_1"), ("a!b@c d", "abc"), ("Ж", "user"), ("a" * 40, "a" * 12)],
)
def test_user_names_are_made_safe(server, user, seen):
    peer = server.connect()
    peer.send("NICK n", f"USER {user.split(' ')[0]} 0 * :r")
    assert server.hub.chat.people[peer.id].user == seen


def test_an_address_that_begins_with_a_colon_stays_one_word(server):
    server.person("six", "#r", host="::1")
    peer = server.person("a")
    assert peer.send("WHO #r")[0] == SERVER + "352 a #r six 0::1 irc.test six H@ :0 six Real"
    assert peer.send("WHOIS six")[0] == SERVER + "311 a six six 0::1 * :six Real"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("JOIN #r", "451 * :You have not registered"),
        ("PRIVMSG #r :x", "451 * :You have not registered"),
        ("FOO", "421 * FOO :Unknown command"),
        ("NICK", "431 * :No nickname given"),
        ("NICK :", "431 * :No nickname given"),
        ("USER a 0 *", "461 * USER :Not enough parameters"),
        ("USER", "461 * USER :Not enough parameters"),
        ("USER : 0 * :r", "461 * USER :Not enough parameters"),
        ("PING", "461 * PING :Not enough parameters"),
        ("PING a", "PONG irc.test :a"),
        ("PASS", "461 * PASS :Not enough parameters"),
        ("CAP", "461 * CAP :Not enough parameters"),
    ],
)
def test_before_the_registration(server, line, answer):
    assert server.connect().send(line) == [SERVER + answer]


@pytest.mark.parametrize("line", ["PASS x", "PONG x", "PONG", "CAP END", "ERROR :x", "", "   "])
def test_what_is_not_answered(server, line):
    assert server.connect().send(line) == []


@pytest.mark.parametrize("line", ["PASS x", "USER a 0 * :r"])
def test_no_second_registration(server, line):
    assert server.person("a").send(line) == [SERVER + "462 a :You may not reregister"]


class TestNick:
    def test_everybody_concerned_is_told_once(self, server):
        a = server.person("a", "#r", "#s")
        b = server.person("b", "#r", "#s")
        assert a.send("NICK ä") == [":a!a@192.0.2.1 NICK ä"]
        assert b.read() == [":a!a@192.0.2.1 NICK ä"]
        assert a.send("NICK ä") == []
        assert a.send("FOO") == [SERVER + "421 ä FOO :Unknown command"]

    def test_case_alone(self, server):
        assert server.person("a").send("NICK A") == [":a!a@192.0.2.1 NICK A"]

    def test_refusals(self, server):
        server.person("taken")
        a = server.person("a")
        assert a.send("NICK taken", "NICK a*b", "NICK") == [
            SERVER + "433 a taken :Nickname is already in use",
            SERVER + "432 a a*b :That nickname is not allowed: it has *",
            SERVER + "431 a :No nickname given",
        ]

    def test_who_is_banned_keeps_the_nick(self, server):
        op = server.person("op", "#r")
        a = server.person("a", "#r")
        op.send("MODE #r +b a!*@*")
        a.read()
        assert codes(a.send("NICK b")) == ["435"]


class TestPing:
    @pytest.mark.parametrize(
        ("asked", "token"), [("x", "x"), (":x", "x"), (":a b", "a b"), ("::a", ":a"), ("a b", "a")]
    )
    def test_the_token_comes_back(self, server, asked, token):
        assert server.person("a").send(f"PING {asked}") == [f":irc.test PONG irc.test :{token}"]

    def test_no_token(self, server):
        a = server.person("a")
        assert a.send("PING", "PING :") == [
            SERVER + "461 a PING :Not enough parameters",
            SERVER + "409 a :No origin specified",
        ]

    def test_a_probe_is_a_ping(self, server):
        assert server.person("a").dialect.ping() == b"PING :irc.test\r\n"


class TestQuit:
    def test_others_are_told_and_the_link_is_closed(self, server):
        a = server.person("a", "#r", "#s")
        b = server.person("b", "#r", "#s")
        assert a.send("QUIT :good night") == ["ERROR :Closing link: (a@192.0.2.1) [Quit: good night]"]
        assert b.read() == [":a!a@192.0.2.1 QUIT :Quit: good night"]
        assert a.dialect.closing_bytes("again") == b""

    def test_without_a_reason(self, server):
        a = server.person("a", "#r")
        b = server.person("b", "#r")
        assert a.send("QUIT") == ["ERROR :Closing link: (a@192.0.2.1) [Quit]"]
        assert b.read() == [":a!a@192.0.2.1 QUIT :Quit"]

    def test_before_the_registration(self, server):
        peer = server.connect()
        assert peer.send("QUIT :x") == ["ERROR :Closing link: (*@192.0.2.1) [Quit]"]

    def test_the_servers_own_farewell(self, server):
        assert server.person("a").dialect.closing_bytes("too slow") == (
            b"ERROR :Closing link: (a@192.0.2.1) [too slow]\r\n"
        )


class TestOper:
    def test_with_the_code(self, server):
        a = server.person("a")
        assert a.send("OPER owner 7KQ2-M9XD", "MODE a", "PING x") == [
            SERVER + "381 a :You are now an IRC operator",
            ":a MODE a :+o",
            SERVER + "221 a +o",
            SERVER + "PONG irc.test :x",
        ]

    @pytest.mark.parametrize("line", ["OPER owner wrong", "OPER other 7KQ2-M9XD"])
    def test_with_another(self, server, line):
        assert server.person("a").send(line) == [SERVER + "464 a :Password incorrect"]

    def test_incomplete(self, server):
        assert server.person("a").send("OPER owner") == [SERVER + "461 a OPER :Not enough parameters"]


def test_who_asks_for_it_reads_its_own_source_when_it_is_let_in(server):
    """ircv3-specifications, pull request 603 (draft/whoami): between 005 and 251, as a SETNAME."""
    told = server.connect().send("CAP REQ draft/whoami", "NICK me", "USER u 0 * :My Name", "CAP END")
    at = told.index(":me!u@192.0.2.1 SETNAME :My Name")
    assert [told[at - 1].split(" ")[1], told[at + 1].split(" ")[1]] == ["005", "251"]
    assert not [line for line in server.connect().send("NICK other", "USER u 0 * :O") if "SETNAME" in line]
