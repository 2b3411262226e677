"""NickServ: its words, as messages and as /NS."""

import pytest

from asyncchat.core.features.accounts import AccountMade
from asyncchat.core.features.always_on import AlwaysOnAccounts
from asyncchat.core.features.messages import SaidInPrivate

FROM = ":NickServ!NickServ@irc.test NOTICE"


def notices(lines):
    return [line.partition(f"{FROM} ")[2].partition(" :")[2] for line in lines if line.startswith(FROM)]


@pytest.fixture
def anna(server):
    """Logged in to an account of her name."""
    anna = server.person("anna")
    assert notices(anna.send("PRIVMSG NickServ :REGISTER sesame a@example.org")) == [
        "The account anna is made: the name is yours now"
    ]
    return anna


def test_nothing_of_it_is_kept_or_told_to_anybody(server, anna):
    anna.send("PRIVMSG nickserv :IDENTIFY anna sesame", "NS SET PASSWORD sesame2", "NOTICE NickServ :sesame")
    assert not any(isinstance(record.event, SaidInPrivate) for record in server.hub.records)
    made = [record.event for record in server.hub.records if isinstance(record.event, AccountMade)]
    assert "sesame" not in str(made)


def test_people_and_a_service_in_one_line(server, anna):
    bob = server.person("bob")
    assert notices(bob.send("PRIVMSG anna,NickServ :INFO anna"))[0].startswith(
        "The account anna was made on 20"
    )
    assert anna.read() == [":bob!bob@192.0.2.1 PRIVMSG anna :INFO anna"]


def test_identify_and_logout(server, anna):
    assert notices(anna.send("NS LOGOUT")) == ["You are logged out"]
    assert notices(anna.send("NS LOGOUT")) == ["You are not logged in"]
    wrong = "That is not the password, or there is no such account"
    assert notices(anna.send("NS IDENTIFY other", "NS IDENTIFY nobody sesame")) == [wrong, wrong]
    told = anna.send("NICKSERV identify sesame")
    assert told[0] == ":irc.test 900 anna anna!anna@192.0.2.1 anna :You are now logged in as anna"
    assert notices(told) == ["You are now logged in as anna"]
    assert notices(anna.send("PRIVMSG NickServ :ID anna sesame")) == ["You are now logged in as anna"]


def test_the_address_is_for_its_owner(server, anna):
    assert notices(anna.send("NS INFO"))[1:] == ["Logged in to it: anna", "Its e-mail address: a@example.org"]
    bob = server.person("bob")
    assert notices(bob.send("NS INFO anna"))[1:] == ["Logged in to it: anna"]
    assert notices(bob.send("NS INFO", "NS INFO x")) == ["You are not logged in", "There is no such account"]


def test_a_nick_taken_and_given_back(server, anna):
    thief = anna
    thief.send("NS LOGOUT")  # who holds the name now is nobody's but a session that was left open
    other = server.person("anna_", "#r")
    wrong = "That is not the password, or there is no such account"
    assert notices(other.send("NS REGAIN anna other")) == [wrong]
    told = other.send("NS REGAIN anna sesame")
    assert ":anna_!anna_@192.0.2.1 NICK anna" in told
    assert ":irc.test 900 anna_ anna_!anna_@192.0.2.1 anna :You are now logged in as anna" in told
    assert thief.gone
    assert server.hub.chat.person_named("anna").id == other.id
    assert server.hub.chat.people[other.id].account == "anna"
    assert notices(other.send("NS GHOST anna")) == ["Nobody else has that name"]


def test_ghost_leaves_the_name_free(server, anna):
    other = server.person("other")
    other.send("NS IDENTIFY anna sesame")
    assert notices(other.send("NS GHOST anna")) == ["anna is free, or yours"]
    assert anna.gone
    assert other.send("NICK anna") == [":other!other@192.0.2.1 NICK anna"]


def test_only_the_owner_has_somebody_put_out(server, anna):
    bob = server.person("bob")
    assert notices(bob.send("NS GHOST anna")) == ["That is not the password, or there is no such account"]
    assert not anna.gone


def test_drop(server, anna):
    assert notices(anna.send("NS DROP other")) == ["That is not the password, or there is no such account"]
    told = anna.send("NS DROP anna sesame")
    assert told[0] == ":irc.test 901 anna anna!anna@192.0.2.1 :You are now logged out"
    assert notices(told) == ["The account anna is removed"]
    assert not server.hub.chat.accounts


def test_set_password(server, anna):
    assert notices(anna.send("NS SET PASSWORD other")) == ["The password of anna is changed"]
    assert notices(anna.send("NS SET EMAIL x")) == [
        "SET PASSWORD <new password>",
        "SET ALWAYSON [ON|OFF]",
        "SET HISTORY [ON|OFF]",
    ]
    told = notices(anna.send("NS LOGOUT", "NS IDENTIFY other"))
    assert told == ["You are logged out", "You are now logged in as anna"]


def test_a_password_may_be_several_words(server):
    bob = server.person("bob")
    made = "The account bob is made: the name is yours now"
    wrong = "That is not the password, or there is no such account"
    assert notices(bob.send("PRIVMSG NickServ :REGISTER tea at five b@example.org")) == [made]
    bob.send("NS LOGOUT")
    assert notices(bob.send("NS IDENTIFY bob tea at five")) == ["You are now logged in as bob"]
    # The first word is the name of no account, so it belongs to the password.
    assert notices(bob.send("NS IDENTIFY tea at five")) == ["You are now logged in as bob"]
    assert notices(bob.send("NS IDENTIFY coffee at five")) == [wrong]
    assert notices(bob.send("NS SET PASSWORD tea at six")) == ["The password of bob is changed"]
    assert notices(bob.send("NS DROP tea at six"))[-1] == "The account bob is removed"
    assert notices(bob.send("NS REGISTER seven *")) == [made]
    assert notices(bob.send("NS IDENTIFY seven")) == ["You are now logged in as bob"]


def test_staying_while_not_connected(server, anna):
    bob = server.person("bob")
    assert notices(bob.send("NS SET ALWAYSON ON")) == ["You are not logged in"]
    on = "As anna you stay in your channels while you are not connected, for up to 30 days"
    assert notices(anna.send("NS SET ALWAYSON ON")) == [on]
    assert notices(anna.send("NS SET always-on on")) == [on]
    AlwaysOnAccounts.of(server.hub.chat).max_days = 0
    assert notices(anna.send("NS SET ALWAYSON ON")) == [on.partition(",")[0]]
    anna.send("QUIT :battery")
    told = bob.send("WHOIS anna")
    assert any(line.startswith(":irc.test 320 bob anna :has not been connected since 20") for line in told)
    assert ":irc.test 301 bob anna :not connected" in told
    assert server.hub.chat.person_named("anna") is not None


def test_staying_ends_when_it_is_not_wanted(server, anna):
    assert notices(anna.send("NS SET ALWAYSON")) == ["anna leaves its channels with its last connection"]
    anna.send("NS SET ALWAYS-ON TRUE")
    assert notices(anna.send("NS SET ALWAYSON"))[0].startswith("As anna you stay ")
    assert notices(anna.send("NS SET ALWAYS-ON false")) == [
        "anna leaves its channels with its last connection"
    ]
    anna.send("QUIT")
    assert server.hub.chat.person_named("anna") is None


def test_help(server):
    bob = server.person("bob")
    lines = notices(bob.send("NS HELP"))
    assert lines[0] == "The commands are:"
    assert "IDENTIFY [<account>] <password>: Logs you in." in lines
    assert notices(bob.send("PRIVMSG NickServ :hello"))[0] == "There is no command hello; the commands are:"
    assert notices(bob.send("NS")) == lines
    assert notices(bob.send("NS IDENTIFY")) == ["Syntax: IDENTIFY [<account>] <password>"]


def test_no_password_where_others_listen(server):
    peer = server.hub.join(lambda id: server.irc.dialect(id, "192.0.2.1", is_confidential=False))
    peer.send("NICK a", "USER a 0 * :A")
    assert notices(peer.send("NS IDENTIFY sesame")) == [
        "A password must not be sent over an unencrypted connection"
    ]
    assert notices(peer.send("NS INFO a")) == ["There is no such account"]


@pytest.mark.parametrize("name", ["NickServ", "nickserv", "ChanServ", "HistServ"])
def test_nobody_is_called_so(server, name):
    peer = server.connect()
    assert peer.send(f"NICK {name}") == [
        f":irc.test 432 * {name} :That nickname is not allowed: it stands for the server or for everybody"
    ]


KEY = "ab" * 32


def test_certificates(server):
    anna = server.person("anna", tls=KEY)
    added = f"Clients that show the certificate {KEY} over TLS log in to anna."
    gone = f"The certificate {KEY} logs in to anna no longer."
    assert notices(anna.send("NS CERT ADD")) == ["You are not logged in"]
    anna.send("NS REGISTER sesame")
    assert notices(anna.send("NS CERT LIST", "NS CERT ADD", f"PRIVMSG NickServ :cert add {KEY}")) == [
        "No certificate logs in to anna.",
        added,
        added,
    ]
    listed = notices(anna.send("NS CERT LIST"))
    assert listed[0] == "With these certificates clients log in to anna:"
    assert listed[1].startswith(f"{KEY}, since ")
    assert notices(anna.send("NS CERT DEL abababab", "NS CERT REMOVE abababab")) == [
        gone,
        "There is no such certificate",
    ]
    usage = ["CERT ADD [<SHA-256>]", "CERT LIST [<account>]", "CERT DEL <SHA-256> [<account>]"]
    assert notices(anna.send("NS CERT x", "NS CERT DEL")) == usage * 2
    anna.send("NS LOGOUT")
    assert notices(anna.send("NS CERT LIST anna")) == ["It is not your account"]
