import pytest

SERVER = ":irc.test "


@pytest.fixture
def a(server):
    a = server.person("a", "#r", host="192.0.2.1")
    server.person("b", "#r", host="192.0.2.77").send("AWAY :gone")
    a.read()
    return a


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        ("WHO b %tcuihsnfdlaor,42", ["42 #r b 255.255.255.255 192.0.2.77 irc.test b G 0 0 0 n/a :b Real"]),
        ("WHO b %roaldfnshiuct,42", ["42 #r b 255.255.255.255 192.0.2.77 irc.test b G 0 0 0 n/a :b Real"]),
        ("WHO b %cuhnar", ["#r b 192.0.2.77 b 0 :b Real"]),
        ("WHO #r %afnt,7", ["7 a H@ 0", "7 b G 0"]),
        ("WHO b %nt", ["0 b"]),
        ("WHO b %nt,1234", ["0 b"]),
        ("WHO b %nt,x", ["0 b"]),
        ("WHO b %nzé", ["b"]),
        ("WHO b o%n", []),
        ("WHO b %", []),
        ("WHO b %zz,1", []),
        ("WHO none %n", []),
        ("WHO irc.test %n", ["a", "b"]),
        ("WHO 192.0.2.7* h%n", ["b"]),
        ("WHO 192.0.2.7* n%n", []),
        ("WHO B?Real %n", ["b"]),
        ("WHO B?Real r%n", ["b"]),
        ("WHO *!b@* %n", ["b"]),
    ],
)
def test_fields(a, sent, answers):
    mask = sent.split(" ")[1]
    assert a.send(sent) == [
        *(SERVER + f"354 a {line}" for line in answers),
        SERVER + f"315 a {mask} :End of /WHO list",
    ]


@pytest.mark.parametrize("sent", ["WHO b", "WHO b x", "WHO b n"])
def test_without_whox(a, sent):
    assert a.send(sent) == [
        SERVER + "352 a #r b 192.0.2.77 irc.test b G :0 b Real",
        SERVER + "315 a b :End of /WHO list",
    ]


def test_idle_is_since_the_last_text(a, server):
    server.hub.now += 90_000_000
    assert a.send("WHO a %l")[0] == SERVER + "354 a 90"
    a.send("PING x", "PRIVMSG #r :hi")
    server.hub.now += 30_000_000
    assert a.send("WHO a %l")[0] == SERVER + "354 a 30"
    a.send("PRIVMSG b :hi")
    assert a.send("WHO a %l")[0] == SERVER + "354 a 0"


def test_who_is_in_no_room(server):
    assert server.person("x").send("WHO x %cn")[0] == SERVER + "354 x * x"
