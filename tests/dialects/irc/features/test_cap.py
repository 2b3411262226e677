import msgspec
import pytest

from asyncchat.core.features.opers import OfferRenewed
from asyncchat.dialects.base import Way
from asyncchat.dialects.irc.capabilities import CAPABILITIES, Capability, Offer
from tests.dialects.driver import server_info

SERVER = ":irc.test "


def codes(lines):
    return [line.split(" ")[1] for line in lines]


def listed(lines, subcommand="LS"):
    """The names in the lines of a list, which is whole."""
    heads = [line.partition(" :")[0] for line in lines]
    assert all(len(line.encode()) <= 510 for line in lines)
    assert heads[:-1] == [f"{SERVER}CAP * {subcommand} *"] * (len(lines) - 1)
    assert heads[-1] == f"{SERVER}CAP * {subcommand}"
    return [name for line in lines for name in line.partition(" :")[2].split(" ") if name]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("CAP FOO", "410 * FOO :Invalid CAP command"),
        ("CAP foo", "410 * foo :Invalid CAP command"),
        ("CAP ACK :batch", "410 * ACK :Invalid CAP command"),
        ("CAP NEW :batch", "410 * NEW :Invalid CAP command"),
        ("CAP :a b", "410 * a_b :Invalid CAP command"),
        ("CAP LIST", "CAP * LIST :"),
        ("CAP list", "CAP * LIST :"),
        ("CAP REQ :none", "CAP * NAK :none"),
        ("CAP REQ :", "CAP * ACK :"),
        ("CAP REQ", "CAP * ACK :"),
        ("CAP REQ batch server-time", "CAP * ACK :batch server-time"),
        ("CAP REQ :batch  none -batch ", "CAP * NAK :batch  none -batch"),
        ("CAP REQ :server-time batch ", "CAP * ACK :server-time batch"),
        ("CAP REQ :BATCH", "CAP * NAK :BATCH"),
        ("CAP REQ :batch=1", "CAP * NAK :batch=1"),
        ("CAP REQ :--batch", "CAP * NAK :--batch"),
    ],
)
def test_before_the_registration(server, line, answer):
    assert server.connect().send(line) == [SERVER + answer]


def test_all_that_is_offered_is_asked_for_in_one_line(server):
    """capability-negotiation, "The CAP REQ subcommand"; longer than 512 bytes: a client would wait."""
    peer = server.connect()
    names = [word.partition("=")[0] for word in listed(peer.send("CAP LS 302"))]
    for request in (
        f"CAP REQ :{' '.join(names)}",
        f"cap req {' '.join(names)}",
        f"CAP REQ :{' '.join(names * 3)}",
    ):
        acknowledged = peer.send(request)
        assert all(len(line.encode()) <= 510 for line in acknowledged)
        told = [name for line in acknowledged for name in line.partition(" CAP * ACK :")[2].split()]
        assert set(told) == set(names)
    peer.send("NICK a", "USER a 0 * :a", "CAP END")
    assert " 417 " in peer.send("PRIVMSG a :" + "x" * 512)[-1]


class TestList:
    def test_all_of_them_in_lines_that_belong_together(self, server):
        words = listed(server.connect().send("CAP LS 302"))
        names = [word.partition("=")[0] for word in words]
        assert sorted(names) == sorted(server.irc.offers[Way.OPEN].values)

    @pytest.mark.parametrize("version", ["", " 301", " x", " ٣٠٢", " -302"])
    def test_one_line_without_values_for_older_ones(self, server, version):
        lines = server.connect().send(f"CAP LS{version}")
        assert len(lines) == 1
        assert lines[0].startswith(SERVER + "CAP * LS :")
        assert "=" not in lines[0]
        assert len(lines[0].encode()) <= 510
        standard = [capability.name for capability in CAPABILITIES if "/" not in capability.name]
        assert set(standard) & set(server.irc.offers[Way.OPEN].values) <= set(listed(lines))

    @pytest.mark.parametrize("version", ["302", "307", "0302", "99999999999999999999"])
    def test_newer_versions_are_as_good_as_ours(self, server, version):
        peer = server.connect()
        assert listed(peer.send(f"CAP LS {version}")) == server.irc.offers[Way.OPEN].listed(302)
        assert listed(peer.send("CAP LIST"), "LIST") == ["cap-notify"]

    def test_the_highest_version_counts_but_an_answer_is_as_asked(self, server):
        peer = server.connect()
        peer.send("CAP LS 302")
        older = peer.send("CAP LS")
        assert len(older) == 1
        assert "=" not in older[0]
        for name in server.irc.offers[Way.OPEN].values:
            assert peer.send(f"CAP REQ {name}") == [f"{SERVER}CAP * ACK :{name}"]
        assert listed(peer.send("CAP LIST"), "LIST") == list(server.irc.offers[Way.OPEN].values)

    def test_the_language_is_there_after_the_registration_too(self, server):
        a = server.person("a", caps="batch")
        assert a.send("CAP LIST") == [SERVER + "CAP a LIST :batch"]
        assert a.send("CAP LS")[0].startswith(SERVER + "CAP a LS :")
        assert a.send("CAP END") == []
        assert a.send("CAP FOO") == [SERVER + "410 a FOO :Invalid CAP command"]


class TestRequests:
    def test_the_registration_waits(self, server):
        peer = server.connect()
        lines = peer.send("CAP REQ :server-time batch", "NICK a", "USER a 0 * :r", "PING x")
        assert lines == [SERVER + "CAP * ACK :server-time batch", SERVER + "PONG irc.test :x"]
        assert codes(peer.send("CAP END"))[0] == "001"

    def test_it_waits_after_a_refusal_too(self, server):
        peer = server.connect()
        assert codes(peer.send("CAP REQ :none", "NICK a", "USER a 0 * :r")) == ["CAP"]
        assert codes(peer.send("CAP END"))[0] == "001"

    def test_a_list_of_what_is_held_does_not_hold_it_up(self, server):
        assert codes(server.connect().send("CAP LIST", "NICK a", "USER a 0 * :r"))[:2] == ["CAP", "001"]

    def test_all_or_nothing(self, server):
        peer = server.connect()
        assert peer.send("CAP REQ :batch nonsense", "CAP LIST") == [
            SERVER + "CAP * NAK :batch nonsense",
            SERVER + "CAP * LIST :",
        ]

    def test_off_and_on_again(self, server):
        a = server.person("a", caps="echo-message batch")
        assert a.send("CAP REQ :-batch echo-message -server-time", "CAP LIST") == [
            SERVER + "CAP a ACK :-batch echo-message -server-time",
            SERVER + "CAP a LIST :echo-message",
        ]

    def test_the_last_of_several_words_counts(self, server):
        a = server.person("a")
        assert a.send("CAP REQ :batch -batch batch", "CAP LIST")[1] == SERVER + "CAP a LIST :batch"

    def test_notify_comes_with_302_and_stays(self, server):
        a = server.person("a")
        lines = a.send("CAP LS 302", "CAP REQ :batch -cap-notify", "CAP REQ cap-notify", "CAP LIST")
        assert lines[-3:] == [
            SERVER + "CAP a NAK :batch -cap-notify",
            SERVER + "CAP a ACK :cap-notify",
            SERVER + "CAP a LIST :cap-notify",
        ]

    def test_older_clients_may_turn_notify_off(self, server):
        a = server.person("a", caps="cap-notify")
        assert a.send("CAP REQ -cap-notify", "CAP LIST") == [
            SERVER + "CAP a ACK :-cap-notify",
            SERVER + "CAP a LIST :",
        ]

    def test_a_request_as_long_as_a_line_is_answered_whole(self, server):
        a = server.person("a" * 32)
        words = " ".join(["-server-time"] * 38)
        lines = a.send(f"CAP REQ :{words}")
        assert all(len(line.encode()) <= 510 for line in lines)
        assert " ".join(line.partition(" ACK :")[2] for line in lines) == words

    def test_they_take_effect_in_order(self, server):
        a = server.person("a", "#r")
        lines = a.send(
            "PRIVMSG #r :1", "CAP REQ echo-message", "PRIVMSG #r :2", "CAP REQ -echo-message", "PRIVMSG #r :3"
        )
        assert lines == [
            SERVER + "CAP a ACK :echo-message",
            ":a!a@192.0.2.1 PRIVMSG #r :2",
            SERVER + "CAP a ACK :-echo-message",
        ]

    def test_the_next_line_of_the_same_packet_is_read_by_them(self, server):
        a = server.person("a", "#r")
        b = server.person("b", "#r", caps="message-tags")
        assert a.send("TAGMSG #r", "CAP REQ message-tags", "@+x=1 TAGMSG #r") == [
            SERVER + "421 a TAGMSG :Unknown command",
            SERVER + "CAP a ACK :message-tags",
        ]
        (told,) = b.read()
        assert told.endswith("+x=1 :a!a@192.0.2.1 TAGMSG #r")

    def test_what_is_refused_is_not_read_by(self, server):
        a = server.person("a", "#r")
        assert codes(a.send("CAP REQ :message-tags none", "TAGMSG #r")) == ["CAP", "421"]

    def test_sessions_with_the_same_bytes_share_an_encoder(self, server):
        a = server.person("a", caps="server-time batch")
        b = server.person("b", caps="server-time echo-message draft/chathistory")
        assert a.dialect.encoder is b.dialect.encoder
        assert a.dialect.encoder is not server.person("c").dialect.encoder
        assert a.dialect.caps_out is server.person("d", caps="batch server-time").dialect.caps_out


def test_what_the_server_says_of_itself_decides_what_is_offered(server):
    here = server_info()
    locked = msgspec.structs.replace(here, locked=True)
    of_locked = Capability("x", 0, "", value=lambda server, way: "v" if server.locked else None)
    offer = Offer(here, Way.OPEN, (of_locked,))
    assert offer.listed(302) == []
    assert offer.requested(0, "x") is None
    assert Offer(locked, Way.OPEN, (of_locked,)).listed(302) == ["x=v"]
    assert Offer(locked, Way.OPEN, (of_locked,)).listed(301) == ["x"]


@pytest.mark.parametrize("caps", ["", "standard-replies"])
def test_a_fault_that_has_a_code_is_told_as_a_standard_reply(server, caps):
    a = server.person("a", caps=caps)
    assert a.send_raw(b"PRIVMSG #r :\xff\r\n") == [
        SERVER + "FAIL PRIVMSG INVALID_UTF8 :"
        "Message rejected, your IRC software MUST use UTF-8 encoding on this network"
    ]


class TestRenewed:
    """A reload changes what is offered."""

    def renew(self, server, **info):
        before = server.irc.offers
        server.irc.renew(msgspec.structs.replace(server.irc.server, **info))
        return OfferRenewed(before)

    def test_what_is_gone_and_what_is_new(self, server):
        peer = server.connect()
        peer.send(
            "CAP LS 302", "CAP REQ :draft/account-registration batch", "NICK a", "USER a 0 * :r", "CAP END"
        )
        gone = self.renew(server, registration=False)
        assert peer.dialect.encode_outcome((gone,)) == b":irc.test CAP a DEL :draft/account-registration\r\n"
        assert peer.send("CAP LIST") == [SERVER + "CAP a LIST :batch cap-notify"]
        assert peer.send("CAP REQ draft/account-registration")[0].startswith(SERVER + "CAP a NAK ")
        back = self.renew(server, registration=True)
        told = peer.dialect.encode_outcome((back,))
        assert told.startswith(b":irc.test CAP a NEW :draft/account-registration=")

    def test_another_value(self, server):
        old = server.person("o", caps="cap-notify")
        none = server.person("n")
        new = server.connect()
        new.send("CAP LS 302")
        renewed = self.renew(server, require_email=True)
        assert (
            old.dialect.encode_outcome((renewed,)) == b":irc.test CAP o NEW :draft/account-registration\r\n"
        )
        assert none.dialect.encode_outcome((renewed,)) == b""
        assert b"email-required" in new.dialect.encode_outcome((renewed,))

    def test_in_the_midst_of_a_labelled_answer(self, server):
        a = server.person("a", caps="labeled-response batch cap-notify")
        renewed = self.renew(server, registration=False)
        opening, *asked = a.dialect.receive_data(b"@label=1 WHOIS a\r\n")
        a.dialect.encode_outcome((opening.value,))
        assert a.dialect.encode_outcome((renewed,)).startswith(b":irc.test CAP a DEL ")
        for command in asked:
            server.hub.submit(a, command)
        assert a.read()[0].startswith("@label=1 :irc.test BATCH +")


def test_sasl_is_in_the_last_line(server):
    """pydle 1.2.0 reads no other: without it there it would not even ask for SASL."""
    *_, last = server.connect().send("CAP LS 302")
    assert any(word.startswith("sasl=") for word in last.partition(" :")[2].split(" "))


class TestStrict:
    """STS: a policy to upgrade for who comes without TLS, one to persist for who comes with it."""

    def listed(self, server, tls):
        lines = server.connect(tls=tls).send("CAP LS 302")
        return [word for line in lines for word in line.split(":", 2)[2].split() if word.startswith("sts")]

    @pytest.mark.parametrize(
        ("strict", "port", "open_", "over_tls"),
        [
            (None, 6697, [], []),
            (86_400, 6697, ["sts=port=6697"], ["sts=duration=86400"]),
            (86_400, 0, [], ["sts=duration=86400"]),
            (0, 6697, [], ["sts=duration=0"]),
        ],
    )
    def test_each_is_told_its_own(self, server, strict, port, open_, over_tls):
        server.irc.renew(msgspec.structs.replace(server.irc.server, strict_seconds=strict, tls_port=port))
        assert (self.listed(server, None), self.listed(server, "")) == (open_, over_tls)

    def test_it_is_no_capability_to_request(self, server):
        server.irc.renew(msgspec.structs.replace(server.irc.server, strict_seconds=1, tls_port=1))
        peer = server.connect(tls="")
        assert " sts" not in "".join(peer.send("CAP LS"))
        assert peer.send("CAP REQ :sts") == [":irc.test CAP * NAK :sts"]

    def test_it_is_announced_but_never_ended(self, server):
        peer = server.connect(tls="")
        peer.send("CAP LS 302")
        for strict, told in ((60, [":irc.test CAP * NEW :sts=duration=60"]), (None, [])):
            before = server.irc.offers
            server.irc.renew(msgspec.structs.replace(server.irc.server, strict_seconds=strict))
            peer.sent += peer.dialect.encode_outcome((OfferRenewed(before),))
            assert peer.read() == told
