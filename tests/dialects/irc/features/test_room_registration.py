"""ChanServ: its words, as messages and as /CS; and the modes for accounts."""

import pytest

FROM = ":ChanServ!ChanServ@irc.test NOTICE"


def notices(lines):
    return [line.partition(f"{FROM} ")[2].partition(" :")[2] for line in lines if line.startswith(FROM)]


@pytest.fixture
def anna(server):
    """The founder of #tea."""
    anna = server.person("anna", "#tea")
    anna.send("REGISTER * * sesame")
    told = anna.send("PRIVMSG ChanServ :REGISTER #tea")
    assert ":ChanServ MODE #tea +q anna" in told
    assert notices(told) == ["#tea belongs to the account anna now"]
    return anna


def test_only_once_and_only_by_an_account(server, anna):
    assert notices(anna.send("CS REGISTER #tea")) == ["The room is registered already"]
    bob = server.person("bob", "#beer")
    assert notices(bob.send("CS REGISTER #beer")) == ["You are not logged in"]


def test_list_shows_no_registered_room_that_nobody_is_in(server, anna):
    """Modern IRC, "LIST message": servers may leave channels out of the list."""
    bob = server.person("bob")
    assert bob.send("LIST")[1:-1] == [":irc.test 322 bob #tea 1 :"]
    anna.send("PART #tea")
    assert bob.send("LIST")[1:-1] == bob.send("LIST #t*")[1:-1] == []
    assert bob.send("LIST #tea")[1:-1] == [":irc.test 322 bob #tea 0 :"]
    owner = server.person("olga")
    owner.send("OPER owner 7KQ2-M9XD")
    assert owner.send("LIST")[1:-1] == [":irc.test 322 olga #tea 0 :"]


def test_flags(server, anna):
    bob = server.person("bob", "#tea")
    bob.send("REGISTER * * sesame")
    told = anna.send("CHANSERV FLAGS #tea bob +o")
    assert ":ChanServ MODE #tea +o bob" in told
    assert notices(told) == ["bob is operator in #tea from now on"]
    assert notices(bob.send("CS INFO #tea")) == ["#tea belongs to the account anna", "bob: operator"]
    bob.send("PART #tea")
    assert ":ChanServ MODE #tea +o bob" in bob.send("JOIN #tea")
    bob.send("CS DEOP #tea")
    assert bob.send("CS OP #tea") == [":ChanServ MODE #tea +o bob"]
    for word in ("-", "none"):
        assert notices(anna.send(f"CS ACCESS #tea bob {word}")) == [
            "bob is nothing special in #tea from now on"
        ]
    assert notices(anna.send("CS FLAGS #tea bob king")) == ["There is no such role"]


def test_op_and_voice(server, anna):
    server.person("bob", "#tea")
    assert anna.send("CS OP #tea bob") == [":anna!anna@192.0.2.1 MODE #tea +o bob"]
    assert anna.send("CS DEOP #tea bob") == [":anna!anna@192.0.2.1 MODE #tea -o bob"]
    assert anna.send("CS VOICE #tea bob", "CS DEVOICE #tea bob") == [
        ":anna!anna@192.0.2.1 MODE #tea +v bob",
        ":anna!anna@192.0.2.1 MODE #tea -v bob",
    ]


def test_transfer_and_drop(server, anna):
    bob = server.person("bob", "#tea")
    bob.send("REGISTER * * sesame")
    assert notices(anna.send("CS TRANSFER #tea bob")) == ["#tea belongs to the account bob now"]
    assert notices(anna.send("CS DROP #tea")) == ["Only its founder may do that"]
    assert notices(bob.send("CS DROP #tea")) == ["#tea belongs to nobody now"]
    assert notices(bob.send("CS INFO #tea", "CS FLAGS")) == [
        "#tea belongs to nobody",
        "Syntax: FLAGS <#channel> [<account> <role>|-]",
    ]


def test_modes_for_accounts(server, anna):
    anna.send("MODE #tea +RM")
    bob = server.person("bob")
    assert bob.send("JOIN #tea") == [
        ":irc.test 477 bob #tea :You need to be logged in to an account for that"
    ]
    anna.send("MODE #tea -R")
    bob.send("JOIN #tea")
    why = "only people who are logged in to an account may speak"
    assert bob.send("PRIVMSG #tea :hi") == [f":irc.test 404 bob #tea :Cannot send to channel: {why}"]
    anna.send("MODE anna +R")
    assert bob.send("PRIVMSG anna :hi") == [
        ":irc.test 477 bob anna :You need to be logged in to an account for that"
    ]


def test_a_ban_by_account(server, anna):
    welcome = " ".join(server.connect().send("NICK x", "USER x 0 * :x"))
    assert " ACCOUNTEXTBAN=a " in welcome
    assert " EXTBAN=,amrt " in welcome
    assert anna.send("MODE #tea +b a:bob") == [":anna!anna@192.0.2.1 MODE #tea +b a:bob"]
    assert any(" 367 anna #tea a:bob " in line for line in anna.send("MODE #tea +b"))
    bob = server.person("bob")
    bob.send("REGISTER * * sesame")
    assert bob.send("JOIN #tea")[0].startswith(":irc.test 474 bob #tea ")
