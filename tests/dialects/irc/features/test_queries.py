import pytest

from asyncchat.core.features.gateways import ConnectedFor

SERVER = ":irc.test "


@pytest.fixture
def people(server):
    a = server.person("a", "#r")
    server.person("b", "#r", "#s").send("AWAY :gone")
    a.read()
    return a


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (
            "WHO #R",
            [
                "352 a #r a 192.0.2.1 irc.test a H@ :0 a Real",
                "352 a #r b 192.0.2.1 irc.test b G :0 b Real",
                "315 a #R :End of /WHO list",
            ],
        ),
        ("WHO b", ["352 a #r b 192.0.2.1 irc.test b G :0 b Real", "315 a b :End of /WHO list"]),
        ("WHO b*", ["352 a #r b 192.0.2.1 irc.test b G :0 b Real", "315 a b* :End of /WHO list"]),
        ("WHO none", ["315 a none :End of /WHO list"]),
        ("WHO #none", ["315 a #none :End of /WHO list"]),
        ("WHO #r o", ["315 a #r :End of /WHO list"]),
        (
            "WHOIS B",
            [
                "311 a b b 192.0.2.1 * :b Real",
                "319 a b :#r @#s",
                "312 a b irc.test :asyncchat-0.1",
                "301 a b :gone",
                "317 a b 0 1700000000 :seconds idle, signon time",
                "318 a B :End of /WHOIS list",
            ],
        ),
        ("WHOIS none", ["401 a none :No such nick/channel", "318 a none :End of /WHOIS list"]),
        ("WHOIS irc.test none", ["401 a none :No such nick/channel", "318 a none :End of /WHOIS list"]),
        ("WHOIS", ["431 a :No nickname given"]),
        ("WHOIS ,", ["431 a :No nickname given"]),
        ("USERHOST a b none", ["302 a :a=+a@192.0.2.1 b=-b@192.0.2.1"]),
        ("USERHOST none", ["302 a :"]),
        ("USERHOST", ["461 a USERHOST :Not enough parameters"]),
        ("ISON A none b", ["303 a :a b"]),
        ("ISON :a none b", ["303 a :a b"]),
        ("ISON", ["461 a ISON :Not enough parameters"]),
        ("MOTD", ["422 a :There is no message of the day"]),
        ("MOTD *.test", ["422 a :There is no message of the day"]),
        ("MOTD other", ["402 a other :No such server"]),
        ("VERSION other", ["402 a other :No such server"]),
        ("TIME other", ["402 a other :No such server"]),
        ("INFO other", ["402 a other :No such server"]),
        ("TIME", ["391 a irc.test :Tuesday November 14 2023 -- 22:13:20 UTC"]),
        (
            "INFO",
            [
                "371 a :asyncchat-0.1, a chat for any client",
                "371 a :Running since 2023-11-14 22:13:20 UTC",
                "371 a :What is said is kept, private messages too",
                "374 a :End of /INFO list",
            ],
        ),
        (
            "LUSERS",
            [
                "251 a :There are 2 users and 0 invisible on 1 servers",
                "254 a 2 :channels formed",
                "255 a :I have 2 clients and 0 servers",
                "265 a 2 2 :Current local users 2, max 2",
                "266 a 2 2 :Current global users 2, max 2",
            ],
        ),
    ],
)
def test_answers(people, sent, answers):
    assert people.send(sent) == [SERVER + line for line in answers]


def test_who_without_a_mask_lists_all(people):
    assert [len(people.send(sent)) for sent in ("WHO", "WHO *", "WHO 0")] == [3, 3, 3]


def test_an_operator_is_marked(people):
    people.send("OPER owner 7KQ2-M9XD")
    assert people.send("WHO 0 o") == [
        SERVER + "352 a #r a 192.0.2.1 irc.test a H*@ :0 a Real",
        SERVER + "315 a 0 :End of /WHO list",
    ]
    assert SERVER + "313 a a :is an IRC operator" in people.send("WHOIS a")
    assert people.send("USERHOST a") == [SERVER + "302 a :a*=+a@192.0.2.1"]
    assert SERVER + "252 a 1 :operator(s) online" in people.send("LUSERS")


def test_an_encrypted_connection_and_its_certificate(server, people):
    c = server.person("c", tls="ab" * 32)
    secure = SERVER + "671 {} c :is using a secure connection"
    shown = SERVER + "276 {} c :has client certificate fingerprint " + "ab" * 32
    assert [line for line in people.send("WHOIS c") if line.split()[1] in ("671", "276")] == [
        secure.format("a")
    ]
    people.send("OPER owner 7KQ2-M9XD")
    for peer, nick in ((people, "a"), (c, "c")):
        lines = peer.send("WHOIS c")
        assert secure.format(nick) in lines
        assert shown.format(nick) in lines
    assert not any(" 671 " in line for line in people.send("WHOIS b"))


def test_version_says_005_too(people):
    lines = people.send("VERSION")
    assert lines[0].startswith(SERVER + "351 a asyncchat-0.1 irc.test :")
    assert [line.split(" ")[1] for line in lines[1:]] == ["005"] * 3


def test_rooms_of_a_whois_are_several_lines(server):
    a = server.person("a", ",".join(f"#{'ж' * 20}{number}" for number in range(10)))
    a.send("JOIN " + ",".join(f"#{'ы' * 20}{number}" for number in range(10)))
    lines = a.send("WHOIS a")
    assert all(len(line.encode()) <= 510 for line in lines)
    assert sum(line.count("#") for line in lines if " 319 " in line) == 20


def test_several_and_where(people):
    assert [line.split(" ")[1] for line in people.send("WHOIS a,b")].count("311") == 2
    assert people.send("WHOIS a,b")[-1] == SERVER + "318 a a,b :End of /WHOIS list"
    for server in ("irc.test", "*.test", "b", "a"):
        lines = people.send(f"WHOIS {server} b")
        assert lines[0].startswith(SERVER + "311 a b ")
        assert lines[-1] == SERVER + "318 a b :End of /WHOIS list"
    assert people.send("WHOIS other.test b") == [SERVER + "402 a other.test :No such server"]
    assert people.send("WHOIS zoe b") == [
        SERVER + "402 a zoe :No such server",
        SERVER + "318 a b :End of /WHOIS list",
    ]


def test_where_from_is_told_to_oneself_and_the_owner(people):
    host = SERVER + "378 a {} :is connecting from {}@192.0.2.1 192.0.2.1"
    actually = SERVER + "338 a {} 192.0.2.1 :Is actually using host"
    assert actually.format("a") in people.send("WHOIS a")
    assert host.format("a", "a") in people.send("WHOIS a")
    assert actually.format("b") not in people.send("WHOIS b")
    people.send("MODE a +wi")
    assert SERVER + "379 a a :is using modes +iw" in people.send("WHOIS a")
    people.send("OPER owner 7KQ2-M9XD")
    assert SERVER + "379 a a :is using modes +iwo" in people.send("WHOIS a")
    assert actually.format("b") in people.send("WHOIS b")


def test_by_which_gateway_is_told_to_oneself_and_the_owner(server):
    one = server.connect()
    one.sent += one.dialect.encode_outcome(
        (ConnectedFor("192.0.2.1", private=True, secure=False, gateway="kiwi"),)
    )
    one.send("NICK a", "USER a 0 * :Real")
    other = server.person("b")
    told = SERVER + "350 {} a 192.0.2.1 192.0.2.1 :is connected via the kiwi WebIRC gateway"
    assert told.format("a") in one.send("WHOIS a")
    assert told.format("b") not in other.send("WHOIS a")
    other.send("OPER owner 7KQ2-M9XD")
    assert told.format("b") in other.send("WHOIS a")


def test_who_was_here(server):
    a, b = server.person("a"), server.person("b")
    b.send("NICK c", "NICK B", "QUIT :bye")
    server.person("B").send("QUIT")
    was = [
        SERVER + "314 a B b 192.0.2.1 * :{} Real",
        SERVER + "312 a B irc.test :Tue Nov 14 2023 22:13:20 UTC",
    ]
    end = SERVER + "369 a b :End of WHOWAS"
    first, second = [was[0].format("B"), was[1]], [was[0].format("b"), was[1]]
    third = [line.replace(" a B ", " a b ") for line in second]
    assert a.send("WHOWAS b") == [*first, *second, *third, end]
    assert a.send("WHOWAS b 1") == [*first, end]
    assert a.send("WHOWAS b 2 irc.test") == [*first, *second, end]
    for all_of_them in ("0", "-1", "many"):
        assert len(a.send(f"WHOWAS b {all_of_them}")) == 7
    assert a.send("WHOWAS c")[0].startswith(SERVER + "314 a c b ")


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        ("WHOWAS", ["461 a WHOWAS :Not enough parameters"]),
        ("WHOWAS ,", ["431 a :No nickname given"]),
        ("WHOWAS b", ["406 a b :There was no such nickname", "369 a b :End of WHOWAS"]),
        ("WHOWAS b 1 other", ["402 a other :No such server"]),
    ],
)
def test_who_was_not(people, sent, answers):
    assert people.send(sent) == [SERVER + line for line in answers]
