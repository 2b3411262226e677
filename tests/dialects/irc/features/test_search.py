"""SEARCH, as https://soju.im/search has it."""

import pytest

from asyncchat.core.features.search import CutShort, NotSearched, SearchPage

SERVER = ":irc.test "
CAPS = "batch server-time message-tags soju.im/search"


@pytest.fixture
def room(server):
    """A reader of two rooms in which things were said, and of a third it is not in."""
    a = server.person("a", "#r", "#s", "#t")
    b = server.person("b", "#r")
    reader = server.person("r", "#r", "#s", caps=CAPS)
    a.send("PRIVMSG #r :Good morning")
    b.send("PRIVMSG #r :good Evening; all")
    a.send("NOTICE #s :good night")
    a.send("PRIVMSG #t :good secret")
    a.send("PRIVMSG #r :Доброе утро", "PRIVMSG #r :\x01ACTION is good\x01")
    reader.read()
    return reader


def said(lines):
    return [line.partition(" :")[2].partition(" :")[2] for line in lines if "BATCH" not in line]


@pytest.mark.parametrize(
    ("attributes", "texts"),
    [
        ("text=morning", ["Good morning"]),
        ("text=GOOD;in=#R", ["Good morning", "good Evening; all", "\x01ACTION is good\x01"]),
        ("text=good;in=#s", ["good night"]),
        ("from=B", ["good Evening; all"]),
        ("from=a;in=#s", ["good night"]),
        ("text=evening\\:", ["good Evening; all"]),
        ("text=all\\sgood", ["good Evening; all"]),
        ('text="evening\\:\\sall"', ["good Evening; all"]),
        ('text="all\\sevening"', []),
        ("text=УТРО", ["Доброе утро"]),
        ("text=good;limit=2", ["good night", "\x01ACTION is good\x01"]),
        ("limit=2", ["Доброе утро", "\x01ACTION is good\x01"]),
        (
            "text=good;after={first}",
            ["Good morning", "good Evening; all", "good night", "\x01ACTION is good\x01"],
        ),
        ("text=good;after={first};limit=1", ["Good morning"]),
        ("text=good;after={second};limit=1", ["good Evening; all"]),
        ("text=good;before={second}", ["Good morning", "good Evening; all"]),
        ("text=good;before={second};limit=1", ["good Evening; all"]),
        ("before=2010-01-01T00:00:00.000Z;in=#r", []),
        ("text=secret", []),
        ("text=nowhere", []),
        (";;text=morning;", ["Good morning"]),
    ],
)
def test_what_is_found(server, room, attributes, texts):
    stamps = [
        f"2023-11-14T22:13:20.{record.time // 1000 % 1000:03d}Z"
        for record in server.hub.records
        if type(record.event).__name__ == "Said"
    ]
    lines = room.send(f"SEARCH {attributes.format(first=stamps[0], second=stamps[1])}", "PING x")
    assert lines[-1] == SERVER + "PONG irc.test :x"
    assert lines[0] == SERVER + "BATCH +s0 soju.im/search"
    assert lines[-2] == SERVER + "BATCH -s0"
    assert said(lines[1:-2]) == texts
    assert all(line.startswith("@batch=s0;time=2023-11-14T22:13:20.") for line in lines[1:-2])
    assert all(";msgid=e1-" in line for line in lines[1:-2])


def test_the_same_id_and_time_as_when_it_was_said(server, room):
    server.hub.peers[1].send("PRIVMSG #r :needle")
    live = room.read()[-1]
    assert room.send("SEARCH text=needle")[1] == live.replace("@", "@batch=s0;", 1)


def test_without_batches_the_lines_come_alone(server, room):
    plain = server.person("p", "#r")
    assert plain.send("SEARCH text=morning") == [":a!a@192.0.2.1 PRIVMSG #r :Good morning"]


def test_each_batch_has_its_own_name(room):
    first, second = (room.send("SEARCH text=morning")[0] for _ in range(2))
    assert first != second


def test_a_nick_is_what_was_written_in_private(server, room):
    other = server.person("o", "#r")
    other.send("PRIVMSG r :a private needle", "PRIVMSG a :not for r: needle")
    room.read()
    lines = room.send("SEARCH in=o;text=needle")
    assert lines[1].endswith(":o!o@192.0.2.1 PRIVMSG r :a private needle")
    assert len(lines) == 3


def test_a_name_that_is_none(server, room):
    told = room.dialect.encode_outcome((NotSearched("x y", None),)).decode()
    assert told == f"{SERVER}FAIL SEARCH INVALID_PARAMS in :There is no such nick\r\n"


WORDS_17 = "\\s".join(f"w{n}" for n in range(17))


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ("words", "words :The attributes are in, from, after, before, text, limit"),
        ("color=red;text=x", "color :The attributes are in, from, after, before, text, limit"),
        (":te xt=1", "te"),
        ("text=", "text :text= takes up to 16 words"),
        ("text", "text :text= takes up to 16 words"),
        ('text="\\s"', "text :text= takes up to 16 words"),
        (f"text={WORDS_17}", "text :text= takes up to 16 words"),
        ("in=;text=x", "in :A channel or what you and somebody wrote to each other is searched"),
        ("from=", "from :from=nick"),
        ("text=x;after=yesterday", "after :A time is written YYYY-MM-DDThh:mm:ss.sssZ"),
        ("text=x;before=2023-02-30T00:00:00.000Z", "before :A time is written"),
        ("text=x;limit=0", "limit :The limit is a number from 1"),
        ("text=x;limit=-1", "limit :The limit is a number from 1"),
        ("text=x;limit=many", "limit :The limit is a number from 1"),
        ("in=#t;text=x", "in :You're not on that channel"),
        ("in=#none", "in :You're not on that channel"),
    ],
)
def test_faults(room, attributes, fault):
    lines = room.send(f"SEARCH {attributes}", "PING x")
    assert len(lines) == 2
    assert lines[0].startswith(f"{SERVER}FAIL SEARCH INVALID_PARAMS {fault}")


def test_no_attributes_at_all(room):
    assert room.send("SEARCH") == [SERVER + "461 r SEARCH :Not enough parameters"]


def test_a_search_that_can_not_be_run(server, room):
    server.hub.searchable = False
    assert room.send("SEARCH text=x", "PING x") == [
        SERVER + "FAIL SEARCH INTERNAL_ERROR :The search could not be run",
        SERVER + "PONG irc.test :x",
    ]


def test_a_search_that_took_too_long_says_so(server, room):
    page = SearchPage((), 3, server.hub.now, None, cut_short=CutShort.TIMEOUT)
    note, *batch = room.dialect.encode_outcome((page,)).decode().split("\r\n")[:-1]
    assert note.startswith(SERVER + "NOTE SEARCH INCOMPLETE 2023-11-14T22:13:20.")
    assert " timeout :It took too long: nothing beyond 2023-11-14T22:13:20." in note
    assert batch == [SERVER + "BATCH +s0 soju.im/search", SERVER + "BATCH -s0"]


@pytest.mark.parametrize(
    ("why", "text"),
    [
        (CutShort.INDEXING, "indexing :The search's index is being made: nothing beyond"),
        (CutShort.FULL, "full :The page is full: nothing beyond"),
    ],
)
def test_a_search_that_could_not_look_everywhere_says_why(server, room, why, text):
    page = SearchPage((), 3, server.hub.now, None, cut_short=why)
    assert text in room.dialect.encode_outcome((page,)).decode()


def test_the_language_of_the_index_means_nothing(server, room):
    server.hub.peers[1].send('PRIVMSG #r :a* OR "b" NEAR(c) -d text:e ^f')
    room.read()
    for words in ("a*", "near(c", "-d", "text:e", "^f", '"b"\\snear'):
        assert len(room.send(f"SEARCH text={words}")) == 3
