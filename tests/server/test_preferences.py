"""Choices over sockets: all devices of an account have them, and nobody is told what the ignored say."""

import pytest

from tests.server.harness import serving
from tests.server.test_login_tokens import TEA, log_in

CAP = "CAP REQ :asyncchat/preferences\r\n"


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def test_all_devices_of_an_account_have_them(server):
    laptop = server.irc("anna")
    laptop.send(f"{CAP}REGISTER * * :{TEA}\r\n")
    laptop.until("REGISTER SUCCESS")
    phone, _ = log_in(server, TEA)
    phone.send(CAP)
    phone.until("ACK")
    laptop.send("PREFERENCES notify #tea none\r\nPREFERENCES Ignore Bob on\r\n")
    laptop.until("PREFERENCES ignore bob :on\r\n")
    phone.until("PREFERENCES notify #tea :none\r\n")
    phone.until("PREFERENCES ignore bob :on\r\n")
    laptop.send("JOIN #tea\r\n")
    phone.until("366 anna #tea ")
    bob, carol = server.irc("bob"), server.irc("carol")
    bob.send("JOIN #tea\r\nPRIVMSG #tea :hidden\r\nPRIVMSG anna :hidden too\r\n")
    bob.send("PING done\r\n")
    bob.until("PONG")
    carol.send("JOIN #tea\r\nPRIVMSG #tea :seen\r\n")
    for device in (laptop, phone):
        assert "hidden" not in device.until("PRIVMSG #tea :seen\r\n")
    # One that comes later, too; until it is chosen otherwise.
    tablet, _ = log_in(server, TEA)
    tablet.send(
        "CAP REQ :asyncchat/preferences labeled-response batch message-tags\r\n@label=1 PREFERENCES\r\n"
    )
    told = tablet.until("BATCH -")
    assert "PREFERENCES notify #tea :none\r\n" in told
    assert "PREFERENCES ignore bob :on\r\n" in told
    bob.send("PRIVMSG #tea :hidden\r\nPING done\r\n")
    bob.until("PONG")
    phone.send("PREFERENCES ignore bob\r\n")
    tablet.until("PREFERENCES ignore bob :\r\n")
    bob.send("PRIVMSG #tea :seen again\r\n")
    assert "hidden" not in tablet.until("PRIVMSG #tea :seen again\r\n")


def test_what_can_not_be_chosen_is_refused(server):
    anna = server.irc("anna")
    anna.send("PREFERENCES\r\n")
    anna.until(" 421 ")
    anna.send(f"{CAP}PREFERENCES notify\r\n")
    anna.until("NEED_MORE_PARAMS")
    anna.send("PREFERENCES colour #tea red\r\n")
    anna.until("INVALID_PARAMS colour #tea :Not done: there is no such choice")
