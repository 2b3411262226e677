"""The dialogue, as the person at the terminal sees it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.commands import DialectReply
from asyncchat.core.features.connect import Connect, NameTaken, Quit
from asyncchat.core.features.history import ReadHistory
from asyncchat.core.features.messages import Say, Speech
from asyncchat.core.replies import StorageDown
from asyncchat.dialects.plain.dialect import LINE_BYTES, Plain
from tests.dialects.driver import CODE, server_info
from tests.dialects.plain_driver import World


@pytest.fixture
def world():
    return World()


# The original's dialogue (seed/server.py).


def test_the_originals_dialogue(world):
    assert world.plain.greeting() == b"Welcome! Enter your name or nickname: "
    anna, bob, carol = world.connect(), world.connect(), world.connect()
    assert anna.type("Anna") == "Hello, Anna!\n"
    assert bob.type("Bob") == "Hello, Bob! Anna, Bob are in the chat\n"
    assert anna.take() == "Bob is online\n"
    assert carol.type("Carol") == "Hello, Carol! Anna, Bob, Carol are in the chat\n"
    assert anna.type("hi all") == "Carol is online\n"
    assert bob.take() == "Carol is online\nAnna: hi all\n"
    assert carol.take() == "Anna: hi all\n"
    assert bob.type("exit") == ""
    assert anna.take() == "Bob left chat\n"


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("anna", "anna"),
        ("  anna ", "anna"),
        ("Anna Maria", "Anna_Maria"),
        ("Иван", "Иван"),
        ("\ufeffanna", "anna"),
        ("an\x1b[Dna", "anna"),
        ("anma\x7f\x7fna", "anna"),
    ],
)
def test_a_name_as_typed(world, typed, name):
    assert world.connect().type(typed) == f"Hello, {name}!\n"


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("", "That name is not allowed: it is empty. Enter another name: "),
        ("ANNA", "ANNA is already in use. Enter another name: "),
        ("a,b", "That name is not allowed: it has a comma. Enter another name: "),
        ("#x", "That name is not allowed: it begins with #. Enter another name: "),
        ("x" * 33, "That name is not allowed: it is longer than 32 letters. Enter another name: "),
        (
            "x" * (LINE_BYTES + 1),
            f"Not sent: the line is longer than {LINE_BYTES:,} bytes. Enter another name: ",
        ),
    ],
)
def test_a_refused_name_is_asked_again(world, typed, answer):
    world.person("anna")
    bob = world.connect()
    assert bob.type(typed) == answer
    assert not bob.dialect.entered
    assert bob.type("bob") == "Hello, bob! anna, bob are in the chat\n"


def test_a_name_that_is_not_utf8_is_asked_again(world):
    assert world.connect().put(b"an\xfena\n") == "Not sent: the line is not UTF-8. Enter another name: "


@pytest.mark.parametrize("typed", ["exit", "EXIT", "/quit"])
def test_leaving_without_a_name(world, typed):
    seat = world.connect()
    assert seat.type(typed) == ""
    assert seat.gone
    assert world.records == []


def test_everything_in_one_piece(world):
    world.person("anna")
    bob = world.connect()
    assert bob.type("anna", "bob", "one", "two", "/who").startswith(
        "anna is already in use. Enter another name: "
    )
    assert world.peers[1].take() == "bob is online\nbob: one\nbob: two\n"


def test_paused_until_the_name_is_decided(world):
    dialect = world.plain.dialect(1, "h")
    (command,) = dialect.receive_data(b"anna\nhello\n")
    assert command == Connect("anna", "plain", "h", rooms=("#lobby",))
    assert dialect.awaits(command)
    assert dialect.backlog == 6
    assert dialect.receive_data(b"more\n") == []


def test_a_long_list_of_names_is_cut_and_says_so(world):
    for number in range(150):
        world.connect().type(f"p{number}")
    (greeting,) = world.connect().type("zoe").splitlines()
    assert greeting.startswith("Hello, zoe! p0, p1, p2, ")
    assert greeting.endswith(", p99, 50 others, zoe are in the chat")


def test_the_operator_of_the_server_may_greet(world):
    world.plain = Plain(server_info(motd=("Be kind.", "Or else.")))
    assert world.connect().type("anna") == "Hello, anna!\nBe kind.\nOr else.\n"


def test_a_topic_of_the_lobby_is_shown(world):
    anna = world.person("anna")
    anna.type(f"/owner {CODE}", "/topic Cats only")
    assert world.connect().type("bob") == "Hello, bob! anna, bob are in the chat\nThe topic is: Cats only\n"


def test_who_is_banned_from_the_lobby_hears_it(world):
    world.person("anna").type(f"/owner {CODE}", "/ban *!*@6.6.6.6")
    assert world.connect("6.6.6.6").type("bob") == "Hello, bob!\nYou are banned from the lobby.\n"


# Lines.


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("hi", "hi"),
        ("  hi  ", "  hi  "),
        ("//help", "/help"),
        ("//", "/"),
        ("//exit", "exit"),
        ("//Exit", "Exit"),
        ("///exit", "//exit"),
        ("exit now", "exit now"),
        (" exit", " exit"),
        ("a\x08b", "b"),
        ("a\x07b", "ab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x0304,12bold\x02", "bold"),
        ("a\tb", "a b"),
        ("x\u202ey", "xy"),
        ("x" * LINE_BYTES, "x" * LINE_BYTES),
    ],
)
def test_a_line_is_a_message(world, line, text):
    anna = world.person("anna")
    bob = world.person("bob")
    assert anna.type(line) == ""
    assert bob.take() == f"anna: {text}\n"


@pytest.mark.parametrize("line", ["", " ", "\t", "\x07", "\ufeff"])
def test_an_empty_line_says_nothing(world, line):
    anna = world.person("anna")
    assert anna.type(line) == ""
    assert type(anna.asked[-1]) is ReadHistory


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"caf\xe9\n", "Not sent: the line is not UTF-8.\n"),
        (b"x" * (LINE_BYTES + 1) + b"\n", "Not sent: the line is longer than 8,192 bytes.\n"),
    ],
)
def test_a_bad_line_is_refused_and_not_relayed(world, raw, answer):
    anna, bob = world.person("anna"), world.person("bob")
    assert anna.put(raw + b"ok\n") == answer
    assert bob.take() == "anna: ok\n"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\0"])
@pytest.mark.parametrize("at", [0, 3, 6, 7, 8])
def test_line_ends(world, end, at):
    anna, bob = world.person("anna"), world.person("bob")
    wire = b"one" + end + b"two" + end
    anna.put(wire[:at])
    anna.put(wire[at:])
    assert bob.take() == "anna: one\nanna: two\n"


def test_telnet_is_skipped_and_gets_cr_lf(world):
    anna, bob = world.connect(), world.connect()
    assert anna.put(b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0anna\r\n") == "Hello, anna!\r\n"
    bob.type("bob")
    assert anna.take() == "bob is online\r\n"
    anna.put(b"a\xff\xf1b\r\n")
    assert bob.take() == "anna: ab\n"


# The end.


def test_a_pipe_without_a_last_newline(world):
    anna = world.person("anna")
    ci = world.connect()
    assert ci.put(b"ci\nbuild 42 failed") == "Hello, ci! anna, ci are in the chat\n"
    assert ci.end() == ""
    assert ci.gone
    assert anna.take() == "ci is online\nci: build 42 failed\nci left chat\n"


def test_a_pipe_with_a_name_only(world):
    ci = world.connect()
    ci.put(b"ci")
    ci.end()
    assert [type(command) for command in ci.asked] == [Connect, Quit]
    assert ci.take() == ""


def test_the_end_behind_an_unfinished_command():
    world = World()
    anna = world.person("anna")
    anna.put(b"/who")
    assert anna.end() == "In the lobby (1): anna\n"
    assert anna.gone


def test_the_end_behind_an_unfinished_gate():
    world = World()
    anna = world.person("anna")
    anna.type("hi")
    anna.put(b"/history")
    assert anna.end().endswith("21:00 anna: hi\n")
    assert anna.gone


def test_the_end_while_a_name_is_being_decided(world):
    dialect = world.plain.dialect(1, "h")
    dialect.receive_data(b"ci\nhello\n")
    assert dialect.receive_eof() == []
    assert dialect.backlog
    dialect.encode_outcome((NameTaken("ci", 2),))
    assert dialect.receive_data(b"") == [Connect("hello", "plain", "h", rooms=("#lobby",))]
    dialect.encode_outcome((NameTaken("hello", 2),))
    assert dialect.receive_data(b"") == [Quit()]
    assert dialect.backlog == 0
    assert dialect.receive_data(b"x\n") == []


def test_the_end_behind_more_than_one_turn(world):
    dialect = world.plain.dialect(1, "h")
    dialect.entered = True
    dialect.receive_data(b"a\nb\nc\nd", 2)
    given = dialect.receive_eof()
    while dialect.backlog:
        given += dialect.receive_data(b"", 2)
    assert given == [Say("#lobby", "c"), Say("#lobby", "d"), Quit()]


def test_nothing_is_read_behind_a_quit(world):
    anna, bob = world.person("anna"), world.person("bob")
    anna.type("bye", "/quit so long", "ghost")
    assert bob.take() == "anna: bye\nanna left chat (so long)\n"


def test_at_most_so_many_commands_a_turn(world):
    dialect = world.plain.dialect(1, "h")
    dialect.entered = True
    assert len(dialect.receive_data(b"x\n" * 100)) == 64
    assert dialect.backlog == 72
    assert len(dialect.receive_data(b"", 10)) == 10
    assert len(dialect.receive_data(b"", 64)) == 26
    assert dialect.backlog == 0


def test_the_servers_last_words(world):
    anna = world.connect()
    assert anna.dialect.closing_bytes("no name in time") == b"\nno name in time\n"
    anna.type("anna")
    assert anna.dialect.closing_bytes("The server stops.") == b"The server stops.\n"
    assert anna.dialect.ping() == b""


# Rooms.


def test_rooms(world):
    anna, bob = world.person("anna"), world.person("bob")
    assert anna.type("/join tea") == "What you type goes to #tea now. Nobody else is here.\n"
    assert bob.type("hi") == ""
    assert anna.type("in tea") == "bob: hi\n"
    assert bob.type("/join #TEA", "and I") == (
        "What you type goes to #tea now. Also here: anna.\n"
        "-- Sun 22 Nov 2026 (UTC) --\n21:00 [#tea] anna: in tea\n"
    )
    assert anna.take() == "[#tea] bob joined\n[#tea] bob: and I\n"
    assert bob.type("/part see you", "back") == "You left #tea.\nWhat you type goes to the lobby now.\n"
    assert anna.take() == "[#tea] bob left the room (see you)\nbob: back\n"
    assert bob.type("/join #tea", "/part #tea") != ""
    assert bob.type("/part") == "You are in the lobby: /quit leaves the chat.\n"


def test_joining_a_room_again_talks_there(world):
    anna = world.person("anna")
    anna.type("/join #tea", "/join #beer")
    assert anna.type("/join #tea") == "What you type goes to #tea now.\n"
    assert anna.dialect.room == "#tea"
    assert anna.type("/part #beer") == "You left #beer.\n"
    assert anna.dialect.room == "#tea"


def test_a_refused_join_changes_nothing(world):
    anna = world.person("anna")
    assert anna.type("/join #a,b", "still here") == "A room can't be called #a,b: it has a comma.\n"
    assert anna.asked[-1] == Say("#lobby", "still here")


def test_who_was_put_out_talks_to_the_lobby_again_and_is_told(world):
    anna, bob = world.person("anna"), world.person("bob")
    anna.type("/join #tea")
    bob.type("/join #tea")
    assert anna.type("/kick BOB no tea for you") == (
        "[#tea] bob joined\n[#tea] bob was removed by anna (no tea for you)\n"
    )
    assert bob.take() == "[#tea] bob was removed by anna (no tea for you)\n"
    answer = "Not sent to #tea: you are not in it.\nWhat you type goes to the lobby now.\n"
    assert bob.type("what?") == answer
    bob.type("hello again")
    assert anna.take() == "bob: hello again\n"


# Words for one another.


def test_private_words(world):
    anna, bob, carol = world.person("anna"), world.person("bob"), world.person("carol")
    assert anna.type("/msg BOB  meet me") == "[private to bob] meet me\n"
    assert bob.take() == "[private] anna: meet me\n"
    assert anna.type("/msg nobody x") == "Nobody here is called nobody.\n"
    assert carol.take() == ""


def test_an_action(world):
    anna, bob = world.person("anna"), world.person("bob")
    anna.type("/me waves")
    assert bob.take() == "* anna waves\n"


@pytest.mark.parametrize("speech", [Speech.CTCP_QUERY, Speech.CTCP_REPLY])
def test_what_clients_ask_each_other_is_not_shown(world, speech):
    anna, bob = world.person("anna"), world.person("bob")
    for to in ("#lobby", "bob"):
        world.decide(anna, Say(to, "VERSION", speech))
    assert anna.take() == bob.take() == ""


def test_whoever_is_away_says_so(world):
    anna, bob = world.person("anna"), world.person("bob")
    assert bob.type("/away lunch") == "You are away: lunch\n"
    assert anna.type("/msg bob hi") == "[private to bob] hi\nbob is away: lunch\n"
    assert anna.type("/who") == "In the lobby (2): anna, bob (away: lunch)\n"
    assert bob.type("/away").endswith("You are back.\n")


def test_another_name(world):
    anna, bob = world.person("anna"), world.person("bob")
    assert anna.type("/nick Ann Marie") == "You are now Ann_Marie.\n"
    assert bob.take() == "anna is now Ann_Marie\n"
    assert anna.type("/nick bob") == "bob is already in use.\n"
    assert anna.type("/nick Ann_Marie") == "That is already so.\n"


# Moderating.


def test_moderating(world):
    anna, bob = world.person("anna"), world.person("bob", "10.0.0.2")
    assert bob.type("/kick anna") == "Only an operator of the lobby may do that.\n"
    assert anna.type("/owner 1234") == "That is not the owner code.\n"
    assert anna.type(f"/owner {CODE}") == "You are now the owner: an operator of every room.\n"
    assert anna.type("/mute bob") == "anna muted *!*@10.0.0.2\n"
    assert anna.type("/mute bob") == "That is already so.\n"
    assert bob.type("hi") == "anna muted *!*@10.0.0.2\nNot sent to the lobby: you are muted.\n"
    assert anna.type("/mute") == "Muted in the lobby:\n  *!*@10.0.0.2 by anna, Sun 22 Nov 2026 21:00 UTC\n"
    assert anna.type("/unmute bob") == "anna unmuted *!*@10.0.0.2\n"
    assert anna.type("/op bob") == "bob is now an operator (anna)\n"
    assert anna.type("/deop bob") == "bob is no longer an operator (anna)\n"
    assert anna.type("/ban bob") == "anna banned *!*@10.0.0.2\nbob was removed by anna (banned)\n"
    assert "You are banned" in bob.type("/join #lobby")
    assert anna.type("/unban bob") == "anna lifted the ban of *!*@10.0.0.2\n"
    bob.type("/join #lobby")
    anna.take()
    assert anna.type("/rule loud on") == "There is no rule loud. /rule lists the rules.\n"
    assert anna.type("/rule topic-locked off") == "anna changed a rule: everyone may set the topic\n"
    assert bob.take().endswith("anna changed a rule: everyone may set the topic\n")
    assert bob.type("/topic Cats") == "bob set the topic: Cats\n"
    assert bob.type("/topic -") == "bob removed the topic\n"
    bob.type("spam", "spam")
    assert anna.type("/clear bob").endswith("anna erased 2 messages from the history\n")
    assert anna.type("/clear carol") == "anna erased no message from the history\n"


def test_ignoring(world):
    anna = world.person("anna")
    assert anna.type("/ignore bob") == "You ignore bob.\n"
    assert anna.type("/unignore bob") == "You ignore nobody.\n"


def test_an_answer_of_the_session_itself(world):
    dialect = world.plain.dialect(1, "h")
    dialect.entered = True
    dialect.receive_data(b"hi\n")
    assert dialect.encode_outcome((StorageDown(),)).startswith(b"Not accepted: the history can't be written")


# Properties.


def obeyed(char):
    """Whether a terminal does something else with it than to show it."""
    return unicodedata.category(char) in ("Cc", "Zl", "Zp") and char != "\n"


LINES = st.lists(
    st.sampled_from(
        [b"hi", b"/join #x", b"/part", b"/me waves", b"", b"//x", b"\xff\xfb\x01", b"\xff\xfa\n\xff\xf0",
         b"caf\xe9", b"/nick zoe", b"/history", b"/kick zoe", b"a\x00b", b"\r\x00", b"\xd0\x9f\xd1", b"\r"]
    )
    | st.binary(max_size=8),
    max_size=20,
)  # fmt: skip


@given(LINES, st.lists(st.integers(1, 12), max_size=60))
def test_any_chunking_asks_the_same(lines, sizes):
    wire = b"anna\n" + b"\n".join(lines) + b"\n"
    whole = World().connect()
    whole.put(wire)
    pieces = World().connect()
    heard = ""
    rest = wire
    for size in sizes:
        heard += pieces.put(rest[:size])
        rest = rest[size:]
        if pieces.gone:
            return
    heard += pieces.put(rest)
    assert pieces.asked == whole.asked
    assert pieces.dialect.backlog == whole.dialect.backlog


@given(st.lists(st.binary(max_size=60), max_size=20), st.booleans(), st.booleans())
def test_no_bytes_raise(chunks, framed, entered):
    world = World()
    other = world.person("other")
    seat = world.connect(framed=framed)
    if entered:
        seat.put(b"anna\n" if framed else b"anna")
    for chunk in chunks:
        if not seat.gone:
            seat.put(chunk)
            assert seat.dialect.backlog <= LINE_BYTES + 4
    if not seat.gone:
        seat.end()
    assert seat.gone
    heard = other.take()
    assert not any(obeyed(char) for char in heard)


@given(st.text(max_size=40))
def test_no_line_reaches_others_with_what_a_terminal_obeys(text):
    world = World()
    anna, bob = world.person("anna"), world.person("bob")
    anna.type(text)
    world.decide(anna, Say("#lobby", text))
    world.decide(anna, Say("bob", text, Speech.ACTION))
    assert not any(obeyed(char) for char in bob.take())


def test_answers_hold_no_more_than_an_outcome(world):
    dialect = world.plain.dialect(1, "h")
    dialect.entered = True
    (command,) = dialect.receive_data(b"/nope\n")
    assert isinstance(command, DialectReply)
    assert not dialect.awaits(command)
