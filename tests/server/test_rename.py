"""A room under another name, over sockets: who is in it, what was said in it, who takes the old name."""

import pytest

from tests.server.harness import serving


@pytest.fixture
def server():
    with serving() as running:
        yield running


def test_everybody_goes_on_under_the_new_name(server):
    anna, bob = server.person("anna"), server.irc("bob")
    anna.send("/join #old\n")
    anna.until("What you type goes to #old now.")
    bob.send("JOIN #old\r\nPRIVMSG #old :before\r\n")
    anna.until("bob: before")
    anna.send("/rename-room #New for fun\nafter\n")
    anna.until("[#old] anna renamed the room: #New (for fun)\nWhat you type goes to #New now.\n")
    bob.until(" PART #old :for fun\r\n")
    bob.until(" JOIN #New\r\n")
    bob.until(" 366 bob #New ")
    bob.until(" PRIVMSG #New :after\r\n")
    bob.send("CHATHISTORY LATEST #New * 10\r\n")
    bob.until(" PRIVMSG #New :before\r\n")
    bob.until(" PRIVMSG #New :after\r\n")


def test_who_takes_the_old_name_reads_nothing_of_the_other_room(server):
    anna, bob = server.irc("anna"), server.irc("bob")
    anna.send("JOIN #old\r\nPRIVMSG #old :secret\r\nRENAME #old #new\r\n")
    anna.until(" 366 anna #new ")
    anna.send("PART #new\r\nJOIN #old\r\n")
    anna.until(" 366 anna #old ")
    bob.send("JOIN #old\r\nCHATHISTORY LATEST #old * 10\r\nPING end\r\n")
    assert "secret" not in bob.until(" :end\r\n")
    anna.send("PRIVMSG #old :new words\r\n")
    bob.until(" PRIVMSG #old :new words\r\n")


def test_a_name_with_a_history_is_not_taken(server):
    anna, bob = server.irc("anna"), server.irc("bob")
    bob.send("JOIN #club\r\nPRIVMSG #club :old words\r\nPART #club\r\n")
    bob.until(" PART #club")
    anna.send("JOIN #tea\r\nRENAME #tea #club\r\nPRIVMSG #tea :still here\r\nPING end\r\n")
    anna.until("FAIL RENAME CHANNEL_NAME_IN_USE #tea #club ")
    anna.until(" :end\r\n")
    bob.send("JOIN #club\r\nCHATHISTORY LATEST #club * 10\r\n")
    bob.until(" PRIVMSG #club :old words\r\n")
    anna.send("RENAME #tea #coffee\r\nRENAME #coffee #tea\r\n")
    anna.until(" 366 anna #tea ")


def test_a_member_who_joins_the_former_name_reaches_the_room(server):
    anna = server.irc("anna")
    anna.send("JOIN #old\r\nRENAME #old #new\r\nJOIN #old\r\nPING end\r\n")
    anna.until(" 470 anna #old #new ")
    anna.until(" :end\r\n")
    assert server.call(lambda: "#old" in server.server.hub.chat.rooms) is False
