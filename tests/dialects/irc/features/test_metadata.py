"""METADATA (draft/metadata-3: extensions/metadata.md of ircv3-specifications, pull request 613).

Its headings: "Capability", "METADATA GET" to "METADATA SYNC", "Standard Replies".
"""

import re

import pytest

from asyncchat.core.features.metadata.state import KEYS_EACH, LARGE, SUBSCRIBED_EACH, VALUE_BYTES

CAPS = "draft/metadata-3 batch"
SERVER = ":irc.test "
FAIL = SERVER + "FAIL METADATA "
LATER = SERVER + "774 a *ALL 0 :Ask for it with METADATA SYNC"


def batches(lines):
    """Lines with the references of their batches as ``@1``, ``@2``…"""
    refs: list[str] = []
    for line in lines:
        found = re.search(r" BATCH \+(\S+)", line)
        if found:
            refs.append(found[1])
    for number, ref in enumerate(refs, 1):
        lines = [re.sub(rf"(batch=|BATCH [+-]){ref}\b", rf"\g<1>@{number}", line) for line in lines]
    return [line.removeprefix(SERVER).replace(f" {SERVER}", " ") for line in lines]


@pytest.fixture
def a(server):
    return server.person("a", "#r", caps=CAPS)


@pytest.fixture
def b(server, a):
    return server.person("b", "#r", caps=CAPS)


class TestOffered:
    def test_the_capability_tells_its_limits(self, server):
        listed = " ".join(server.connect().send("CAP LS 302"))
        limits = f"max-subs={SUBSCRIBED_EACH},max-keys={KEYS_EACH},max-value-bytes={VALUE_BYTES}"
        assert (
            f" draft/metadata-2=before-connect,{limits} draft/metadata-3=before-connect,{limits} " in listed
        )
        assert " draft/metadata-2 draft/metadata-3 " in " ".join(server.connect().send("CAP LS"))

    def test_the_older_name_means_the_same(self, server, a):
        old = server.person("old", "#r", caps="draft/metadata-2 batch")
        old.send("METADATA * SUB url")
        a.send("METADATA * SET url :u")
        assert old.read() == [SERVER + "761 * a url * :u"]

    def test_never_beside_the_older_one(self, server):
        peer = server.connect()
        asked = "draft/metadata-2 metadata-notify"
        assert peer.send(f"CAP REQ :{asked}") == [SERVER + f"CAP * NAK :{asked}"]

    def test_in_any_order_and_without_batches_no_batch(self, server):
        peer = server.person("x", caps="draft/metadata-2")
        peer.send("METADATA * SET url :u")
        assert peer.send("METADATA * LIST") == [SERVER + "761 x x url * :u"]


class TestSetAndGet:
    def test_ones_own(self, a):
        assert a.send("METADATA * SET url :http://www.example.com") == [
            SERVER + "761 a * url * :http://www.example.com"
        ]
        assert a.send("metadata A set im.xmpp :a b") == [SERVER + "761 a A im.xmpp * :a b"]
        assert batches(a.send("METADATA * LIST")) == [
            "BATCH +@1 metadata a",
            "@batch=@1 761 a a url * :http://www.example.com",
            "@batch=@1 761 a a im.xmpp * :a b",
            "BATCH -@1",
        ]

    def test_of_another(self, a, b):
        a.send("METADATA * SET im.xmpp :a@example.com", "METADATA * SET empty :x", "METADATA * SET empty :")
        assert batches(b.send("METADATA A GET blargh $url$ im.xmpp empty")) == [
            "BATCH +@1 metadata a",
            "@batch=@1 766 b a blargh :key not set",
            "@batch=@1 FAIL METADATA INVALID_KEY $url$ :A key has only the characters a-z 0-9 _ . / - "
            "and at most 48 of them",
            "@batch=@1 761 b a im.xmpp * :a@example.com",
            "@batch=@1 766 b a empty :key not set",
            "BATCH -@1",
        ]

    def test_nothing_is_an_empty_batch(self, a):
        assert batches(a.send("METADATA #R LIST")) == ["BATCH +@1 metadata #r", "BATCH -@1"]

    def test_taken_away(self, a):
        a.send("METADATA * SET url :x")
        assert a.send("METADATA * SET url") == [SERVER + "766 a * url :key not set"]
        assert a.send("METADATA * SET url") == [SERVER + "766 a * url :key not set"]  # "METADATA SET"

    def test_without_a_colon(self, a):
        assert a.send("METADATA * SET status out for lunch") == [SERVER + "761 a * status * :out for lunch"]

    def test_cleared(self, a):
        a.send("METADATA #r SET url :x", "METADATA #r SET note :y")
        assert batches(a.send("METADATA #r CLEAR")) == [
            "BATCH +@1 metadata #r",
            "@batch=@1 766 a #r url :key not set",
            "@batch=@1 766 a #r note :key not set",
            "BATCH -@1",
        ]
        assert batches(a.send("METADATA #r CLEAR")) == ["BATCH +@1 metadata #r", "BATCH -@1"]

    def test_one_label_for_the_whole_batch(self, server):
        peer = server.person("x", caps=f"{CAPS} labeled-response")
        first, *_, last = peer.send("@label=7 METADATA * LIST")
        assert first.startswith("@label=7 :irc.test BATCH +")
        assert " BATCH -" in last
        assert peer.send("@label=8 METADATA * SET url :x") == ["@label=8 :irc.test 761 x * url * :x"]

    def test_in_whois(self, a, b, server):
        a.send("METADATA * SET url :u")
        assert SERVER + "760 b a url * :u" in b.send("WHOIS a")
        assert not [line for line in server.person("c").send("WHOIS a") if " 760 " in line]


class TestRefused:
    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            ("METADATA * destr0y", "INVALID_PARAMS destr0y"),
            ("METADATA $a:user SET url :x", "INVALID_TARGET $a:user"),
            ("METADATA nobody LIST", "INVALID_TARGET nobody"),
            ("METADATA nobody SYNC", "INVALID_TARGET nobody"),
            ("METADATA #none GET url", "INVALID_TARGET #none"),
            ("METADATA #none CLEAR", "INVALID_TARGET #none"),
            ("METADATA #r SUB url", "INVALID_TARGET #r"),
            ("METADATA a UNSUB url", "INVALID_TARGET a"),
            ("METADATA * SET $url$ :x", "INVALID_KEY $url$"),
            ("METADATA * SET :", "INVALID_KEY *"),
            ("METADATA * SET :a b", "INVALID_KEY a_b"),
            ("METADATA a SET url :x", "KEY_NO_PERMISSION a url"),
            ("METADATA #r SET url :x", "KEY_NO_PERMISSION #r url"),
            ("METADATA #r CLEAR", "KEY_NO_PERMISSION #r *"),
            (f"METADATA * SET url :{'x' * (VALUE_BYTES + 1)}", "INVALID_VALUE url"),
        ],
    )
    def test_with_its_code(self, b, line, answer):
        (told,) = b.send(line)
        assert told.startswith(f"{FAIL}{answer} :")

    @pytest.mark.parametrize("line", ["METADATA", "METADATA *", "METADATA * GET", "METADATA * SUB"])
    def test_too_few_parameters(self, b, line):
        assert b.send(line) == [SERVER + "461 b METADATA :Not enough parameters"]

    def test_what_is_no_utf8(self, a):
        assert a.send_raw(b"METADATA * SET url :\xff\r\n") == [
            FAIL + "INVALID_VALUE url :A value must be UTF-8"
        ]
        assert a.send_raw(b"METADATA * SET \xff :\xff\r\n") == [
            FAIL + "INVALID_VALUE * :A value must be UTF-8"
        ]

    def test_an_invite_only_rooms_values(self, server, a):
        a.send("METADATA #r SET url :x", "MODE #r +i")
        outside = server.person("c", caps=CAPS)
        for subcommand in ("GET url", "LIST", "SYNC"):
            assert outside.send(f"METADATA #r {subcommand}") == [
                FAIL + "KEY_NO_PERMISSION #r * :Only members may read that"
            ]

    def test_too_many_keys(self, a):
        for number in range(KEYS_EACH):
            a.send(f"METADATA * SET k{number} :x")
        assert a.send("METADATA * SET url :x") == [
            FAIL + f"LIMIT_REACHED * {KEYS_EACH} :There is no place for another key"
        ]

    def test_too_fast(self, a):
        lines = [line for n in range(70) for line in a.send(f"METADATA #r SET url :{n}")]
        assert lines[-1] == FAIL + "RATE_LIMITED #r url 3 :Too many changes"


class TestSubscribing:
    def test_and_no_longer(self, a):
        assert a.send("METADATA * SUB avatar website $url foo") == [
            SERVER + "770 a avatar website foo",
            FAIL + "INVALID_KEY $url :A key has only the characters a-z 0-9 _ . / - and at most 48 of them",
            LATER,
        ]
        assert a.send("METADATA a SUB foo foo") == [SERVER + "770 a foo"]
        assert batches(a.send("METADATA * SUBS")) == [
            "BATCH +@1 metadata-subs",
            "@batch=@1 772 a avatar website foo",
            "BATCH -@1",
        ]
        assert a.send("METADATA * UNSUB foo bar $") == [
            SERVER + "771 a foo bar",
            FAIL + "INVALID_KEY $ :A key has only the characters a-z 0-9 _ . / - and at most 48 of them",
        ]
        a.send("METADATA * UNSUB avatar website")
        assert batches(a.send("METADATA * SUBS")) == ["BATCH +@1 metadata-subs", "BATCH -@1"]

    def test_too_many(self, a):
        keys = [f"k{number}" for number in range(SUBSCRIBED_EACH)]
        *lines, later = a.send(f"METADATA * SUB {' '.join(keys[:-1])}")
        assert later == LATER
        assert all(line.split(" ")[1] == "770" and len(line.split(" ")) <= 16 for line in lines)
        assert [key for line in lines for key in line.split(" ")[3:]] == keys[:-1]
        assert a.send("METADATA * SUB x y z") == [
            SERVER + "770 a x",
            FAIL
            + f"LIMIT_REACHED y {SUBSCRIBED_EACH} :Too many subscriptions: "
            + "this key and those after it were not taken",
            LATER,
        ]
        assert a.send("METADATA * SUB y")[0].startswith(FAIL + "LIMIT_REACHED y ")
        assert a.send("METADATA * SUB k3") == [SERVER + "770 a k3"]
        listed = [line for line in a.send("METADATA * SUBS") if " 772 " in line]
        assert sum(len(line.split(" ")) - 4 for line in listed) == SUBSCRIBED_EACH

    def test_what_is_there_is_told_when_one_asks(self, a, b):
        a.send("METADATA * SET url :mine", "METADATA #r SET url :room")
        b.send("METADATA * SUB url")
        assert batches(b.send("METADATA *all SYNC")) == [
            "BATCH +@1 metadata *ALL",
            "@batch=@1 761 * #r url * :room",
            "@batch=@1 761 * a url * :mine",
            "BATCH -@1",
        ]


class TestNotified:
    def test_of_people_and_rooms(self, server, a, b):
        b.send("METADATA * SUB url")
        bare = server.person("c", "#r", caps="batch")
        bare.send("METADATA * SUB url")
        for peer in (a, b):
            peer.read()
        a.send(
            "METADATA * SET url :x", "METADATA * SET other :x", "METADATA #r SET url :y", "METADATA * SET url"
        )
        assert b.read() == [
            SERVER + "761 * a url * :x",
            SERVER + "761 * #r url * :y",
            SERVER + "766 * a url :key not set",
        ]
        assert bare.read() == []  # it knows no METADATA

    def test_never_of_what_one_does_oneself(self, a):
        a.send("METADATA * SUB url")
        assert a.send("METADATA * SET url :x") == [SERVER + "761 a * url * :x"]

    def test_not_without_a_room_in_common(self, server, a):
        other = server.person("c", caps=CAPS)
        other.send("METADATA * SUB url")
        a.send("METADATA * SET url :x")
        assert other.read() == []

    def test_of_who_is_monitored(self, server, a):
        other = server.person("c", caps=CAPS)
        a.send("METADATA * SET url :x")
        other.send("METADATA * SUB url", "MONITOR + late")
        assert batches(other.send("MONITOR + a"))[-3:] == [
            "BATCH +@1 metadata a",
            "@batch=@1 761 * a url * :x",
            "BATCH -@1",
        ]
        a.send("METADATA * SET url :y")
        assert other.read() == [SERVER + "761 * a url * :y"]
        late = server.connect()
        late.send(f"CAP REQ :{CAPS}", "METADATA * SET url :z", "NICK late", "USER l 0 * :l", "CAP END")
        assert batches(other.read()) == [
            "730 * :late!l@192.0.2.1",
            "BATCH +@1 metadata late",
            "BATCH -@1",
            "761 * late url * :z",
        ]

    def test_of_who_joins(self, server, b):
        b.send("METADATA * SUB url")
        other = server.person("c", caps=CAPS)
        other.send("METADATA * SET url :x", "JOIN #r")
        assert b.read() == [":c!c@192.0.2.1 JOIN #r", SERVER + "761 * c url * :x"]

    def test_when_somebody_logs_in(self, server, a, b):
        b.send("METADATA * SUB url", "REGISTER * * secret", "METADATA * SET url :kept", "NS LOGOUT")
        a.send("METADATA * SUB url")
        b.send("METADATA * SET url :guest")
        assert a.read() == [SERVER + "761 * b url * :guest"]
        told = b.send("NS IDENTIFY secret")
        assert SERVER + "761 * b url * :kept" in told
        assert a.read() == [SERVER + "761 * b url * :kept"]


class TestJoining:
    def test_brings_what_is_there(self, server, a):
        a.send("METADATA * SET url :mine", "METADATA #r SET url :room")
        peer = server.person("c", caps=CAPS)
        peer.send("METADATA * SUB url")
        assert batches(peer.send("JOIN #r"))[-4:] == [
            "BATCH +@1 metadata #r",
            "@batch=@1 761 * #r url * :room",
            "@batch=@1 761 * a url * :mine",
            "BATCH -@1",
        ]
        assert batches(peer.send("METADATA #r SYNC")) == [
            "BATCH +@1 metadata #r",
            "@batch=@1 761 * #r url * :room",
            "@batch=@1 761 * a url * :mine",
            "BATCH -@1",
        ]
        assert batches(peer.send("METADATA a SYNC")) == [
            "BATCH +@1 metadata a",
            "@batch=@1 761 * a url * :mine",
            "BATCH -@1",
        ]

    def test_without_names_too(self, server, a):
        a.send("METADATA #r SET url :room")
        peer = server.person("c", caps=f"{CAPS} no-implicit-names")
        peer.send("METADATA * SUB url")
        assert "761 * #r url * :room" in peer.send("JOIN #r")[-2]

    def test_nothing_without_a_subscription(self, server, a):
        a.send("METADATA #r SET url :room")
        assert " 366 " in server.person("c", caps=CAPS).send("JOIN #r")[-1]

    def test_a_large_room_says_when_to_ask(self, server, a):
        for number in range(LARGE):
            server.hub.join(lambda id: server.irc.dialect(id, "h")).send(
                f"NICK n{number}", "USER n 0 * :n", "JOIN #r"
            )
        a.send("METADATA #r SET url :room")
        peer = server.person("c", caps=CAPS)
        peer.send("METADATA * SUB url")
        later = re.fullmatch(
            r":irc.test 774 c #r (\d+) :Ask for it with METADATA SYNC", peer.send("JOIN #r")[-1]
        )
        assert later
        assert int(later[1]) > 0
        assert "761 * #r url * :room" in peer.send("METADATA #r SYNC")[1]
        assert " 774 c #r " in peer.send("METADATA *ALL SYNC")[-1]

    def test_a_renamed_room_is_to_be_asked_for_by_who_sees_a_join(self, server, a, b):
        a.send("METADATA #r SET url :room", "RENAME #r #s")
        assert b.read()[-1] == SERVER + "774 b #s 1 :Ask for it with METADATA SYNC"


class TestBeforeEntering:
    def test_all_of_it(self, server):
        peer = server.connect()
        peer.send(f"CAP REQ :{CAPS}")
        assert peer.send("METADATA * SUB display-name $ x", "METADATA * UNSUB x") == [
            SERVER + "770 * display-name x",
            FAIL + "INVALID_KEY $ :A key has only the characters a-z 0-9 _ . / - and at most 48 of them",
            SERVER + "771 * x",
        ]
        assert peer.send("METADATA * SET display-name :a b c", "METADATA * SET url :u") == [
            SERVER + "761 * * display-name * :a b c",
            SERVER + "761 * * url * :u",
        ]
        assert peer.send("METADATA * SET url", "METADATA * SET $ x") == [
            SERVER + "766 * * url :key not set",
            FAIL + "INVALID_KEY $ :A key has only the characters a-z 0-9 _ . / - and at most 48 of them",
        ]
        assert batches(peer.send("METADATA * GET display-name url", "METADATA * SUBS")) == [
            "BATCH +@1 metadata *",
            "@batch=@1 761 * * display-name * :a b c",
            "@batch=@1 766 * * url :key not set",
            "BATCH -@1",
            "BATCH +@2 metadata-subs",
            "@batch=@2 772 * display-name",
            "BATCH -@2",
        ]
        burst = batches(peer.send("NICK abc", "USER u s e r", "CAP END"))
        assert burst[-4:] == [
            "BATCH +@1 metadata abc",
            "@batch=@1 761 * abc display-name * :a b c",
            "BATCH -@1",
            "422 abc :There is no message of the day",
        ]
        assert "772 abc display-name" in peer.send("METADATA * SUBS")[1]

    def test_in_one_piece(self, server):
        lines = server.connect().send(
            f"CAP REQ :{CAPS}", "NICK abc", "METADATA * SET url :u", "USER u s e r", "CAP END"
        )
        assert "761 * abc url * :u" in lines[-3]

    def test_others_and_rooms_are_no_targets(self, server, a):
        peer = server.connect()
        for target in ("a", "#r", "me"):
            peer.send("NICK me")
            assert peer.send(f"METADATA {target} LIST") == [
                FAIL + f"INVALID_TARGET {target} :The target must be *"
            ]

    def test_a_refused_nick_loses_nothing_and_a_refused_key_no_nick(self, server, a):
        peer = server.connect()
        peer.send(f"CAP REQ :{CAPS}", "METADATA * SET url :u", "USER u s e r", "CAP END")
        assert " 433 " in peer.send("NICK a")[0]
        assert peer.send("METADATA * SET Bad :x")[0].startswith(FAIL + "INVALID_KEY Bad ")
        assert "761 * b url * :u" in peer.send("NICK b")[-3]

    def test_cleared(self, server):
        peer = server.connect()
        peer.send(f"CAP REQ :{CAPS}", "METADATA * SET url :u")
        assert "766 * * url :key not set" in peer.send("METADATA * CLEAR")[1]
        assert batches(peer.send("METADATA * LIST", "METADATA * SYNC")) == [
            "BATCH +@1 metadata *",
            "BATCH -@1",
            "BATCH +@2 metadata *",
            "BATCH -@2",
        ]

    def test_an_empty_batch_for_who_has_nothing(self, server):
        peer = server.connect()
        lines = peer.send(f"CAP REQ :{CAPS}", "NICK x", "USER x 0 * :x", "CAP END")
        assert batches(lines)[-3:-1] == ["BATCH +@1 metadata x", "BATCH -@1"]
        assert not [line for line in server.person("y", caps="batch").send("MOTD") if "metadata" in line]
