"""The client's side of IRC by itself: lines in, values out, for servers of all kinds."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.features.messages import Speech
from asyncchat.dialects.irc.client import IrcClient
from asyncchat.dialects.irc.client_sending import WINDOW_BYTES
from asyncchat.dialects.irc.client_values import (
    Acknowledged,
    CantJoin,
    Closing,
    Edited,
    HistoryFailed,
    HistoryPage,
    Joined,
    Kicked,
    Left,
    Message,
    ModeChanged,
    NickRefused,
    Pong,
    Present,
    Reacted,
    ReadUpTo,
    Redacted,
    Refused,
    Registered,
    Renamed,
    RoomRenamed,
    Told,
    TopicChanged,
    Typing,
    Undelivered,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
THEN = datetime(2026, 11, 22, 11, 30, 0, 250_000, tzinfo=UTC)
STAMP = "time=2026-11-22T11:30:00.250Z"
ALL = "batch draft/chathistory echo-message message-tags server-time"
WELCOME = ":s 001 me :Welcome me!~me@host.example\r\n:s 005 me CHANTYPES=# PREFIX=(ov)@+ :are supported\r\n"
READY = ":s 422 me :no MOTD\r\n"


def lines(client):
    return client.data_to_send().decode().split("\r\n")[:-1]


def hear(client, *said):
    return client.receive_data("".join(f"{line}\r\n" for line in said).encode(), NOW)


def registered(caps="", *rooms):
    client = IrcClient("me")
    if caps:
        hear(client, f":s CAP * LS :{caps}", f":s CAP * ACK :{caps}")
    client.receive_data((WELCOME + READY).encode(), NOW)
    for room in rooms:
        client.join(room)
        hear(
            client,
            f":me!~me@host.example JOIN {room}",
            f":s 353 me = {room} :@me bob",
            f":s 366 me {room} :End",
        )
    client.data_to_send()
    return client


def test_edits_are_told_where_the_server_tells_them():
    line = "@+draft/edit=e1-1;msgid=e1-5 :bob!b@h PRIVMSG #ci :tea at four"
    client = registered("message-tags draft/message-edit", "#ci")
    assert hear(client, line) == [Edited(NOW, "#ci", "bob", "e1-1", "tea at four")]
    assert client.edit("#ci", "e1-1", "tea at three")
    assert lines(client) == ["@+draft/edit=e1-1 PRIVMSG #ci :tea at three"]
    plain = registered("message-tags", "#ci")
    assert [type(value) for value in hear(plain, line)] == [Message]
    assert not plain.edit("#ci", "e1-1", "x")


def test_how_far_one_has_read():
    client = registered("draft/read-marker", "#ci")
    (read,) = hear(client, ":s MARKREAD #ci timestamp=2026-11-22T12:00:00.500Z")
    assert read == ReadUpTo(datetime(2026, 11, 22, 12, 0, 0, 500_000, tzinfo=UTC), "#ci")
    assert hear(client, ":s MARKREAD #ci *", ":s MARKREAD #ci timestamp=x", ":s MARKREAD") == []
    client.mark_read("#ci", read.time)
    assert lines(client) == ["MARKREAD #ci timestamp=2026-11-22T12:00:00.500Z"]
    plain = registered("", "#ci")
    plain.mark_read("#ci", read.time)
    assert lines(plain) == []


def test_roles_of_members_are_known():
    client = registered("multi-prefix", "#ci")
    room = client.rooms.get("#ci")
    assert room is not None
    assert room.prefixes == {"me": "@"}
    hear(client, ":s 005 me PREFIX=(qaohv)~&@%+ CHANMODES=beI,k,lf,imn :ok")
    hear(
        client,
        ":me!m@h MODE #ci +vbo bob *!*@x bob",
        ":me!m@h MODE #ci +lk-l 5 secret",
        ":me!m@h MODE #ci +ol-k bob 7 secret",
        ":bob!b@h NICK rob",
    )
    assert room.prefixes == {"me": "@", "rob": "@+"}
    hear(client, ":me!m@h MODE #ci -o+v-v rob me rob", ":me!m@h MODE #ci +v nobody")
    assert room.prefixes == {"me": "@+"}
    hear(client, ":s 353 me = #ci :me @+rob", ":s 366 me #ci :End")
    assert room.prefixes == {"rob": "@+"}
    hear(client, ":rob!b@h PART #ci", ":rob!b@h JOIN #ci")
    assert room.prefixes == {}


def test_registration_without_capabilities():
    client = IrcClient("Иван", realname="Ivan the client")
    assert lines(client) == ["CAP LS 302", "NICK Иван", "USER asyncchat 0 * :Ivan the client"]
    assert hear(client, ":s 421 * CAP :Unknown command")[0].numeric == "421"
    values = hear(client, ":s 001 Иван :Hi", ":s 005 Иван CHANTYPES=# :ok", ":s 376 Иван :End")
    assert values == [Registered("Иван", "s")]
    assert lines(client) == []


def test_useful_capabilities_are_asked_for():
    client = IrcClient("me")
    client.data_to_send()
    hear(client, ":s CAP * LS * :sasl=PLAIN,EXTERNAL server-time")
    assert lines(client) == []
    hear(client, ":s CAP * LS :batch=x tls message-tags")
    assert lines(client) == ["CAP REQ :batch message-tags server-time"]
    hear(client, ":s CAP me ACK :batch message-tags server-time")
    assert lines(client) == ["CAP END"]
    assert client.server.capabilities == {"batch", "message-tags", "server-time"}
    hear(client, ":s CAP me DEL :batch")
    assert client.server.capabilities == {"message-tags", "server-time"}


def test_tags_that_the_server_denies_are_not_sent():
    """message-tags, "RPL_ISUPPORT Tokens": CLIENTTAGDENY."""

    def asked(denied):
        client = registered(ALL)
        hear(client, f":s 005 me CLIENTTAGDENY={denied} :are supported")
        client.say(1, "#ci", "yes", reply_to="e1-1")
        reacts = client.react("#ci", "e1-1", "👍", True)
        return reacts, [line.rpartition(" #ci")[0] for line in lines(client)]

    both, react = "+reply=e1-1;+draft/reply=e1-1", "+draft/react=👍"
    assert asked("typing") == (True, [f"@{both} PRIVMSG", f"@{both};{react} TAGMSG"])
    assert asked("reply") == (
        True,
        ["@+draft/reply=e1-1 PRIVMSG", f"@+draft/reply=e1-1;{react} TAGMSG"],
    )
    assert asked("draft/react") == (False, [f"@{both} PRIVMSG"])
    for denied in ("reply,draft/reply", "*,-draft/react", "*"):
        assert asked(denied) == (False, ["PRIVMSG"])
    assert asked("*,-draft/react,-reply") == (True, ["@+reply=e1-1 PRIVMSG", f"@+reply=e1-1;{react} TAGMSG"])


def test_labels_and_history_need_batches():
    client = IrcClient("me")
    client.data_to_send()
    hear(client, ":s CAP * LS :labeled-response draft/chathistory server-time")
    assert lines(client) == ["CAP REQ server-time"]


def test_refused_capabilities_are_asked_for_one_by_one():
    client = IrcClient("me")
    client.data_to_send()
    hear(client, ":s CAP * LS :echo-message server-time")
    assert lines(client) == ["CAP REQ :echo-message server-time"]
    hear(client, ":s CAP * NAK :echo-message server-time")
    assert lines(client) == ["CAP REQ echo-message"]
    hear(client, ":s CAP * NAK :echo-message")
    assert lines(client) == ["CAP REQ server-time"]
    hear(client, ":s CAP * ACK :server-time")
    assert lines(client) == ["CAP END"]
    assert client.server.capabilities == {"server-time"}


def test_what_is_asked_for_is_not_asked_for_again():
    client = IrcClient("me")
    client.data_to_send()
    hear(client, *[":s CAP * LS :batch server-time"] * 1000)
    assert lines(client) == ["CAP REQ :batch server-time"]
    hear(client, ":s CAP * ACK :batch server-time")
    assert lines(client) == ["CAP END"]


def test_no_useful_capability_ends_the_negotiation():
    client = IrcClient("me")
    client.data_to_send()
    hear(client, ":s CAP * LS :sasl")
    assert lines(client) == ["CAP END"]


def test_ping_during_registration_is_answered():
    client = IrcClient("me")
    client.data_to_send()
    hear(client, "PING :A b")
    assert lines(client) == ["PONG :A b"]


def test_nick_can_be_changed_before_registration():
    client = IrcClient("me")
    client.data_to_send()
    assert hear(client, ":s 433 * me :in use") == [NickRefused("me", "in use", True)]
    client.change_nick("me_")
    assert lines(client) == ["NICK me_"]
    assert hear(client, ":s 432 * me_ :bad") == [NickRefused("me_", "bad", False)]
    # A server that shortens it tells so.
    hear(client, ":s 001 me :Hi", ":s 422 me :no MOTD")
    assert client.nick == "me"


HEARD = [
    (":bob!b@h PRIVMSG #ci :hi", [Message("", NOW, "#ci", "bob", "hi")]),
    (f"@msgid=e1-7;{STAMP} :bob!b@h PRIVMSG #ci hi", [Message("e1-7", THEN, "#ci", "bob", "hi")]),
    ("@time=yesterday :bob!b@h PRIVMSG #ci :x", [Message("", NOW, "#ci", "bob", "x")]),
    (":bob!b@h PRIVMSG me :psst", [Message("", NOW, "bob", "bob", "psst")]),
    (":bob!b@h PRIVMSG #ci :\x01ACTION waves\x01", [Message("", NOW, "#ci", "bob", "waves", action=True)]),
    (":bob!b@h NOTICE #ci :note", [Message("", NOW, "#ci", "bob", "note", notice=True)]),
    (":bob!b@h PRIVMSG me :\x01VERSION\x01", []),
    (":s NOTICE me :*** hello", [Told(NOW, "*** hello")]),
    (
        ":me!~me@h PRIVMSG bob :from my other window",
        [Message("", NOW, "bob", "me", "from my other window", own=True)],
    ),
    (
        "@+draft/reply=e1-1;+reply=e1-2 :bob!b@h PRIVMSG #ci :yes",
        [Message("", NOW, "#ci", "bob", "yes", reply_to="e1-2")],
    ),
    (":bob!b@h RENAME #ci #builds :better", [RoomRenamed(NOW, "#ci", "#builds", "bob", "better")]),
    (":bob!b@h RENAME #ci", []),
    (f"@{STAMP} :bob!b@h REDACT #ci e1-1 :oops", [Redacted(THEN, "#ci", "bob", "e1-1", "oops")]),
    (":bob!b@h REDACT me e1-1", [Redacted(NOW, "bob", "bob", "e1-1")]),
    (":bob!b@h REDACT #ci", []),
    ("@+reply=e1-1;+draft/react=😀 :bob!b@h TAGMSG #ci", [Reacted(NOW, "#ci", "bob", "e1-1", "😀")]),
    (
        "@+draft/reply=e1-1;+draft/unreact=😀 :me!m@h TAGMSG bob",
        [Reacted(NOW, "bob", "me", "e1-1", "😀", on=False, own=True)],
    ),
    (":bob!b@h CHGHOST b new.example", []),
    ("@+typing=active :bob!b@h TAGMSG #ci", [Typing(NOW, "#ci", "bob", "active")]),
    ("@+typing=done :bob!b@h TAGMSG me", [Typing(NOW, "bob", "bob", "done")]),
    ("@+typing=loudly :bob!b@h TAGMSG #ci", []),
    ("@+typing=active :me!m@h TAGMSG #ci", []),
    ("@+draft/react=😀 :bob!b@h TAGMSG #ci", []),
    (":amy!a@h JOIN #ci", [Joined(NOW, "#ci", "amy")]),
    (":bob!b@h PART #ci :bye", [Left(NOW, "#ci", "bob", "bye")]),
    (":bob!b@h QUIT :Quit: bye", [Left(NOW, "#ci", "bob", "Quit: bye")]),
    (":amy!a@h QUIT :unseen", []),
    (":op!o@h KICK #ci bob :rude", [Kicked(NOW, "#ci", "bob", "op", "rude")]),
    (":op!o@h KICK #ci me", [Kicked(NOW, "#ci", "me", "op", "", own=True)]),
    (":bob!b@h NICK rob", [Renamed(NOW, "bob", "rob", ("#ci",))]),
    (":me!~me@h NICK you", [Renamed(NOW, "me", "you", ("#ci",), own=True)]),
    (":bob!b@h TOPIC #ci :new", [TopicChanged(NOW, "#ci", "bob", "new")]),
    (":op!o@h MODE #ci +o bob", [ModeChanged(NOW, "#ci", "op", "+o bob")]),
    (":me MODE me :+i", []),
    (":s 366 me #ci :End", [Present(NOW, "#ci", ("me", "bob"))]),
    (":s 322 me #ci 12 :builds", [Told(NOW, "#ci (12) builds", "322")]),
    (":s 322 me #ci 12 :", [Told(NOW, "#ci (12)", "322")]),
    (":s 311 me bob b 192.0.2.1 * :", [Told(NOW, "bob is b@192.0.2.1", "311")]),
    (":s 404 me #ci :no", [Refused(NOW, "#ci", "no", "", "404")]),
    (":s 706 me topic :help", [Told(NOW, "topic help", "706")]),
    (":s FAIL BATCH X ctx :bad", [Refused(NOW, "BATCH", "bad", "", "FAIL")]),
    (":s NOTE * X :by the way", [Told(NOW, "by the way")]),
    (":s PONG s alive", [Pong("alive")]),
    ("ERROR :Closing link", [Closing("Closing link")]),
    ("", []),
    (":s 900 me me!m@h anna :You are logged in", [Told(NOW, "You are logged in", "900")]),
    (":s 901 me me!m@h :You are logged out", [Told(NOW, "You are logged out", "901")]),
    (":s 333 me #ci bob 1", []),
    ("XYZZY", []),
]
"""One line -> what it says to me, who am in #ci with bob."""


@pytest.mark.parametrize(("line", "values"), HEARD)
def test_heard_whole(line, values):
    assert hear(registered("", "#ci"), line) == values


@pytest.mark.parametrize(("line", "values"), HEARD)
def test_heard_byte_by_byte_and_with_a_tail(line, values):
    client = registered("", "#ci")
    heard = []
    for byte in f"{line}\n:bob".encode():
        heard += client.receive_data(bytes((byte,)), NOW)
    assert heard == values


# Only the seed of the sizes is drawn: a draw for each takes ten times as long.
@given(st.randoms(use_true_random=True))
def test_any_chunking_gives_the_same_values(chance):
    stream = "".join(f"{line}\r\n" for line, _ in HEARD).encode()
    whole = registered("", "#ci").receive_data(stream, NOW)
    client = registered("", "#ci")
    heard, rest = [], stream
    while rest:
        size = chance.randint(1, len(rest))
        heard += client.receive_data(rest[:size], NOW)
        rest = rest[size:]
    assert heard == whole


PIECES = """
CAP LS ACK NAK * : JOIN PART #ci #x me bob NICK QUIT PRIVMSG NOTICE BATCH +b -b chathistory @batch=b @label=1
@msgid=1 :me!u@h :bob!u@h 001 005 353 366 376 433 404 474 FAIL CHATHISTORY PONG said-1 PING KICK MODE TOPIC
ERROR @time=x -X X= CHATHISTORY=0 CASEMAPPING=rfc1459 PREFIX=( \x01ACTION \xff
"""
COMMANDS = st.sampled_from(PIECES.split())


@given(st.lists(st.lists(COMMANDS, max_size=7).map(" ".join), max_size=30))
def test_no_lines_raise(said):
    client = registered(ALL, "#ci")
    client.say(1, "#ci", "x")
    client.history(2, "#ci", "LATEST", "*", limit=3)
    for line in said:
        hear(client, line)
        client.data_to_send()


@given(st.binary(max_size=300))
def test_no_bytes_raise(data):
    client = registered("", "#ci")
    client.receive_data(data, NOW)
    client.data_to_send()


def test_own_nick_is_followed():
    client = registered("", "#ci")
    hear(client, ":me!~me@h NICK you")
    assert client.nick == "you"
    assert hear(client, ":bob!b@h PRIVMSG you :hi") == [Message("", NOW, "bob", "bob", "hi")]
    assert list(client.rooms.get("#CI").members.values()) == ["bob", "you"]


def test_names_fold_as_the_server_says():
    client = registered()
    hear(client, ":me!m@h JOIN #a[b]")
    assert client.rooms.get("#A{B}") is not None
    client = IrcClient("me")
    client.receive_data((WELCOME + ":s 005 me CASEMAPPING=ascii :x\r\n" + READY).encode(), NOW)
    hear(client, ":me!m@h JOIN #a[b]")
    assert client.rooms.get("#A{B}") is None
    assert client.rooms.get("#A[B]") is not None


def test_room_that_is_refused():
    client = registered()
    client.join("#ci")
    assert hear(client, ":s 474 me #ci :You are banned") == [CantJoin("#ci", "You are banned")]


# What we say, and how it is acknowledged.


def test_echo_acknowledges():
    client = registered(ALL, "#ci")
    client.say(5, "#ci", "hi")
    assert lines(client) == ["PRIVMSG #ci hi"]
    echo = Message("e1-9", NOW, "#ci", "me", "hi", own=True)
    assert hear(client, "@msgid=e1-9 :me!~me@h PRIVMSG #ci hi") == [Acknowledged(5, echo)]
    assert client.under_way == []


def test_changed_echo_acknowledges_the_first_to_that_target():
    client = registered(ALL, "#ci")
    client.say(1, "#ci", "\x02bold\x02")
    client.say(2, "#ci", "again")
    client.data_to_send()
    assert hear(client, ":me!u@h PRIVMSG #ci :*bold*")[0].token == 1
    assert hear(client, ":me!u@h PRIVMSG #ci again")[0].token == 2


def test_label_acknowledges_echo_ack_and_refusal():
    client = registered(ALL + " labeled-response", "#ci")
    for token in (1, 2, 3, 4):
        client.say(token, "#ci", "same")
    assert lines(client)[0] == "@label=1 PRIVMSG #ci same"
    (second,) = hear(client, "@label=2;msgid=m :me!u@h PRIVMSG #ci same")
    assert (second.token, second.message.id) == (2, "m")
    (third,) = hear(client, "@label=3 :s ACK")
    assert third == Acknowledged(3, Message("", NOW, "#ci", "me", "same", own=True))
    (first,) = hear(client, "@label=1 :s 404 me #ci :no")
    assert first == Undelivered(1, Refused(NOW, "#ci", "no", "same", "404"))
    heard = hear(
        client,
        "@label=4 :s BATCH +b labeled-response",
        "@batch=b :me!u@h PRIVMSG #ci same",
        "@batch=b :s 301 me bob :away",
        ":s BATCH -b",
    )
    assert [type(value) for value in heard] == [Acknowledged, Told]
    # To ourselves: one is labeled, the other is the message.
    client.say(9, "me", "self")
    client.data_to_send()
    heard = hear(client, "@label=9 :me!u@h PRIVMSG me self", ":me!u@h PRIVMSG me self")
    assert [type(value) for value in heard] == [Acknowledged, Message]


MULTILINE = f"{ALL} labeled-response draft/multiline=max-bytes=4096,max-lines=3"


def able(caps):
    """A client whose server has these, their values told."""
    client = IrcClient("me")
    hear(
        client,
        f":s CAP * LS :{caps}",
        f":s CAP * ACK :{' '.join(word.split('=')[0] for word in caps.split())}",
    )
    client.receive_data((WELCOME + READY).encode(), NOW)
    client.data_to_send()
    return client


def test_several_lines_are_a_batch():
    client = able(MULTILINE)
    assert client.parts("#ci", "\n one\r\n\ntwo\nthree \n\n") == [" one\n\ntwo", "three "]
    client.say(7, "#ci", " one\n\ntwo", reply_to="e1-1")
    assert lines(client) == [
        "@label=7;+reply=e1-1;+draft/reply=e1-1 BATCH +7 draft/multiline #ci",
        "@batch=7 PRIVMSG #ci : one",
        "@batch=7 PRIVMSG #ci :",
        "@batch=7 PRIVMSG #ci two",
        "BATCH -7",
    ]
    (heard,) = hear(
        client,
        "@label=7;msgid=e1-9 :me!u@h BATCH +m9 draft/multiline #ci",
        "@batch=m9 :me!u@h PRIVMSG #ci : one",
        "@batch=m9 :me!u@h PRIVMSG #ci :",
        "@batch=m9 :me!u@h PRIVMSG #ci two",
        ":s BATCH -m9",
    )
    assert heard == Acknowledged(7, Message("e1-9", NOW, "#ci", "me", " one\n\ntwo", own=True))


def test_a_long_line_is_a_batch_that_goes_on():
    client = able(MULTILINE)
    text = "word " * 150
    assert client.parts("#ci", text) == [text]
    client.say(7, "#ci", text, Speech.ACTION)
    begin, first, second, end = lines(client)
    assert (begin, end) == ("@label=7 BATCH +7 draft/multiline #ci", "BATCH -7")
    assert first.startswith("@batch=7 PRIVMSG #ci :\x01ACTION word word")
    assert second.startswith("@batch=7;draft/multiline-concat PRIVMSG #ci :")
    said = first.partition(":")[2] + second.partition(":")[2]
    assert said == f"\x01ACTION {text}\x01"


def test_what_is_more_than_a_batch_may_have_goes_as_several():
    client = able(MULTILINE)
    parts = client.parts("#ci", "x" * 5000)
    assert "".join(parts) == "x" * 5000
    assert all(len(part) <= 4096 for part in parts)


@pytest.mark.parametrize(
    "caps",
    [
        ALL,
        f"{ALL} draft/multiline=max-bytes=4096",
        f"{ALL} labeled-response draft/multiline",
        f"{ALL} labeled-response draft/multiline=max-bytes=many",
    ],
)
def test_lines_are_messages_where_batches_of_them_are_not_for_certain(caps):
    assert able(caps).parts("#ci", "one\n\ntwo") == ["one", "two"]


def test_a_batch_that_is_refused():
    client = able(MULTILINE)
    client.say(7, "#ci", "one\ntwo")
    client.data_to_send()
    (heard,) = hear(client, "@label=7 :s FAIL BATCH MULTILINE_MAX_LINES 1 :too many")
    assert heard == Undelivered(7, Refused(NOW, "#ci", "too many", "one\ntwo", "FAIL"))


def test_lines_from_others_are_one_message():
    client = registered(ALL, "#ci")
    batch = [
        f"@msgid=e1-9;{STAMP};batch=h :bob!b@h BATCH +m draft/multiline #ci",
        "@batch=m :bob!b@h PRIVMSG #ci :one ",
        "@batch=m;draft/multiline-concat :bob!b@h PRIVMSG #ci :line",
        "@batch=m :bob!b@h PRIVMSG #ci :",
        "@batch=m :bob!b@h PRIVMSG #ci :three",
        "@batch=h :s BATCH -m",
    ]
    whole = Message("e1-9", THEN, "#ci", "bob", "one line\n\nthree")
    assert hear(client, *batch) == [whole]
    client.history(3, "#ci", "LATEST", "*", limit=9)
    client.data_to_send()
    (page,) = hear(client, ":s BATCH +h chathistory #ci", *batch, ":s BATCH -h")
    assert page.messages == (msgspec.structs.replace(whole, replayed=True),)
    assert hear(client, ":s BATCH +m draft/multiline #ci", ":s BATCH -m") == []


def test_without_echo_a_ping_behind_acknowledges():
    client = registered("", "#ci")
    client.say(1, "#ci", "one")
    client.say(2, "#nope", "two")
    client.say(3, "bob", "three", Speech.ACTION)
    assert lines(client) == [
        "PRIVMSG #ci one",
        "PRIVMSG #nope two",
        "PRIVMSG bob :\x01ACTION three\x01",
        "PING said-1",
    ]
    client.say(4, "#ci", "four")
    assert lines(client) == ["PRIVMSG #ci four"]
    (refused,) = hear(client, ":s 403 me #nope :No such channel")
    assert refused == Undelivered(2, Refused(NOW, "#nope", "No such channel", "two", "403"))
    heard = hear(client, ":s PONG s said-1")
    assert [value.token for value in heard] == [1, 3]
    assert heard[1].message == Message("", NOW, "bob", "me", "three", own=True, action=True)
    assert lines(client) == ["PING said-2"]
    assert [value.token for value in hear(client, ":s PONG s said-2")] == [4]
    assert lines(client) == []


def test_refusal_of_another_command_is_not_taken_for_a_message_s():
    client = registered(ALL, "#ci")
    client.say(1, "#ci", "waves")
    client.send("KICK", "#ci", "bob")
    client.data_to_send()
    assert hear(client, ":s 482 me #ci :No operator") == [Refused(NOW, "#ci", "No operator", "", "482")]
    assert client.under_way == [1]
    assert hear(client, ":s FAIL PRIVMSG X #ci :no")[0].token == 1


def test_confirm_settles_what_a_server_swallowed():
    client = registered(ALL, "#ci")
    client.say(1, "#ci", "swallowed")
    client.confirm()
    assert lines(client) == ["PRIVMSG #ci swallowed", "PING said-1"]
    assert [value.token for value in hear(client, ":s PONG s said-1")] == [1]


def test_nothing_is_said_before_registration():
    client = IrcClient("me")
    client.data_to_send()
    client.say(1, "#ci", "early")
    assert lines(client) == []
    client.receive_data((WELCOME + READY).encode(), NOW)
    assert "PRIVMSG #ci early" in lines(client)


def test_what_is_under_way_is_bounded():
    client = registered(ALL, "#ci")
    for token in range(100):
        client.say(token, "#ci", f"{token:0100}")
    sent = client.data_to_send()
    assert len(sent) <= WINDOW_BYTES
    count = sent.count(b"\n")
    assert client.under_way == list(range(count))
    hear(client, f":me!u@h PRIVMSG #ci {0:0100}")
    assert client.data_to_send().count(b"\n") == 1


def test_commands_keep_their_place_among_messages():
    client = registered(ALL, "#ci")
    client.ask("LIST")
    for token in range(60):
        client.say(token, "#ci", f"{token:0100}")
    client.ask("PART", "#ci")
    sent = lines(client)
    assert sent[0] == "LIST"
    assert "PART #ci" not in sent
    for token in range(60):
        hear(client, f":me!u@h PRIVMSG #ci {token:0100}")
    assert lines(client)[-1] == "PART #ci"


@given(st.text(max_size=900), st.sampled_from(list(Speech)[:3]), st.sampled_from(["#ci", "#класс", "bob"]))
def test_parts_fit_as_the_server_relays_them(text, speech, to):
    client = registered("", "#ci")
    parts = client.parts(to, text, speech)
    for token, part in enumerate(parts):
        client.say(token, to, part, speech)
    origin = ":me!~me@host.example "
    sent = lines(client)[: len(parts)]
    assert all(len(f"{origin}{line}\r\n".encode()) <= 512 for line in sent)
    kept = text.replace("\0", "").replace("\r", "\n").encode("utf-8", "replace").decode()
    assert "".join(parts) == "".join(line for line in kept.split("\n") if line.strip())


def test_unknown_origin_is_reserved_for():
    client = IrcClient("me")
    client.receive_data(b":s 001 me :Hi\r\n:s 005 me HOSTLEN=100 USERLEN=20 :x\r\n:s 422 me :no\r\n", NOW)
    longest = client.parts("#ci", "x" * 1000)[0]
    assert len(longest) == 512 - len(":me!@ PRIVMSG #ci :\r\n") - 120


def test_origin_is_learned_from_our_own_lines():
    client = registered()
    before = len(client.parts("#ci", "x" * 1000)[0])
    hear(client, f":me!~me@{'h' * 60} JOIN #ci")
    assert len(client.parts("#ci", "x" * 1000)[0]) == before - 60 + len("host.example")


# Long messages of others, batches, history.


def test_a_longer_host_of_our_own_leaves_less_room():
    client = registered("chghost", "#ci")
    before = len(client.parts("#ci", "x" * 2000)[0])
    hear(client, ":me!~me@host.example CHGHOST ~me a.much.longer.host.example")
    assert len(client.parts("#ci", "x" * 2000)[0]) == before - len("a.much.longer.")


def test_continuation_lines_carry_the_id_of_the_first():
    client = registered(ALL, "#ci")
    heard = hear(
        client,
        "@msgid=e1-5 :bob!b@h PRIVMSG #ci :one",
        ":bob!b@h PRIVMSG #ci :two",
        ":bob!b@h PRIVMSG #ci :three",
        "@msgid=e1-6 :bob!b@h PRIVMSG #ci :four",
        ":amy!b@h PRIVMSG #ci :no id",
    )
    assert [(message.id, message.part) for message in heard] == [
        ("e1-5", 0), ("e1-5", 1), ("e1-5", 2), ("e1-6", 0), ("", 0),
    ]  # fmt: skip


def test_history_page():
    client = registered(ALL, "#ci")
    client.history(3, "#ci", "AFTER", "msgid=e1-1", limit=50)
    assert lines(client) == ["CHATHISTORY AFTER #ci msgid=e1-1 50"]
    heard = hear(
        client,
        ":s BATCH +b chathistory #CI",
        f"@batch=b;msgid=e1-2;{STAMP} :bob!b@h PRIVMSG #ci :two",
        "@msgid=e1-4 :bob!b@h PRIVMSG #ci :live",
        "@batch=b;msgid=e1-3;asyncchat/edits=7 :me!u@h PRIVMSG #ci :three",
        "@batch=b :amy!u@h JOIN #ci",
        ":s BATCH -b",
    )
    two = Message("e1-2", THEN, "#ci", "bob", "two", replayed=True)
    three = Message("e1-3", NOW, "#ci", "me", "three", own=True, replayed=True, edited=True)
    assert heard == [
        Message("e1-4", NOW, "#ci", "bob", "live"),
        HistoryPage(3, "#ci", (two, three)),
    ]


def test_history_page_with_what_happened_to_messages():
    caps = f"{ALL} draft/message-edit draft/message-redaction draft/event-playback"
    for playback in (False, True):
        client = IrcClient("me", playback=playback)
        hear(client, f":s CAP * LS :{caps}")
        assert any("draft/event-playback" in line for line in lines(client)) is playback
    hear(client, f":s CAP * ACK :{caps}", *WELCOME.splitlines())
    client.history(3, "#ci", "LATEST", "*", limit=50)
    (page,) = hear(
        client,
        ":s BATCH +b chathistory #ci",
        f"@batch=b;msgid=e1-1;{STAMP} :amy!u@h JOIN #ci",
        f"@batch=b;msgid=e1-2;{STAMP} :bob!b@h PRIVMSG #ci :two",
        f"@batch=b;msgid=e1-3;{STAMP};+draft/reply=e1-2;+draft/react=x :amy!u@h TAGMSG #ci",
        f"@batch=b;msgid=e1-4;{STAMP};+draft/edit=e1-2 :bob!b@h PRIVMSG #ci :two!",
        f"@batch=b;msgid=e1-5;{STAMP} :bob!b@h REDACT #ci e1-0 :no",
        f"@batch=b;msgid=e1-6;{STAMP} :amy!u@h PART #ci",
        ":s BATCH -b",
    )
    assert [message.text for message in page.messages] == ["two"]
    assert page.changes == (
        Reacted(THEN, "#ci", "amy", "e1-2", "x"),
        Edited(THEN, "#ci", "bob", "e1-2", "two!"),
        Redacted(THEN, "#ci", "bob", "e1-0", "no"),
    )
    assert (page.oldest, page.newest, page.until) == ("e1-1", "e1-6", THEN)


def test_batches_that_stay_open_hold_so_many_lines(monkeypatch):
    monkeypatch.setattr("asyncchat.dialects.irc.client_batches.LINES", 3)
    client = registered(ALL, "#ci")
    client.history(3, "#ci", "AFTER", "msgid=e1-1", limit=50)
    said = [f"@batch=b;msgid=e1-{number} :bob!b@h PRIVMSG #ci :line" for number in range(2, 10)]
    assert hear(client, ":s BATCH +b chathistory #CI", *said) == []
    (page,) = hear(client, ":s BATCH -b")
    assert [message.id for message in page.messages] == ["e1-2", "e1-3", "e1-4"]


def test_batches_that_stay_open_hold_so_many_characters(monkeypatch):
    monkeypatch.setattr("asyncchat.dialects.irc.client_batches.CHARACTERS", 1000)
    client = registered(ALL, "#ci")
    client.history(3, "#ci", "AFTER", "msgid=e1-1", limit=50)
    said = [f"@batch=n;msgid=e1-{number} :bob!b@h PRIVMSG #ci :{'x' * 250}" for number in range(2, 10)]
    assert hear(client, ":s BATCH +b chathistory #CI", "@batch=b :s BATCH +n netjoin", *said) == []
    assert hear(client, ":s BATCH -n", f"@batch=b;msgid=e1-99 :bob!b@h PRIVMSG #ci :{'x' * 250}") == []
    (page,) = hear(client, ":s BATCH -b")
    assert [message.id for message in page.messages] == ["e1-2", "e1-3", "e1-4"]
    client.history(4, "#ci", "AFTER", "msgid=e1-4", limit=50)
    again = f"@batch=c;msgid=e1-9 :bob!b@h PRIVMSG #ci :{'x' * 900}"  # nothing is held any more
    (page,) = hear(client, ":s BATCH +c chathistory #CI", again, ":s BATCH -c")
    assert [message.id for message in page.messages] == ["e1-9"]


def test_a_server_puts_us_into_so_many_rooms(monkeypatch):
    monkeypatch.setattr("asyncchat.dialects.irc.client_rooms.ROOMS", 3)
    client = registered(ALL, "#ci")
    heard = hear(client, *(f":me!m@h JOIN #r{number}" for number in range(10)), ":bob!b@h JOIN #ci")
    assert [(joined.room, joined.nick) for joined in heard] == [("#r0", "me"), ("#r1", "me"), ("#ci", "bob")]
    (left,) = hear(client, ":me!m@h PART #r0")
    (joined,) = hear(client, ":me!m@h JOIN #new")
    assert (left.room, joined.room, joined.own) == ("#r0", "#new", True)


def test_history_questions_are_put_one_by_one():
    client = registered(ALL, "#ci", "#x")
    client.history(1, "#ci", "LATEST", "*", limit=5)
    client.history(2, "#x", "LATEST", "*", limit=5)
    assert lines(client) == ["CHATHISTORY LATEST #ci * 5"]
    failed = hear(client, ":s FAIL CHATHISTORY INVALID_TARGET LATEST #ci :Messages could not be retrieved")
    assert failed == [HistoryFailed(1, "#ci", "INVALID_TARGET", "Messages could not be retrieved")]
    assert lines(client) == ["CHATHISTORY LATEST #x * 5"]
    assert hear(client, ":s 421 me CHATHISTORY :Unknown command") == [
        HistoryFailed(2, "#x", "421", "Unknown command")
    ]


def test_a_search_and_a_history_are_asked_one_by_one():
    client = registered(ALL + " soju.im/search")
    client.search(1, [("text", "so long; x"), ("in", "#ci"), ("limit", "5")])
    client.history(2, "#ci", "LATEST", "*", limit=5)
    assert lines(client) == ["SEARCH text=so\\slong\\:\\sx;in=#ci;limit=5"]
    heard = hear(
        client,
        ":s BATCH +b soju.im/search",
        "@batch=b;msgid=e1-2;time=2026-11-22T12:00:00.000Z :bob!b@h PRIVMSG #ci :so long; x",
        ":s BATCH -b",
    )
    assert [type(value) for value in heard] == [HistoryPage]
    assert (heard[0].token, heard[0].room) == (1, "")
    assert [(message.room, message.id, message.text) for message in heard[0].messages] == [
        ("#ci", "e1-2", "so long; x")
    ]
    assert lines(client) == ["CHATHISTORY LATEST #ci * 5"]
    # Nobody asked for this one.
    assert hear(client, ":s BATCH +b soju.im/search", "@batch=b :bob!b@h PRIVMSG #ci :x", ":s BATCH -b") == []


def test_pins_that_are_refused_or_unasked():
    client = registered(ALL, "#ci")
    with pytest.raises(ValueError, match="line"):
        client.pins(1, "#x\nQUIT")
    with pytest.raises(ValueError, match="space"):
        client.history(1, "no room", "LATEST", "*", limit=5)
    client.pins(2, "#x")
    client.pins(3, "#ci")
    assert lines(client) == ["PINS #x"]
    # What is about the room but no answer to PINS leaves the question as it is.
    (refused,) = hear(client, ":s 482 me #x :You're not channel operator")
    assert isinstance(refused, Refused)
    assert hear(client, ":s 442 me #X :You're not on that channel") == [
        HistoryFailed(2, "#x", "442", "You're not on that channel")
    ]
    assert lines(client) == ["PINS #ci"]
    other = ":s 786 me #x e1-1 bob 5 anna 6 :text"
    (told,) = hear(client, other)
    assert told.text == "pinned in #x (e1-1): bob: text"
    assert hear(client, ":s 786 me #ci e1-1 bob soon") == []
    (page,) = hear(client, ":s 787 me #CI :End")
    assert (page.token, [(pin.id, pin.nick, pin.text, pin.by) for pin in page.messages]) == (
        3,
        [("e1-1", "bob", "", "")],
    )
    (told,) = hear(client, ":s 787 me #ci :End")
    assert told.text == "#ci: End"


@pytest.mark.parametrize(
    "answer",
    [
        ":s FAIL SEARCH INVALID_PARAMS in :You're not on that channel",
        ":s 421 me SEARCH :Unknown command",
        ":s 461 me SEARCH :Not enough parameters",
    ],
)
def test_a_search_that_fails(answer):
    client = registered(ALL + " soju.im/search")
    client.search(1, [("in", "#x")])
    (failed,) = hear(client, answer)
    assert (type(failed), failed.token) == (HistoryFailed, 1)


@pytest.mark.parametrize(
    ("note", "reached", "why"),
    [
        ("INCOMPLETE 2026-11-22T11:00:00.000Z indexing :Its index is being made", 11, "indexing"),
        ("INCOMPLETE 2026-11-22T11:00:00.000Z :It took too long", 11, ""),
        ("INCOMPLETE yesterday :It took too long", None, ""),
        ("INCOMPLETE", None, ""),
        ("SLOW :Wait", None, ""),
    ],
)
def test_a_search_that_could_not_look_everywhere(note, reached, why):
    client = registered(ALL + " soju.im/search")
    client.search(1, [("text", "x")])
    answer = (":s BATCH +b soju.im/search", ":s BATCH -b")
    (page,) = hear(client, f":s NOTE SEARCH {note}", *answer)
    assert page == HistoryPage(1, "", (), reached and NOW.replace(hour=reached, minute=0, second=0), why)
    client.search(2, [("text", "x")])
    assert hear(client, *answer) == [HistoryPage(2, "", ())]
    (told,) = hear(client, ":s NOTE SEARCH INCOMPLETE 2026-11-22T11:00:00.000Z :Nobody asked")
    assert told.text == "Nobody asked"


def test_a_search_too_long_for_a_line():
    client = registered(ALL + " soju.im/search")
    with pytest.raises(ValueError, match="too long"):
        client.search(1, [("text", "x" * 600)])


def test_unasked_history_is_heard_as_such():
    client = registered(ALL, "#ci")
    heard = hear(client, ":s BATCH +b chathistory #ci", "@batch=b :bob!b@h PRIVMSG #ci :old", ":s BATCH -b")
    assert heard == [Message("", NOW, "#ci", "bob", "old", replayed=True)]


def test_batches_in_batches_without_end():
    client = registered(caps="batch")
    chain = [f"@batch={n + 1} BATCH +{n} x" for n in range(3000)]
    assert hear(client, *(line for n, at in enumerate(chain) for line in (at, f"BATCH -{n - 1}"))) == []
    assert len(hear(client, "@batch=2999 :bob!b@h PRIVMSG #ci :deep", "BATCH -2999")) == 1


def test_a_batch_that_is_opened_again_is_given_up():
    client = registered(caps="batch")
    for _ in range(20_100):
        hear(client, "BATCH +a x", "@batch=a :bob!b@h PRIVMSG #ci :lost")
    assert len(hear(client, "@batch=a :bob!b@h PRIVMSG #ci :kept", "BATCH -a")) == 2


def test_a_label_that_is_no_number_of_ours():
    client = registered(caps="batch labeled-response")
    assert hear(client, f"@label={'9' * 5000} :s ACK") == []


def test_nested_batches_and_unknown_ones():
    client = registered(ALL, "#ci")
    heard = hear(
        client,
        ":s BATCH +a netsplit x y",
        "@batch=a :bob!b@h QUIT :x y",
        "@batch=a :s BATCH +i other",
        "@batch=i :amy!b@h JOIN #ci",
        ":s BATCH -i",
        "@batch=a :joe!b@h JOIN #ci",
        ":s BATCH -a",
        ":s BATCH -never",
    )
    assert heard == [Left(NOW, "#ci", "bob", "x y"), Joined(NOW, "#ci", "amy"), Joined(NOW, "#ci", "joe")]


def test_line_over_the_limit_is_skipped():
    client = registered("", "#ci")
    heard = client.receive_data(
        b":bob!b@h PRIVMSG #ci :" + b"x" * 20_000 + b"\r\n:bob!b@h PRIVMSG #ci :next\r\n", NOW
    )
    assert [message.text for message in heard] == ["next"]


def test_what_can_not_be_said_raises():
    client = registered()
    with pytest.raises(ValueError, match="one line"):
        client.send("TOPIC", "#ci", "a\nb")


def test_an_invitation_is_told():
    client = registered()
    (told,) = hear(client, ":bob!b@h INVITE me #tea")
    assert told == Told(NOW, "bob invites you to #tea")
    assert hear(client, ":s 341 me bob #tea") == [Told(NOW, "bob is invited to #tea", "341")]
