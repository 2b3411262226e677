"""RENAME (draft/channel-rename), and what those read who do not know it."""

import pytest

SERVER = ":irc.test "
FROM_A = ":a!a@192.0.2.1 "


@pytest.fixture
def two(server):
    """Who knows RENAME, and operates the room, and who does not."""
    a = server.person("a", "#old", caps="draft/channel-rename")
    a.send("TOPIC #old :about")
    return a, server.person("b", "#old")


def test_who_knows_it_reads_one_line(two):
    a, _b = two
    assert a.send("RENAME #OLD #new :for fun") == [FROM_A + "RENAME #old #new :for fun"]


def test_without_a_reason_there_is_an_empty_one(two):
    a, _b = two
    assert a.send("RENAME #old #new") == [FROM_A + "RENAME #old #new :"]


def test_who_does_not_leaves_and_joins(two):
    a, b = two
    a.send("RENAME #old #new :for fun")
    part, join, topic, by, names, end = b.read()
    assert part == ":b!b@192.0.2.1 PART #old :for fun"
    assert join == ":b!b@192.0.2.1 JOIN #new"
    assert topic == SERVER + "332 b #new :about"
    assert by.startswith(SERVER + "333 b #new a ")
    assert names == SERVER + "353 b = #new :@a b"
    assert end == SERVER + "366 b #new :End of /NAMES list"
    b.send("PRIVMSG #new :hi")
    assert a.read() == [":b!b@192.0.2.1 PRIVMSG #new :hi"]


def test_who_asks_without_knowing_it_leaves_and_joins_too(server, two):
    a, b = two
    a.send("MODE #old +o b")
    b.read()
    lines = b.send("RENAME #old #new")
    assert [line.split(" ")[1] for line in lines] == ["PART", "JOIN", "332", "333", "353", "366"]
    assert a.read()[-1] == ":b!b@192.0.2.1 RENAME #old #new :"


def test_times_are_on_each_line(server, two):
    a, _b = two
    c = server.person("c", "#old", caps="server-time")
    a.send("RENAME #old #new")
    assert all(line.startswith("@time=") for line in c.read()[:2])


def test_a_change_of_case_is_nothing_to_who_does_not_know_it(two):
    a, b = two
    assert a.send("RENAME #old #Old") == [FROM_A + "RENAME #old #Old :"]
    assert b.read() == []
    a.send("PRIVMSG #old :hi")
    assert b.read() == [FROM_A + "PRIVMSG #Old :hi"]


def test_an_auditorium_hides_its_members_in_it_too(server, two):
    a, b = two
    c = server.person("c", "#old")
    a.send("MODE #old +u", "RENAME #old #new")
    assert [peer.read()[-2].partition("#new :")[2] for peer in (b, c)] == ["@a b", "@a c"]
    alice = server.person("alice", "#new")
    alice.send("OPER alice secret")
    a.send("MODE #new +h b", "RENAME #new #newer")
    assert [peer.read()[-2].partition("#newer :")[2] for peer in (b, c, alice)] == [
        "@a %b c alice", "@a %b c", "@a %b c alice",
    ]  # fmt: skip


def test_each_is_told_its_own_read_marker(server, two):
    a, b = two
    a.send("CAP REQ :draft/read-marker", "MARKREAD #old timestamp=2020-01-02T03:04:05.678Z")
    b.send("CAP REQ :draft/read-marker")
    c = server.person("c", "#old", caps="draft/read-marker")
    c.send("MARKREAD #old timestamp=2019-01-02T03:04:05.678Z")
    a.send("RENAME #old #new")
    assert SERVER + "MARKREAD #new *" in b.read()
    assert SERVER + "MARKREAD #new timestamp=2019-01-02T03:04:05.678Z" in c.read()


@pytest.mark.parametrize(
    ("who", "line", "answer"),
    [
        (0, "RENAME #old", "461 a RENAME :Not enough parameters"),
        (
            0,
            "RENAME #old #lobby",
            "FAIL RENAME CHANNEL_NAME_IN_USE #old #lobby :The channel name is already taken",
        ),
        (0, "RENAME #old &new", "FAIL RENAME CANNOT_RENAME #old &new :The channel cannot be renamed: "),
        (0, "RENAME #none #new", "403 a #none :No such channel"),
        (1, "RENAME #old #new", "482 b #old :You're not channel operator"),
        (1, "RENAME #lobby #new", "442 b #lobby :You're not on that channel"),
    ],
)
def test_what_is_refused(server, two, who, line, answer):
    server.person("l", "#lobby")
    assert two[who].send(line)[0].startswith(SERVER + answer)


def test_coming_by_the_old_name(server, two):
    a, _b = two
    a.send("RENAME #old #new")
    knows = server.person("k", caps="draft/channel-rename")
    assert knows.send("JOIN #old") == [
        SERVER + "FAIL JOIN CHANNEL_RENAMED #old #new :The channel has been renamed"
    ]
    other = server.person("o")
    first, second, *_ = other.send("JOIN #old")
    assert first == SERVER + "470 o #old #new :The channel has been renamed"
    assert second == ":o!o@192.0.2.1 JOIN #new"


def test_who_is_in_it_and_joins_the_old_name_is_told_the_new_one(two):
    a, b = two
    a.send("RENAME #old #new")
    b.read()
    assert b.send("JOIN #old") == [":irc.test 470 b #old #new :The channel has been renamed"]
    assert a.send("JOIN #old") == [
        ":irc.test FAIL JOIN CHANNEL_RENAMED #old #new :The channel has been renamed"
    ]
    assert b.read() == []
