"""Messages of several lines, as clients send them (client-batch, draft/multiline) and as others read them."""

import pytest

from asyncchat.core.features.messages import Said, Speech
from asyncchat.dialects.irc import batches

SERVER = ":irc.test "
FROM_A = ":a!a@192.0.2.1 "
CAPS = "batch message-tags standard-replies draft/multiline"
TIME = "time=2023-11-14T22:13:20."


@pytest.fixture
def three(server):
    """Who sends in batches, who reads them, and who does not."""
    a = server.person("a", "#r", caps=CAPS)
    return a, server.person("b", "#r", caps=f"{CAPS} server-time"), server.person("c", "#r")


def number(server):
    return server.hub.records[-1].number


def whole(*lines, ref="1", target="#r", kind="draft/multiline"):
    return [f"BATCH +{ref} {kind} {target}", *lines, f"BATCH -{ref}"]


def of(*texts, target="#r", command="PRIVMSG", ref="1"):
    return whole(*(f"@batch={ref} {command} {target} :{text}" for text in texts), target=target, ref=ref)


def test_the_capability_says_its_limits(server):
    listed = " ".join(server.connect().send("CAP LS 302"))
    assert "draft/multiline=max-bytes=8192,max-lines=256" in listed


def test_one_message_for_who_asked_and_lines_for_who_did_not(server, three):
    a, b, c = three
    assert (
        a.send(
            "@+reply=x BATCH +1-A draft/multiline #R",
            "@batch=1-A PRIVMSG #r hello",
            "@batch=1-A PRIVMSG #r :",
            "@batch=1-A privmsg #R :how is ",
            "@batch=1-A;draft/multiline-concat PRIVMSG #r :everyone?",
            "BATCH -1-A",
        )
        == []
    )
    said = server.hub.records[-1].event
    assert isinstance(said, Said)
    assert (said.text, said.cuts) == ("hello\n\nhow is everyone?", (14,))
    ref = f"m{number(server)}"
    *told, end = b.read()
    assert told[0].startswith(f"@{TIME}")
    assert told[0].endswith(f"Z;msgid=e1-{number(server)};+reply=x {FROM_A}BATCH +{ref} draft/multiline #r")
    assert told[1:] == [
        f"@batch={ref} {FROM_A}PRIVMSG #r :hello",
        f"@batch={ref} {FROM_A}PRIVMSG #r :",
        f"@batch={ref} {FROM_A}PRIVMSG #r :how is ",
        f"@batch={ref};draft/multiline-concat {FROM_A}PRIVMSG #r :everyone?",
    ]
    assert end == f"{SERVER}BATCH -{ref}"
    assert c.read() == [FROM_A + f"PRIVMSG #r :{text}" for text in ("hello", "how is ", "everyone?")]


def test_the_id_is_on_the_first_line_for_who_reads_lines(server, three):
    """And the client's tags on each (extensions/multiline, "Fallback" and "Message ids")."""
    a, _b, _c = three
    d = server.person("d", "#r", caps="message-tags")
    begin, *lines = of("", "one", "two")
    a.send(f"@+reply=x {begin}", *lines)
    assert d.read() == [
        f"@msgid=e1-{number(server)};+reply=x {FROM_A}PRIVMSG #r :one",
        f"@+reply=x {FROM_A}PRIVMSG #r :two",
    ]


def test_who_has_no_batch_reads_lines(server, three):
    a, _b, _c = three
    d = server.person("d", "#r", caps="draft/multiline")
    a.send(*of("one", "two"))
    assert d.read() == [FROM_A + "PRIVMSG #r :one", FROM_A + "PRIVMSG #r :two"]
    d.send("CAP REQ :batch")
    a.send(*of("one", "two"))
    assert "BATCH +" in d.read()[0]


def test_an_echo_is_a_batch(server, three):
    a, _b, _c = three
    a.send("CAP REQ :echo-message")
    first, *_, last = a.send(*of("one", "two"))
    assert first.startswith(f"@msgid=e1-{number(server)} {FROM_A}BATCH +")
    assert last == f"{SERVER}BATCH -m{number(server)}"


def test_to_a_person_as_a_notice_and_to_a_role(server, three):
    a, b, _c = three
    a.send(*of("one", "two", target="B", command="NOTICE"))
    assert [line.rpartition(FROM_A)[2] for line in b.read()[:-1]] == [
        f"BATCH +m{number(server)} draft/multiline b",
        "NOTICE b :one",
        "NOTICE b :two",
    ]
    a.send("MODE #r +o b", *of("one", "two", target="@#r"))
    assert any(line.endswith("PRIVMSG @#r :two") for line in b.read())


def test_one_line_is_a_message_as_any(three):
    a, _b, c = three
    a.send(*of("one"))
    assert c.read() == [FROM_A + "PRIVMSG #r :one"]


def test_lines_that_were_joined_are_cut_again_where_they_were(server, three):
    a, b, c = three
    a.send(*whole("@batch=1 PRIVMSG #r :ab", "@batch=1;draft/multiline-concat PRIVMSG #r :cd"))
    assert server.hub.records[-1].event.text == "abcd"
    assert c.read() == [FROM_A + "PRIVMSG #r :ab", FROM_A + "PRIVMSG #r :cd"]
    assert len(b.read()) == 4


def test_an_action_of_several_lines(server, three):
    a, b, c = three
    a.send(
        *whole(
            "@batch=1 PRIVMSG #r :\x01ACTION waves ",
            "@batch=1;draft/multiline-concat PRIVMSG #r :twice",
            "@batch=1 PRIVMSG #r :and goes\x01",
        )
    )
    said = server.hub.records[-1].event
    assert (said.text, said.speech, said.cuts) == ("waves twice\nand goes", Speech.ACTION, (6,))
    assert [line.rpartition(" :")[2] for line in c.read()] == [
        f"\x01ACTION {text}\x01" for text in ("waves ", "twice", "and goes")
    ]
    assert [line.rpartition(" :")[2] for line in b.read()[1:-1]] == [
        "\x01ACTION waves ",
        "twice",
        "and goes\x01",
    ]


def test_a_long_line_of_anyone_is_one_batch(server, three):
    _a, b, c = three
    server.hub.peers[3].send("PRIVMSG #r :" + "x" * 490)
    lines = b.read()
    assert [";draft/multiline-concat " in line for line in lines] == [False, False, True, False]
    assert "".join(line.rpartition(" :")[2] for line in lines[1:-1]) == "x" * 490
    assert c.read() == []


def test_a_page_of_the_history_nests_it(server):
    a = server.person("a", "#r", caps=f"{CAPS} draft/chathistory")
    a.send(*of("one", "two"), "PRIVMSG #r :three")
    ref = f"m{number(server) - 1}"
    page = a.send("CHATHISTORY LATEST #r * 10")
    assert page[1] == f"@batch=h0;msgid=e1-{number(server) - 1} {FROM_A}BATCH +{ref} draft/multiline #r"
    assert page[2:4] == [f"@batch={ref} {FROM_A}PRIVMSG #r :{text}" for text in ("one", "two")]
    assert page[4] == f"@batch=h0 {SERVER}BATCH -{ref}"
    assert page[5].startswith("@batch=h0;msgid=")


FAILURES = [
    (["BATCH +a!b draft/multiline #r"], "INVALID_REFTAG a!b"),
    (["BATCH + draft/multiline #r"], "INVALID_REFTAG *"),
    (["BATCH +" + "a" * 65 + " draft/multiline #r"], "INVALID_REFTAG " + "a" * 65),
    (["BATCH 1 draft/multiline #r"], "INVALID_REFTAG 1"),
    (["BATCH +1 netsplit #r"], "UNKNOWN_TYPE 1 netsplit"),
    (["BATCH +1"], "UNKNOWN_TYPE 1 *"),
    (["BATCH +1 draft/multiline"], "MULTILINE_INVALID"),
    (["BATCH +1 draft/multiline #r #s"], "MULTILINE_INVALID"),
    (["BATCH +1 draft/multiline #r,#s"], "MULTILINE_INVALID"),
    (["BATCH -1"], "MULTILINE_INVALID"),
    (["@batch=1 PRIVMSG #r :x"], "MULTILINE_INVALID"),
    (whole("@batch=2 PRIVMSG #r :x"), "MULTILINE_INVALID"),
    (whole("@batch=1 PRIVMSG #s :x"), "MULTILINE_INVALID_TARGET #r #s"),
    (whole("@batch=1 PRIVMSG #r :x", "@batch=1 NOTICE #r :x"), "MULTILINE_INVALID"),
    (whole("@batch=1 TOPIC #r :x"), "MULTILINE_INVALID"),
    (whole("@batch=1 PRIVMSG #r"), "MULTILINE_INVALID"),
    (whole("@batch=1 PRIVMSG #r :x", "@batch=1;draft/multiline-concat PRIVMSG #r :"), "MULTILINE_INVALID"),
    (of("", ""), "MULTILINE_INVALID"),
    (whole(), "MULTILINE_INVALID"),
    (of(*(["x"] * 257)), "MULTILINE_MAX_LINES 256"),
    (of(*(["ж" * 200] * 21)), "MULTILINE_MAX_BYTES 8192"),
    (["BATCH +1 draft/multiline #r", "@batch=1 BATCH +2 draft/multiline #r"], "MULTILINE_INVALID"),
    (["BATCH +1 draft/multiline #r", "BATCH +2 draft/multiline #r", "BATCH -1"], "MULTILINE_INVALID"),
]


@pytest.mark.parametrize(("sent", "code"), FAILURES, ids=[code for _, code in FAILURES])
def test_a_batch_that_fails_does_so_once_and_says_nothing(server, three, sent, code):
    a, _b, c = three
    before = len(server.hub.records)
    (line,) = a.send(*sent)
    assert line.startswith(f"{SERVER}FAIL BATCH {code} :")
    assert c.read() == []
    assert len(server.hub.records) == before
    a.send(*of("then", "again", ref="9"))
    assert len(c.read()) == 2


def test_the_most_that_fits(server, three):
    a, _b, c = three
    assert a.send(*of(*(["x"] * 100))) == []
    assert len(c.read()) == 100
    assert a.send(*of(*["x" * 453] * 18, "x" * 20)) == []
    assert len(server.hub.records[-1].event.text) == batches.MOST_BYTES
    assert a.send(*of(*["x" * 453] * 18, "x" * 21))[0].startswith(f"{SERVER}FAIL BATCH MULTILINE_MAX_BYTES")


def test_without_the_capability_no_type_is_known(server):
    a = server.person("a", "#r", caps="batch message-tags")
    assert a.send("BATCH +1 draft/multiline #r", "@batch=1 PRIVMSG #r :x", "BATCH -1") == [
        f"{SERVER}FAIL BATCH UNKNOWN_TYPE 1 draft/multiline :Unknown batch type"
    ]


def test_another_line_breaks_an_open_batch_and_is_obeyed(three):
    a, _b, c = three
    lines = a.send("BATCH +1 draft/multiline #r", "@batch=1 PRIVMSG #r :x", "PRIVMSG #r :y", "BATCH -1")
    assert [line.split(" ")[1:4] for line in lines] == [["FAIL", "BATCH", "MULTILINE_INVALID"]]
    assert c.read() == [FROM_A + "PRIVMSG #r :y"]


@pytest.mark.parametrize("text", [b"\xff", b"x" * 600])
def test_a_line_that_is_lost_breaks_its_batch(three, text):
    a, _b, c = three
    a.send("BATCH +1 draft/multiline #r")
    failed, *_said = a.send_raw(b"@batch=1 PRIVMSG #r :%b\r\n" % text)
    assert failed.startswith(f"{SERVER}FAIL BATCH MULTILINE_INVALID :")
    assert a.send("@batch=1 PRIVMSG #r :x", "BATCH -1") == []
    assert c.read() == []


def test_signs_of_life_do_not_break_it(three):
    a, _b, c = three
    a.send("BATCH +1 draft/multiline #r", "PING x", "PONG y", *of("one")[1:])
    assert c.read() == [FROM_A + "PRIVMSG #r :one"]


def test_a_batch_left_open_lapses(three):
    a, _b, c = three
    a.send("BATCH +1 draft/multiline #r", "@batch=1 PRIVMSG #r :x")
    assert a.dialect.on_tick(1000.0) == b""
    assert a.dialect.on_tick(1000.0 + batches.OPEN_SECONDS - 1) == b""
    assert a.dialect.on_tick(1000.0 + batches.OPEN_SECONDS) == (
        b":irc.test FAIL BATCH TIMEOUT 1 :The batch was left open for too long\r\n"
    )
    assert a.send("@batch=1 PRIVMSG #r :x", "BATCH -1") == []
    assert c.read() == []
    assert a.dialect.client_batches is None


def test_nothing_is_kept_of_a_batch_that_is_over(three):
    a, _b, _c = three
    a.send(*of("one", "two"))
    assert a.dialect.client_batches is None


def test_what_is_kept_of_those_that_failed_is_bounded(three):
    a, _b, _c = three
    for at in range(100):
        a.send(f"BATCH +{at} x")
    assert len(a.dialect.client_batches.refused) == 8


def test_a_refusal_of_the_room(server, three):
    a, _b, _c = three
    assert a.send(*of("one", "two", target="#none")) == [SERVER + "403 a #none :No such channel"]


def test_the_lines_of_a_message_count_as_few_to_the_flood_control(server):
    peer = server.person("q", "#r", caps=f"{CAPS} labeled-response")
    lines = ["BATCH +1 draft/multiline #r", *("@batch=1 PRIVMSG #r :x" for _ in range(60)), "BATCH -1"]
    asked = peer.dialect.receive_data("".join(f"{line}\r\n" for line in lines).encode())
    assert len(asked) == 62
    assert peer.dialect.cost(asked) == 1 + 61 // 8
    one_by_one = [peer.dialect.receive_data(f"{line}\r\n".encode()) for line in lines]
    assert sum(map(peer.dialect.cost, one_by_one)) == 1 + 61 // 8 + (61 % 8 + 61 % 8) // 8
    empty = peer.dialect.receive_data(b"\r\n" * 62)
    assert peer.dialect.cost(empty) == 62
