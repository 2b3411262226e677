import pytest

SERVER = ":irc.test "
CAPS = "batch server-time message-tags draft/chathistory"


@pytest.fixture
def room(server):
    """A reader of a room in which 1 to 9 were said, with other things between."""
    talker = server.person("a", "#r")
    reader = server.person("r", "#r", caps=CAPS)
    for number in range(1, 10):
        talker.send(f"PRIVMSG #r :{number}")
        talker.send(f"TOPIC #r :{number}")
    reader.read()
    return reader


@pytest.fixture
def ids(server, room):
    """The id of what was said, by its text, and the stamp of it."""
    return {
        record.event.text: (
            f"msgid=e1-{record.number}",
            f"timestamp=2023-11-14T22:13:20.{record.time // 1000 % 1000:03d}Z",
        )
        for record in server.hub.records
        if record.event.__class__.__name__ == "Said"
    }


def said(lines):
    return "".join(line.rpartition(":")[2] for line in lines if "PRIVMSG" in line)


@pytest.mark.parametrize(
    ("asked", "texts", "ended"),
    [
        ("LATEST #R * 3", "789", False),
        ("BEFORE #r {4} 3", "123", True),
        ("AFTER #r {6} 3", "789", True),
        ("latest #r * 100000", "123456789", True),
        ("LATEST #r {7} 10", "89", True),
        ("LATEST #r {3} 2", "89", False),
        ("BEFORE #r {4} 10", "123", True),
        ("BEFORE #r {4} 2", "23", False),
        ("AFTER #r {4} 2", "56", False),
        ("AFTER #r {7} 10", "89", True),
        ("AFTER #r {9} 10", "", True),
        ("BETWEEN #r {2} {6} 10", "345", True),
        ("BETWEEN #r {2} {6} 2", "34", False),
        ("BETWEEN #r {6} {2} 2", "45", False),
        ("AROUND #r {5} 1", "5", False),
        ("AROUND #r {5} 2", "56", False),
        ("AROUND #r {5} 3", "456", False),
        ("AROUND #r {1} 4", "123", False),
        ("AROUND #r {9} 4", "89", False),
    ],
)
@pytest.mark.parametrize("kind", [0, 1])
def test_pages(room, ids, asked, texts, ended, kind):
    """IRCv3 chathistory; the tag draft/chathistory-end: its pull request 598."""
    for text, refs in ids.items():
        asked = asked.replace("{" + text + "}", refs[kind])
    lines = room.send(f"CHATHISTORY {asked}", "PING x")
    assert said(lines) == texts
    assert lines[-1] == SERVER + "PONG irc.test :x"
    assert lines[0] == ("@draft/chathistory-end " if ended else "") + SERVER + "BATCH +h0 chathistory #r"
    assert lines[-2] == SERVER + "BATCH -h0"
    assert all(line.startswith("@batch=h0;time=2023-11-14T22:13:20.") for line in lines[1:-2])
    assert all(";msgid=e1-" in line for line in lines[1:-2])


def test_the_same_id_and_time_as_when_it_was_said(server, room):
    talker = server.hub.peers[1]
    talker.send("PRIVMSG #r :now")
    live = room.read()[-1]
    page = room.send("CHATHISTORY LATEST #r * 1")
    assert page[1] == live.replace("@", "@batch=h0;", 1)


def test_each_batch_has_its_own_name(room):
    first = room.send("CHATHISTORY LATEST #r * 1")[0]
    second = room.send("CHATHISTORY LATEST #r * 1")[0]
    assert first.split(" ")[2] != second.split(" ")[2]


def test_without_capabilities_it_is_plain_lines(server, room):
    plain = server.person("p", "#r")
    assert plain.send("CHATHISTORY LATEST #r * 2", "CHATHISTORY AROUND #r msgid=e1-1 1") == [
        ":a!a@192.0.2.1 PRIVMSG #r :8",
        ":a!a@192.0.2.1 PRIVMSG #r :9",
    ]


def test_a_long_message_has_its_id_on_the_first_line(server, room):
    talker = server.hub.peers[1]
    talker.send("PRIVMSG #r :" + "слово " * 45)
    lines = room.send("CHATHISTORY LATEST #r * 1")[-3:-1]
    assert ";msgid=" in lines[0]
    assert ";msgid=" not in lines[1]
    assert lines[1].startswith("@batch=h0;time=")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("", "INVALID_PARAMS :Insufficient parameters"),
        ("FOO #r * 1", "INVALID_PARAMS FOO :Unknown command"),
        ("LATEST #r *", "INVALID_PARAMS LATEST :Insufficient parameters"),
        ("LATEST #r * 1 2", "INVALID_PARAMS LATEST :Too many parameters"),
        ("LATEST #r * x", "INVALID_PARAMS LATEST x :The limit is a number from 1"),
        ("LATEST #r * 0", "INVALID_PARAMS LATEST 0 :The limit is a number from 1"),
        ("LATEST #r * -1", "INVALID_PARAMS LATEST -1 :The limit is a number from 1"),
        ("AFTER #r foo=1 1", "INVALID_MSGREFTYPE AFTER #r foo=1 :"),
        ("AFTER #r * 1", "INVALID_PARAMS AFTER #r * :"),
        ("AFTER #r timestamp=yesterday 1", "INVALID_PARAMS AFTER #r timestamp=yesterday :"),
        ("AFTER #r timestamp=2023-02-30T00:00:00.000Z 1", "INVALID_PARAMS AFTER #r timestamp=2023-02-30T"),
        ("AFTER #r msgid=never-1 1", "MESSAGE_ERROR AFTER #r msgid=never-1 :There is no such message"),
        ("AFTER #r msgid= 1", "MESSAGE_ERROR AFTER #r msgid= :There is no such message"),
        ("LATEST a * 1", "INVALID_TARGET LATEST a :Messages could not be retrieved"),
        ("LATEST #none * 1", "INVALID_TARGET LATEST #none :Messages could not be retrieved"),
        ("AROUND #none msgid=e1-1 9", "INVALID_TARGET AROUND #none :Messages could not be retrieved"),
        ("TARGETS timestamp=x timestamp=y 1", "INVALID_PARAMS TARGETS timestamp=x :"),
        ("TARGETS msgid=e1-1 msgid=e1-2 1", "INVALID_MSGREFTYPE TARGETS msgid=e1-1 :"),
        ("TARGETS * * 1", "INVALID_PARAMS TARGETS * :"),
        ("TARGETS timestamp=2020-01-01T00:00:00.000Z 1", "INVALID_PARAMS TARGETS :Insufficient parameters"),
    ],
)
def test_faults(room, asked, answer):
    prefix = SERVER if answer[0] == "4" else SERVER + "FAIL CHATHISTORY "
    lines = room.send(f"CHATHISTORY {asked}", "PING x")
    assert len(lines) == 2
    assert lines[0].startswith(prefix + answer)


def test_not_of_a_room_one_is_not_in(server, room):
    out = server.person("o", caps=CAPS)
    assert out.send("CHATHISTORY LATEST #r * 1") == [
        SERVER + "FAIL CHATHISTORY INVALID_TARGET LATEST #r :Messages could not be retrieved"
    ]
