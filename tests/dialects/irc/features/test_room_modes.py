"""Each mode of a room and of oneself: on, off, its effect, its refusals, and that a replay knows it."""

import pytest

from asyncchat.core import modes as core
from asyncchat.core.chat import Chat
from asyncchat.core.events import Retention
from asyncchat.core.features.room_modes import MaskChanged, over
from asyncchat.core.people import from_origin
from asyncchat.core.roles import ROLE_NAMED
from asyncchat.dialects.irc import modes
from asyncchat.dialects.irc.capabilities import isupport_tokens as isupport
from asyncchat.log.snapshot import snapshot
from tests.dialects.driver import CODE, Peer

SERVER = ":irc.test "
OP = ":op!op@192.0.2.1 "
A = ":a!a@192.0.2.1 "


@pytest.fixture
def pair(server):
    op, a = server.person("op", "#r"), server.person("a", "#r")
    op.read()
    return op, a


@pytest.fixture
def out(server):
    return server.person("out", host="198.51.100.1")


def modes_of(peer: Peer, room: str = "#r") -> str:
    """What 324 says after the room's name."""
    return peer.send(f"MODE {room}")[0].partition(f"{room} ")[2]


def cannot(nick: str, why: str) -> list[str]:
    return [SERVER + f"404 {nick} #r :Cannot send to channel: {why}"]


def test_every_table_has_its_letters():
    assert set(modes.FLAG_LETTERS) == set(core.FLAGS)
    assert set(modes.SETTING_LETTERS) == set(core.SETTINGS)
    assert set(modes.LIST_LETTERS) == set(core.MASK_LISTS) - {core.MUTES}
    assert set(modes.ROLE_LETTERS) == set(modes.PREFIXES) == set(ROLE_NAMED)
    assert set(modes.PERSON_LETTERS) == set(core.PERSON_FLAGS)
    room = [*modes.FLAG_OF, *modes.SETTING_OF, *modes.LIST_OF, *modes.ROLE_OF]
    assert len(room) == len(set(room))


def test_005_tells_of_them(server):
    tokens = isupport(server.irc.server)
    assert {
        "PREFIX=(qaohv)~&@%+",
        "STATUSMSG=~&@%+",
        "CHANMODES=Ibe,k,Wfl,CKMRUcimnstu",
        "EXCEPTS=e",
        "INVEX=I",
        "EXTBAN=,amrt",
        "BOT=B",
        "KEYLEN=64",
        "MAXLIST=b:100,e:100,I:100",
        "MODES=12",
    } <= set(tokens)


CHANGES = [
    *(
        (f"{letter}", f"+{letter}", f"-{letter}")
        for flag, letter in modes.FLAG_LETTERS.items()
        if flag not in core.OPENED_FLAGS
    ),
    ("k sesame", "+k sesame", "-k *"),
    ("l 12", "+l 12", "-l"),
    ("W 30", "+W 30", "-W"),
    ("f #other", "+f #other", "-f"),
]


@pytest.mark.parametrize(("change", "on", "off"), CHANGES)
def test_each_is_set_shown_kept_and_taken_away(server, pair, change, on, off):
    op, a = pair
    op.send("JOIN #other")
    assert op.send(f"MODE #r +{change}") == a.read() == [f"{OP}MODE #r {on}"]
    assert op.send(f"MODE #r +{change}") == a.read() == []
    letter, _, value = change.partition(" ")
    shown, *values = modes_of(a).split(" ")
    assert sorted(shown[1:]) == sorted(f"nt{letter}")
    assert values == ([value] if value else [])
    facts = [record.event for record in server.hub.records]
    assert Chat.replay(facts).state() == server.hub.chat.state()
    kept = [fact for fact in facts if fact.retention is Retention.STATE]
    few = snapshot(kept)
    assert few is not None
    room = Chat.replay(few).rooms["#r"]
    assert (room.flags, room.settings, room.speech_restricted) == (
        server.hub.chat.rooms["#r"].flags,
        server.hub.chat.rooms["#r"].settings,
        server.hub.chat.rooms["#r"].speech_restricted,
    )
    assert op.send(f"MODE #r -{change}") == a.read() == [f"{OP}MODE #r {off}"]
    assert modes_of(a) == "+nt"


@pytest.mark.parametrize(("change", "on", "off"), CHANGES)
def test_each_is_for_operators(pair, change, on, off):
    op, a = pair
    op.send("JOIN #other", "MODE #r +h a")
    a.read()
    assert a.send(f"MODE #r +{change}") == [SERVER + "482 a #r :You're not channel operator"]


class TestSpeaking:
    def test_moderated(self, pair):
        op, a = pair
        op.send("MODE #r +m")
        a.read()
        assert a.send("PRIVMSG #r :hi") == cannot("a", "only members with a role may speak")
        assert a.send("NOTICE #r :hi") == []
        op.send("MODE #r +v a")
        a.read()
        assert a.send("PRIVMSG #r :hi") == []
        assert op.read() == [A + "PRIVMSG #r :hi"]
        op.send("MODE #r -v a", "MODE #r -m")
        a.read()
        assert a.send("PRIVMSG #r :hi") == []

    def test_op_moderated(self, server, pair):
        op, a = pair
        b = server.person("b", "#r")
        op.send("MODE #r +U")
        for peer in (op, a, b):
            peer.read()
        assert a.send("PRIVMSG #r :psst") == []
        assert op.read() == [A + "PRIVMSG %#r :psst"]
        assert b.read() == []
        assert op.send("PRIVMSG #r :all") == []
        assert b.read() == [OP + "PRIVMSG #r :all"]

    def test_outsiders(self, pair, out):
        op, _a = pair
        assert out.send("PRIVMSG #r :hi") == cannot("out", "you are not in it")
        op.send("MODE #r -n")
        assert out.send("PRIVMSG #r :hi") == []
        assert op.read() == [":out!out@198.51.100.1 PRIVMSG #r :hi"]

    def test_no_colour(self, pair):
        op, a = pair
        op.send("MODE #r +c")
        a.read()
        assert a.send("PRIVMSG #r :\x0304red") == cannot("a", "colours are not allowed there")
        assert a.send("PRIVMSG #r :\x02bold") == []
        assert op.read() == [A + "PRIVMSG #r :\x02bold"]
        assert op.send("PRIVMSG #r :\x0304red") == cannot("op", "colours are not allowed there")

    def test_no_ctcp_but_actions(self, pair):
        op, a = pair
        op.send("MODE #r +C")
        a.read()
        text = "CTCP queries are not allowed there"
        assert a.send("PRIVMSG #r :\x01VERSION\x01") == cannot("a", text)
        assert a.send("NOTICE #r :\x01VERSION x\x01") == []
        assert op.read() == []
        assert a.send("PRIVMSG #r :\x01ACTION waves\x01") == []
        assert op.read() == [A + "PRIVMSG #r :\x01ACTION waves\x01"]

    def test_slow(self, server, pair):
        op, a = pair
        op.send("MODE #r +W 10")
        a.read()
        assert a.send("PRIVMSG #r :one") == []
        assert a.send("PRIVMSG #r :two") == cannot("a", "you spoke a moment ago, wait 10 s")
        server.hub.now += 10_000_000
        assert a.send("PRIVMSG #r :two") == []
        assert op.read() == [A + "PRIVMSG #r :one", A + "PRIVMSG #r :two"]
        assert op.send("PRIVMSG #r :x", "PRIVMSG #r :y") == []
        facts = [record.event for record in server.hub.records]
        assert Chat.replay(facts).state() == server.hub.chat.state()

    def test_slow_counts_tag_messages_but_typing(self, server, pair):
        """message-tags, "TAGMSG": "the same restrictions" as for a message; reactions are such messages."""
        op, _ = pair
        b = server.person("b", "#r", caps="message-tags")
        op.send("MODE #r +W 10")
        b.send("PRIVMSG #r :hi")
        b.read()
        for tags in ("+x.org/a=1", "+draft/reply=e1-1;+draft/react=x"):
            assert b.send(f"@{tags} TAGMSG #r") == cannot("b", "you spoke a moment ago, wait 10 s")
        assert b.send("@+typing=active TAGMSG #r") == []
        server.hub.now += 10_000_000
        id = b.dialect.context.server.ids.id_of(server.hub.records[-1].number)
        assert b.send(f"@+draft/reply={id};+draft/react=x TAGMSG #r") == []
        assert b.send("PRIVMSG #r :hi") == cannot("b", "you spoke a moment ago, wait 10 s")
        op.send("MODE #r +b m:b!*@*")
        b.read()
        assert b.send("@+typing=active TAGMSG #r") == cannot("b", "you are muted")

    def test_a_mute_is_an_extended_ban(self, server, pair):
        op, a = pair
        assert op.send("MODE #r +b m:a!*@*") == a.read() == [OP + "MODE #r +b m:a!*@*"]
        assert a.send("PRIVMSG #r :hi") == cannot("a", "you are muted")
        assert list(server.hub.chat.rooms["#r"].masks["mute"]) == ["a!*@*"]
        assert op.send("MODE #r b")[0].startswith(SERVER + "367 op #r m:a!*@* op ")
        assert a.send("PART #r", "JOIN #r")[1] == A + "JOIN #r"
        op.read()
        assert op.send("MODE #r +e a!*@*") == [OP + "MODE #r +e a!*@*"]
        a.read()
        assert a.send("PRIVMSG #r :hi") == []
        op.read()
        assert op.send("MODE #r -b m:a!*@*") == [OP + "MODE #r -b m:a!*@*"]

    def test_an_exception_of_mutes_alone(self, pair):
        op, a = pair
        assert op.send("MODE #r +be m:a:* m:a!*@*") == [OP + "MODE #r +be m:a:* m:a!*@*"]
        op.send("MODE #r -b m:a:*", "MODE #r +b m:a!*@*")
        a.read()
        assert a.send("PRIVMSG #r :hi") == []
        assert op.read() == [A + "PRIVMSG #r :hi"]
        assert op.send("MODE #r e")[0].startswith(SERVER + "348 op #r m:a!*@* op ")
        op.send("MODE #r +b a!*@*")
        a.read()
        assert a.send("PRIVMSG #r :hi") == cannot("a", "you are banned")
        assert op.send("MODE #r -be a!*@* M:A!*@*") == [OP + "MODE #r -be a!*@* m:a!*@*"]
        a.read()
        assert a.send("PRIVMSG #r :hi") == cannot("a", "you are muted")

    @pytest.mark.parametrize("mask", ["m:t:1m:x!*@*", "t:1m:m:x!*@*"])
    def test_a_mute_for_a_time_in_either_order(self, server, pair, mask):
        op, _a = pair
        assert op.send(f"MODE #r +b {mask}") == [OP + "MODE #r +b m:x!*@*"]
        mark = server.hub.chat.rooms["#r"].masks["mute"]["x!*@*"]
        assert mark.until == mark.time + 60_000_000

    def test_a_message_to_those_with_a_role(self, server, pair):
        op, a = pair
        b = server.person("b", "#r", caps="echo-message")
        op.send("MODE #r +v a")
        for peer in (op, a, b):
            peer.read()
        assert b.send("PRIVMSG @#r :help") == [":b!b@192.0.2.1 PRIVMSG @#r :help"]
        assert op.read() == [":b!b@192.0.2.1 PRIVMSG @#r :help"]
        assert a.read() == []
        b.send("NOTICE +#R :all with a role")
        assert op.read() == a.read() == [":b!b@192.0.2.1 NOTICE +#r :all with a role"]
        assert b.send("PRIVMSG @#none :x") == [SERVER + "403 b #none :No such channel"]

    def test_a_signal_to_those_with_a_role(self, server):
        op, a, b = (server.person(nick, "#r", caps="message-tags") for nick in ("op", "a", "b"))
        for peer in (op, a):
            peer.read()
        assert b.send("@+typing=active TAGMSG @#r") == []
        (told,) = op.read()
        assert told.partition(" ")[2] == ":b!b@192.0.2.1 TAGMSG @#r"
        assert a.read() == []
        op.send("MODE #r +U")
        a.read()
        b.send("@+typing=active TAGMSG #r")
        assert op.read()[-1].endswith(" TAGMSG %#r")
        assert a.read() == []

    def test_from_outside_it_is_refused(self, pair, out):
        assert out.send("PRIVMSG @#r :x") == cannot("out", "you are not in it")


class TestJoining:
    def test_a_key(self, pair, out):
        op, _a = pair
        op.send("MODE #r +k sesame")
        refused = [SERVER + "475 out #r :Cannot join channel (+k)"]
        assert out.send("JOIN #r") == out.send("JOIN #r wrong") == refused
        assert modes_of(out) == "+knt *"
        assert out.send("JOIN #x,#r one,sesame")[-3:] == [
            ":out!out@198.51.100.1 JOIN #r",
            SERVER + "353 out = #r :@op a out",
            SERVER + "366 out #r :End of /NAMES list",
        ]
        assert modes_of(out) == "+knt sesame"

    def test_a_limit(self, pair, out):
        op, _a = pair
        op.send("MODE #r +l 2")
        assert out.send("JOIN #r") == [SERVER + "471 out #r :Cannot join channel (+l)"]
        op.send("MODE #r +l 3")
        assert out.send("JOIN #r")[0] == ":out!out@198.51.100.1 JOIN #r"

    def test_by_invitation_only(self, pair, out):
        op, _a = pair
        op.send("MODE #r +i")
        assert out.send("JOIN #r") == [SERVER + "473 out #r :Cannot join channel (+i)"]
        op.send("MODE #r +I *!*@198.51.100.*")
        assert out.send("JOIN #r")[0] == ":out!out@198.51.100.1 JOIN #r"

    def test_an_empty_room_lets_in_whom_nobody_can_invite(self, pair, out):
        op, a = pair
        op.send("MODE #r +i", "PART #r")
        a.send("PART #r")
        assert out.send("JOIN #r")[0] == ":out!out@198.51.100.1 JOIN #r"

    def test_unless_it_has_guests(self, pair, out):
        op, a = pair
        op.send("MODE #r +i", "MODE #r +I op!*@*", "PART #r")
        a.send("PART #r")
        assert out.send("JOIN #r") == [SERVER + "473 out #r :Cannot join channel (+i)"]
        assert op.send("JOIN #r")[0] == OP + "JOIN #r"

    def test_a_ban_and_an_exception(self, pair, out):
        op, _a = pair
        op.send("MODE #r +b out!*@*")
        assert out.send("JOIN #r") == [SERVER + "474 out #r :Cannot join channel (+b)"]
        op.send("MODE #r +e *!*@198.51.100.1")
        assert out.send("JOIN #r")[0] == ":out!out@198.51.100.1 JOIN #r"

    def test_a_ban_of_real_names(self, pair, out):
        op, _a = pair
        assert op.send("MODE #r +b r:out*") == [OP + "MODE #r +b r:out*"]
        assert out.send("JOIN #r") == [SERVER + "474 out #r :Cannot join channel (+b)"]
        assert op.send("MODE #r -b r:OUT*") == [OP + "MODE #r -b r:out*"]
        assert out.send("JOIN #r")[0] == ":out!out@198.51.100.1 JOIN #r"

    def test_forwarded(self, pair, out):
        op, a = pair
        a.send("JOIN #as")
        assert op.send("MODE #r +f #none") == [SERVER + "696 op #r f #none :there is no such other room"]
        assert op.send("MODE #r +f #as") == [SERVER + "482 op #as :You're not channel operator"]
        op.send("JOIN #more", "MODE #r +if #more")
        assert out.send("JOIN #r")[:2] == [
            SERVER + "470 out #r #more :Forwarding to another channel",
            ":out!out@198.51.100.1 JOIN #more",
        ]
        out.send("PART #more")
        op.send("PART #more")
        assert out.send("JOIN #r") == [SERVER + "473 out #r :Cannot join channel (+i)"]

    def test_the_owner_enters_everywhere(self, pair, out):
        op, _a = pair
        op.send("MODE #r +kib x out!*@*")
        out.send(f"OPER owner {CODE}")
        assert out.send("JOIN #r")[0] == ":out!out@198.51.100.1 JOIN #r"


class TestSecret:
    def test_outsiders_do_not_see_it(self, pair, out):
        op, a = pair
        op.send("MODE #r +s", "TOPIC #r :hidden")
        a.read()
        none = SERVER + "403 out #r :No such channel"
        assert out.send("TOPIC #r", "MODE #r", "MODE #r b", "PART #r", "PRIVMSG #r :x") == [none] * 5
        assert out.send("NAMES #r") == [SERVER + "366 out #r :End of /NAMES list"]
        assert out.send("WHO #r") == [SERVER + "315 out #r :End of /WHO list"]
        assert all("#r" not in line for line in out.send("LIST", "LIST #r", "WHOIS a", "WHO a"))
        assert any("322 a #r 2" in line for line in a.send("LIST"))
        assert SERVER + "353 a @ #r :@op a" in a.send("NAMES #r")

    def test_who_knows_its_name_may_join(self, pair, out):
        op, _a = pair
        op.send("MODE #r +s")
        assert out.send("JOIN #r")[0] == ":out!out@198.51.100.1 JOIN #r"


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("MODE #r +k", "461 op MODE :Not enough parameters"),
        ("MODE #r +l", "461 op MODE :Not enough parameters"),
        ("MODE #r +o", "461 op MODE :Not enough parameters"),
        ("MODE #r +k :", "696 op #r k * :it is empty"),
        (
            "MODE #r +k :a b",
            "696 op #r k * :a key has no spaces and commas and does not begin with a colon",
        ),
        ("MODE #r +k " + "x" * 65, "696 op #r k * :a key has at most 64 bytes"),
        ("MODE #r +l 0", "696 op #r l 0 :it must be a number from 1 to 1000000"),
        ("MODE #r +l many", "696 op #r l many :it must be a number from 1 to 1000000"),
        ("MODE #r +l -1", "696 op #r l -1 :it must be a number from 1 to 1000000"),
        ("MODE #r +W 99999", "696 op #r W 99999 :it must be a number from 1 to 21600"),
        ("MODE #r +f bad", "696 op #r f bad :a room's name begins with #"),
        ("MODE #r +Z", "472 op Z :is unknown mode char to me"),
    ],
)
def test_bad_parameters(pair, sent, answer):
    op, a = pair
    assert op.send(sent) == [SERVER + answer]
    assert a.read() == []


def test_what_is_wrong_with_a_line_does_not_part_its_changes(pair):
    op, a = pair
    change = OP + "MODE #r +ms"
    assert op.send("MODE #r +mZs") == [change, SERVER + "472 op Z :is unknown mode char to me"]
    assert a.read() == [change]


def test_several_in_a_line_take_their_parameters_in_turn(pair):
    op, _a = pair
    assert op.send("MODE #r +mk-t+lv sesame 5 a") == [":op!op@192.0.2.1 MODE #r +mk-t+lv sesame 5 a"]
    assert modes_of(op) == "+klmn sesame 5"


@pytest.mark.parametrize(
    ("letter", "entry", "end"),
    [
        ("b", "367", "368 op #r :End of channel ban list"),
        ("e", "348", "349 op #r :End of channel exception list"),
        ("I", "346", "347 op #r :End of Channel Invite Exception List"),
    ],
)
def test_lists_say_who_and_when(pair, letter, entry, end):
    op, a = pair
    assert op.send(f"MODE #r +{letter} x!*@*") == a.read() == [OP + f"MODE #r +{letter} x!*@*"]
    assert op.send(f"MODE #r +{letter}") == [
        SERVER + f"{entry} op #r x!*@* op 1700000000",
        SERVER + end,
    ]
    assert a.send(f"MODE #r +{letter} y") == [SERVER + "482 a #r :You're not channel operator"]
    assert op.send(f"MODE #r -{letter} X!*@*") == [OP + f"MODE #r -{letter} x!*@*"]


class TestRoles:
    def test_prefixes(self, server, pair):
        op, a = pair
        op.send("MODE #r +hv a a")
        a.read()
        assert SERVER + "353 op = #r :@op %a" in op.send("NAMES #r")
        assert SERVER + "319 op a :%#r" in op.send("WHOIS a")
        assert " a H% :0 a Real" in op.send("WHO a")[0]
        op.send("CAP REQ :multi-prefix")
        assert SERVER + "353 op = #r :@op %+a" in op.send("NAMES #r")
        assert SERVER + "319 op a :%+#r" in op.send("WHOIS a")
        assert " a H%+ :0 a Real" in op.send("WHO a")[0]
        facts = [record.event for record in server.hub.records]
        assert Chat.replay(facts).state() == server.hub.chat.state()

    @pytest.mark.parametrize(
        ("holds", "gives", "may"),
        [
            ("", "v", False),
            ("v", "v", False),
            ("h", "v", True),
            ("h", "h", False),
            ("h", "o", False),
            ("o", "h", True),
            ("o", "o", True),
            ("o", "a", False),
            ("a", "o", True),
            ("a", "a", False),
            ("q", "a", True),
            ("q", "q", True),
        ],
    )
    def test_who_may_give_what(self, server, pair, holds, gives, may):
        op, a = pair
        server.person("b", "#r")
        op.send(f"OPER owner {CODE}")
        if holds:
            op.send(f"MODE #r +{holds} a")
        a.read()
        told = a.send(f"MODE #r +{gives} b")
        assert told == (
            [A + f"MODE #r +{gives} b"] if may else [SERVER + "482 a #r :You're not channel operator"]
        )

    def test_each_may_lay_down_its_own(self, pair):
        op, a = pair
        op.send("MODE #r +v a")
        a.read()
        assert a.send("MODE #r -v a") == [A + "MODE #r -v a"]
        assert op.send("MODE #r -o op")[-1] == OP + "MODE #r -o op"

    def test_the_lower_do_not_touch_the_higher(self, pair):
        op, a = pair
        op.send("MODE #r +h a")
        a.read()
        higher = [SERVER + "482 a #r :op has a higher role in this channel than you"]
        assert a.send("KICK #r op") == higher
        assert a.send("MODE #r -o op") == [SERVER + "482 a #r :You're not channel operator"]

    def test_half_operators_keep_order(self, server, pair):
        op, a = pair
        server.person("b", "#r")
        op.send("MODE #r +h a")
        a.read()
        assert a.send("TOPIC #r :new", "MODE #r +b x!*@*", "KICK #r b :out") == [
            A + "TOPIC #r :new",
            A + "MODE #r +b x!*@*",
            A + "KICK #r b :out",
        ]


class TestOnesOwn:
    @pytest.mark.parametrize("letter", modes.PERSON_FLAG_OF)
    def test_each(self, server, letter):
        a = server.person("a")
        assert a.send(f"MODE a +{letter}", "MODE a", f"MODE A -{letter}", "MODE a") == [
            f":a MODE a :+{letter}",
            SERVER + f"221 a +{letter}",
            f":a MODE a :-{letter}",
            SERVER + "221 a +",
        ]

    def test_invisible_from_outside(self, server, pair):
        op, a = pair
        out = server.person("out")
        a.send("MODE a +i")
        assert out.send("NAMES #r")[0] == SERVER + "353 out = #r :@op"
        assert [line.split(" ")[7] for line in out.send("WHO #r")[:-1]] == ["op"]
        assert [line.split(" ")[7] for line in out.send("WHO *")[:-1]] == ["op", "out"]
        assert [line.split(" ")[7] for line in out.send("WHO a")[:-1]] == ["a"]
        assert [line.split(" ")[3] for line in out.send("WHO a")[:-1]] == ["*"]
        assert not [line for line in out.send("WHOIS a") if " 319 " in line]  # Modern IRC, "WHOIS message"
        assert [line for line in op.send("WHOIS a") if " 319 " in line] == [SERVER + "319 op a :#r"]
        assert [line.split(" ")[7] for line in op.send("WHO #r")[:-1]] == ["op", "a"]
        assert op.send("NAMES #r")[0] == SERVER + "353 op = #r :@op a"
        assert "There are 2 users and 1 invisible on 1 servers" in op.send("LUSERS")[0]

    def test_a_bot(self, server, pair):
        op, a = pair
        a.send("MODE a +B")
        assert SERVER + "335 op a :is a bot" in op.send("WHOIS a")
        assert " a HB :0 a Real" in op.send("WHO a")[0]

    def test_what_a_bot_says_is_tagged(self, server, pair):
        _, a = pair
        b = server.person("b", "#r", caps="message-tags")
        c = server.person("c", "#r", caps="server-time account-tag")
        a.send(
            "MODE a +B", "PRIVMSG #r :hi", "@+x=1 NOTICE #r :hi", "PRIVMSG b :hi", "AWAY", "NICK d", "PART #r"
        )
        told = b.read()
        assert [line.split(" ")[2] for line in told] == ["PRIVMSG", "NOTICE", "PRIVMSG", "NICK", "PART"]
        assert all("bot" in line.split(" ")[0].strip("@").split(";") for line in told)
        assert not any("bot" in line for line in c.read())
        a.send("JOIN #r", "MODE d -B", "PRIVMSG #r :hi")
        told = b.read()
        assert told[0].startswith("@bot;msgid=")
        assert told[0].endswith(" :d!a@192.0.2.1 JOIN #r")
        assert "bot" not in told[-1]

    def test_it_ends_with_the_person(self, server):
        a = server.person("a")
        a.send("MODE a +Bi", "QUIT")
        assert server.hub.chat.people.flags == {}


class TestAuditorium:
    @pytest.fixture
    def hall(self, server):
        op, a, b = (server.person(nick, "#r") for nick in ("op", "a", "b"))
        op.send("MODE #r +u")
        for peer in (op, a, b):
            peer.read()
        return op, a, b

    def test_coming_and_going_is_told_to_who_keeps_order(self, server, hall):
        op, a, _b = hall
        c = server.connect()
        c.send("NICK c", "USER c 0 * :c", "JOIN #r", "NICK d", "PART #r", "JOIN #r", "QUIT :bye")
        assert [line.split(" ")[1] for line in op.read()] == ["JOIN", "NICK", "PART", "JOIN", "QUIT"]
        assert a.read() == []
        op.send("KICK #r a")
        assert a.read() == [":op!op@192.0.2.1 KICK #r a :op"]
        assert hall[2].read() == []

    def test_that_of_who_keeps_order_is_told_to_all(self, hall):
        op, a, b = hall
        op.send("MODE #r +h b")
        a.read()
        b.send("NICK bob", "PART #r :tired")
        assert a.read() == [":b!b@192.0.2.1 NICK bob", ":bob!b@192.0.2.1 PART #r :tired"]
        op.send("QUIT")
        assert a.read() == [":op!op@192.0.2.1 QUIT :Quit"]

    def test_lists(self, server, hall):
        op, a, b = hall
        names = [server.person("out").send("NAMES #r")[0], a.send("NAMES #r")[0], op.send("NAMES #r")[0]]
        assert [line.partition(" :")[2] for line in names] == ["@op", "@op a", "@op a b"]
        assert [line.split(" ")[7] for line in a.send("WHO #r")[:-1]] == ["op", "a"]
        assert not any(" 319 " in line for line in a.send("WHOIS b"))
        assert any(" 319 op b :#r" in line for line in op.send("WHOIS b"))
        assert any(" 319 b b :#r" in line for line in b.send("WHOIS b"))

    def test_what_is_said_is_read_by_all(self, hall):
        hall[1].send("PRIVMSG #r :hello")
        assert hall[2].read() == [":a!a@192.0.2.1 PRIVMSG #r :hello"]


class TestForATime:
    @pytest.mark.parametrize("sent", ["TBAN #r 90m x", "MODE #r +b t:90m:x", "TBAN #R 5400 x!*@*"])
    def test_a_ban_ends_by_itself(self, server, sent):
        op, chat = server.person("op", "#r"), server.hub.chat
        assert op.send(sent) == [":op!op@192.0.2.1 MODE #r +b x!*@*"]
        end = server.hub.now + 5_400_000_000
        by = from_origin("irc.test")
        assert list(over(chat, by, end - 1)) == []
        (fact,) = over(chat, by, end)
        assert fact == MaskChanged("#r", by, "ban", "x!*@*", False, end)
        chat.apply(fact)
        assert list(over(chat, by, end)) == []
        assert op.send("MODE #r b") == [SERVER + "368 op #r :End of channel ban list"]

    def test_another_time_takes_the_place_of_the_first(self, server):
        op, chat = server.person("op", "#r"), server.hub.chat
        op.send("TBAN #r 1h x", "TBAN #r 3h m:y", "TBAN #r 2h x")
        (x,), (y,) = chat.rooms["#r"].masks["ban"].values(), chat.rooms["#r"].masks["mute"].values()
        assert x.until - x.time == 7_200_000_000
        assert y.until - y.time == 10_800_000_000
        assert chat.rooms["#r"].next_expiry == x.until
        op.send("MODE #r -b x")
        assert chat.rooms["#r"].next_expiry == y.until

    def test_bad_durations(self, server):
        op = server.person("op", "#r")
        for duration in ("soon", "0", "1x", "-5"):
            (line,) = op.send(f"TBAN #r {duration} x")
            assert line.startswith(SERVER + f"400 op TBAN {duration} :{duration} is no duration")
        assert op.send("TBAN #r 5m") == [SERVER + "461 op TBAN :Not enough parameters"]
        a = server.person("a", "#r")
        assert a.send("TBAN #r 5m x") == [SERVER + "482 a #r :You're not channel operator"]
