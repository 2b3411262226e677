"""Several sessions of one account under one nick: one person, told on each what concerns it."""

import base64
import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncchat.log.memory import MemoryLog
from tests.server.harness import CODE, serving

TEA = "tea at five"
"""What the accounts here know by heart."""

CAPABILITIES = "sasl echo-message message-tags server-time"


@pytest.fixture
def server():
    with serving(limits=False) as running:
        yield running


def register(server, name, words=TEA):
    """Somebody who makes an account and stays."""
    client = server.irc(name)
    client.send(f"REGISTER * * :{words}\r\n")
    client.until("REGISTER SUCCESS")
    client.until("\n")
    return client


def device(server, name, words=TEA, capabilities=CAPABILITIES):
    """One more session of an account, up to the end of its greeting."""
    client = server.connect()
    plain = base64.b64encode(f"\0{name}\0{words}".encode()).decode()
    client.send(f"CAP REQ :{capabilities}\r\nNICK {name}\r\nUSER u 0 * :{name}\r\nAUTHENTICATE PLAIN\r\n")
    client.until("AUTHENTICATE +\r\n")
    client.send(f"AUTHENTICATE {plain}\r\nCAP END\r\n")
    client.until(" 903 ")
    return client


def settled(client):
    """All that came before the answer to a PING."""
    client.send("PING settled\r\n")
    return client.until("settled\r\n")


def test_a_second_device_is_the_same_person_in_the_same_rooms(server):
    phone = register(server, "anna")
    phone.send("JOIN #tea\r\nTOPIC #tea :two sugars\r\n")
    settled(phone)
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\n")
    settled(bob)
    laptop = device(server, "anna")
    greeting = settled(laptop)
    assert " 001 anna " in greeting
    for room in ("#lobby", "#tea"):
        assert f"JOIN {room}\r\n" in greeting
        assert f" 366 anna {room} " in greeting
    assert " 332 anna #tea :two sugars" in greeting
    assert server.people() == ["anna", "bob"]
    assert settled(bob).count("anna") == 0  # nobody else notices
    bob.send("PRIVMSG #tea :hello\r\nPRIVMSG anna :psst\r\n")
    for client in (phone, laptop):
        client.until("PRIVMSG #tea :hello")
        client.until("PRIVMSG anna :psst")


def test_a_login_of_one_device_is_told_to_the_others(server):
    """900 comes when the account is set, however (extensions/sasl-3.1, "Numerics used by this extension")."""
    register(server, "zoe")
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    laptop.send(f"NS IDENTIFY zoe {TEA}\r\n")
    for client in (phone, laptop):
        client.until(" 900 anna anna!anna@localhost zoe :You are now logged in as zoe\r\n")


def test_what_one_device_does_the_others_see(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    bob = server.irc("bob")
    settled(phone)
    phone.send("PRIVMSG #lobby :from the phone\r\nPRIVMSG bob :privately\r\nJOIN #new\r\nPING x\r\n")
    seen = laptop.until(" 366 anna #new ")
    assert "PRIVMSG #lobby :from the phone" in seen
    assert "PRIVMSG bob :privately" in seen
    assert "JOIN #new" in seen
    assert seen.count("JOIN #new") == 1
    laptop.send("NICK anna2\r\n")
    phone.until("NICK anna2")
    phone.send("PRIVMSG #lobby :renamed\r\n")
    bob.until(":anna2!")
    laptop.send("PART #new\r\nAWAY :out\r\n")
    phone.until("PART #new")
    phone.until(" 306 anna2 ")
    phone.send("PRIVMSG #new :am I there?\r\n")
    phone.until(" 403 ")


def test_a_person_is_gone_with_its_last_device(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    bob = server.irc("bob")
    phone.send("QUIT :battery\r\n")
    assert "ERROR" in phone.rest().decode()
    assert "anna" not in settled(bob)
    # The session the person entered with is gone; all goes on with the other.
    laptop.send("PRIVMSG #lobby :still here\r\n")
    bob.until("PRIVMSG #lobby :still here")
    bob.send("PRIVMSG anna :good\r\n")
    laptop.until("PRIVMSG anna :good")
    tablet = device(server, "anna")
    assert "JOIN #lobby" in settled(tablet)
    laptop.abort()
    tablet.send("PRIVMSG #lobby :and I\r\n")
    bob.until("PRIVMSG #lobby :and I")
    tablet.send("QUIT :bed\r\n")
    bob.until("QUIT :")
    bob.until("bed")
    assert server.people() == ["bob"]


def test_a_kick_and_a_kill_reach_all_devices(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    olga = server.irc("olga")
    olga.send(f"OPER owner {CODE}\r\nKICK #lobby anna :out\r\n")
    for client in (phone, laptop):
        client.until("KICK #lobby anna :out")
    olga.send("PRIVMSG #lobby :anna must not read this\r\nKILL anna :bye\r\n")
    for client in (phone, laptop):
        rest = client.rest().decode()
        assert "must not read" not in rest
        assert "ERROR" in rest
    assert "anna" not in server.people()


def test_each_device_monitors_for_itself(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    laptop.send("MONITOR + dora\r\n")
    settled(laptop)
    settled(phone)
    dora = server.irc("dora")
    laptop.until(" 730 * :dora!")
    settled(dora)
    assert " 730 " not in settled(phone)
    phone.send("MONITOR C\r\n")
    settled(phone)
    dora.send("QUIT\r\n")
    laptop.until(" 731 * :dora")


def test_a_ban_of_a_further_device_ends_that_one(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    olga = server.irc("olga")
    olga.send(f"OPER owner {CODE}\r\nKLINE u@* :bad\r\n")
    rest = laptop.rest().decode()
    assert "bad" in rest
    assert "ERROR" in rest
    settled(olga)
    settled(phone)
    assert server.people() == ["anna", "olga"]


def test_another_account_does_not_get_in(server):
    register(server, "anna")
    register(server, "eve", "other words")
    client = server.connect()
    plain = base64.b64encode(b"\0eve\0other words").decode()
    client.send("CAP REQ :sasl\r\nNICK anna\r\nUSER u 0 * :x\r\nAUTHENTICATE PLAIN\r\n")
    client.until("AUTHENTICATE +\r\n")
    client.send(f"AUTHENTICATE {plain}\r\nCAP END\r\n")
    client.until(" 903 ")
    client.until(" 433 ")


def test_owner_s_rights_hold_on_all_devices(server):
    phone = register(server, "anna")
    laptop = device(server, "anna")
    settled(laptop)
    phone.send(f"OPER owner {CODE}\r\n")
    phone.until(" 381 ")
    laptop.until("MODE anna :+o")
    laptop.send("TOPIC #lobby :mine\r\nMODE #lobby +m\r\n")
    phone.until("MODE #lobby +m")


def test_targets_name_the_rooms_of_the_last_visit(server):
    """IRCv3 "chathistory", "TARGETS": a client asks it before it has joined its rooms again."""
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\nJOIN #shut\r\nJOIN #locked\r\nJOIN #not-hers\r\n")
    anna = register(server, "anna")
    anna.send("JOIN #tea\r\nJOIN #shut\r\nJOIN #locked\r\nJOIN #gone\r\n")
    anna.until(" 366 anna #gone ")
    for room in ("#tea", "#shut", "#locked", "#not-hers"):
        bob.send(f"PRIVMSG {room} :hi\r\n")
    anna.send("PRIVMSG #gone :hi\r\n")
    settled(anna)
    anna.send("QUIT\r\n")
    anna.rest()
    bob.send("MODE #shut +i\r\nMODE #locked +k key\r\n")
    settled(bob)
    times = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"

    def targets(name):
        again = device(server, name, capabilities=f"{CAPABILITIES} batch draft/chathistory")
        again.send(f"CHATHISTORY TARGETS {times} 10\r\n")
        told = [line.split(" ")[4] for line in settled(again).split("\r\n") if " TARGETS " in line]
        again.send("QUIT\r\n")
        again.rest()
        return told

    assert targets("anna") == ["#tea"]
    # It joined nothing at that visit.
    assert targets("anna") == []


def test_targets_name_the_rooms_of_the_last_visit_after_a_restart():
    """IRCv3 "chathistory", "TARGETS": who was there when the server stopped finds the rooms again."""
    times = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"
    log = MemoryLog()
    with serving(log, limits=False) as server:
        anna = register(server, "anna")
        anna.send("JOIN #tea\r\nPRIVMSG #tea :hi\r\n")
        settled(anna)
    with serving(log, limits=False) as server:
        bob = server.irc("bob")
        bob.send("JOIN #tea\r\nPRIVMSG #tea :missed\r\n")
        settled(bob)
        again = device(server, "anna", capabilities=f"{CAPABILITIES} batch draft/chathistory")
        again.send(f"CHATHISTORY TARGETS {times} 10\r\n")
        assert [line.split(" ")[4] for line in settled(again).split("\r\n") if " TARGETS " in line] == [
            "#tea"
        ]


@pytest.mark.parametrize("leave", ["PART", "KICK"])
def test_targets_do_not_name_what_was_left_since(server, leave):
    """IRCv3 "chathistory", "TARGETS": neither at once, nor at the next visit."""
    anna = register(server, "anna")
    anna.send("JOIN #tea\r\nJOIN #gone\r\nPRIVMSG #tea :hi\r\nPRIVMSG #gone :hi\r\n")
    op = server.irc("op")
    op.send("JOIN #gone,#tea\r\n")
    settled(op)
    anna.send("MODE #gone +o op\r\nQUIT\r\n")
    anna.rest()
    times = "timestamp=2020-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"

    def targets(client):
        client.send(f"CHATHISTORY TARGETS {times} 10\r\n")
        return sorted(line.split(" ")[4] for line in settled(client).split("\r\n") if " TARGETS " in line)

    def comes():
        return device(server, "anna", capabilities=f"{CAPABILITIES} batch draft/chathistory")

    again = comes()
    assert targets(again) == ["#gone", "#tea"]
    again.send("JOIN #tea,#gone\r\n")
    again.until(" 366 anna #gone ")
    if leave == "PART":
        again.send("PART #gone\r\n")
    else:
        op.send("KICK #gone anna\r\n")
    again.until(f" {leave} #gone")
    assert targets(again) == ["#tea"]
    other = comes()  # while the first is connected
    assert targets(other) == ["#tea"]
    for client in (again, other):
        client.send("QUIT\r\n")
        client.rest()
    assert targets(comes()) == ["#tea"]


def test_a_join_of_one_device_gives_the_others_no_history_later(server):
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\nPRIVMSG #tea :early\r\n")
    settled(bob)
    phone = register(server, "anna")
    laptop = device(server, "anna")
    phone.send("JOIN #tea\r\n")
    phone.until("early")
    laptop.until(" 366 anna #tea ")
    laptop.send("JOIN #milk\r\n")
    assert "early" not in settled(laptop)


@pytest.fixture
def stays(server):
    """Somebody who stays without a connection, in #tea, and has just gone."""
    phone = register(server, "anna")
    phone.send("JOIN #tea\r\nPRIVMSG NickServ :SET ALWAYSON ON\r\n")
    phone.until("you stay in your channels while you are not connected, for up to 30 days")
    phone.send("QUIT :battery\r\n")
    assert "ERROR" in phone.rest().decode()


def test_who_stays_is_seen_while_not_connected(server, stays):
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\nWHOIS anna\r\nPRIVMSG anna :psst\r\n")
    seen = settled(bob)
    assert " 353 bob = #tea :@anna bob" in seen or "anna" in seen.split(" 353 ")[1]
    assert " 320 bob anna :has not been connected since 20" in seen
    assert seen.count(" 301 bob anna :not connected") == 2
    assert server.people() == ["anna", "bob"]
    laptop = device(server, "anna")
    assert "JOIN #tea" in settled(laptop)
    bob.send("PRIVMSG #tea :welcome back\r\nWHOIS anna\r\n")
    laptop.until("welcome back")
    assert " 320 " not in settled(bob)
    laptop.abort()
    bob.send("MODE #tea\r\n")
    settled(bob)


def test_others_hear_that_it_is_away_and_back(server):
    bob = server.connect()
    bob.send("CAP REQ :away-notify\r\nNICK bob\r\nUSER u 0 * :b\r\nCAP END\r\nJOIN #tea\r\n")
    bob.until(" 366 ")
    phone = register(server, "anna")
    phone.send("JOIN #tea\r\nNS SET ALWAYSON ON\r\n")
    phone.until("you stay")
    phone.send("QUIT\r\n")
    bob.until("AWAY :not connected")
    device(server, "anna")
    told = bob.until(" AWAY\r\n")
    assert "QUIT" not in told


def test_an_operator_puts_out_who_is_not_connected(server, stays):
    olga = server.irc("olga")
    olga.send(f"OPER owner {CODE}\r\nJOIN #tea\r\nKICK #tea anna :out\r\n")
    olga.until("KICK #tea anna :out")
    olga.send("KILL anna :bye\r\n")
    olga.until("QUIT :Killed (olga (bye))")
    assert server.people() == ["olga"]
    phone = device(server, "anna")
    assert "JOIN #" not in settled(phone)
    phone.send("JOIN #lobby\r\nQUIT\r\n")
    phone.rest()
    assert server.people() == ["anna", "olga"]


def test_a_kill_is_the_end_of_who_is_connected_too(server, stays):
    phone = device(server, "anna")
    settled(phone)
    olga = server.irc("olga")
    olga.send(f"OPER owner {CODE}\r\nKILL anna :bye\r\n")
    phone.rest()
    olga.until(" 381 ")
    settled(olga)
    assert server.people() == ["olga"]


def test_it_ends_with_the_wish_and_with_the_account(server, stays):
    phone = device(server, "anna")
    phone.send("NS SET ALWAYSON OFF\r\n")
    phone.until("leaves its channels with its last connection")
    phone.send("QUIT\r\n")
    phone.rest()
    assert server.people() == []
    phone = device(server, "anna")
    phone.send("NS SET ALWAYSON ON\r\n")
    phone.until("you stay")
    other = device(server, "anna")
    other.send("NICK anna2\r\nNS DROP tea\r\n")
    settled(other)
    phone.send("QUIT\r\n")
    phone.rest()
    other.send("QUIT\r\n")
    other.rest()
    assert server.people() == []  # under another name it does not stay


def test_an_operator_of_the_server_is_none_any_more_when_nobody_is_connected(server, stays):
    phone = device(server, "anna")
    phone.send(f"OPER owner {CODE}\r\nQUIT\r\n")
    phone.rest()
    laptop = device(server, "anna")
    laptop.send("KILL bob :x\r\n")
    laptop.until(" 481 ")


def test_only_so_many_may_stay():
    with serving(limits=False, max_always_on=0) as server:
        phone = register(server, "anna")
        phone.send("NS SET ALWAYSON ON\r\n")
        phone.until("The server has too many always-on accounts already")


def test_who_was_away_too_long_is_let_go(server, stays):
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\n")
    settled(bob)

    def later():
        chat, hub = server.server.hub.chat, server.server.hub
        chat.sessions.offline_since.update(
            (person_id, since - 31 * 86_400_000_000)
            for person_id, since in chat.sessions.offline_since.items()
        )
        hub.expire("irc.test")

    server.call(later)
    bob.until("QUIT :not connected for 30 days")
    assert server.people() == ["bob"]


@pytest.mark.parametrize("connected", [True, False])
def test_who_stays_is_there_after_a_restart(connected):
    """The first run ends without a word, as with kill -9: nothing is written at its end."""
    log = MemoryLog()
    with serving(log, limits=False) as server:
        phone = register(server, "anna")
        phone.send("JOIN #tea\r\nNS SET ALWAYSON ON\r\nMODE #tea +m\r\n")
        phone.until("+m")
        if not connected:
            phone.send("QUIT\r\n")
            phone.rest()
    with serving(log, limits=False) as server:
        assert server.people() == ["anna"]
        bob = server.irc("bob")
        bob.send("JOIN #tea\r\nPRIVMSG anna :psst\r\nWHOIS anna\r\n")
        seen = settled(bob)
        assert " 301 bob anna :not connected" in seen
        assert " 319 bob anna :" in seen
        assert "@#tea" in seen
        laptop = device(server, "anna")
        greeting = settled(laptop)
        assert "JOIN #tea" in greeting
        assert " 001 anna " in greeting
        laptop.send("MODE #tea +v bob\r\n")
        bob.until("MODE #tea +v bob")
        bob.send("PRIVMSG #tea :now\r\n")
        laptop.until("PRIVMSG #tea :now")


def test_a_terminal_is_one_more_device(server, stays):
    phone = device(server, "anna")
    settled(phone)
    terminal = server.connect()
    terminal.send("anna\n")
    terminal.until("Password: ")
    terminal.send(f"{TEA}\n")
    terminal.until("Hello, anna!")
    terminal.send("from the terminal\n")
    phone.until("PRIVMSG #lobby :from the terminal")
    bob = server.irc("bob")
    bob.send("PRIVMSG #tea :hello\r\nPRIVMSG anna :psst\r\n")
    bob.until(" 404 ")
    for client in (phone, terminal):
        client.until("psst")
    phone.send("QUIT\r\n")
    phone.rest()
    terminal.send("/stay off\n")
    terminal.until("As anna you leave your rooms when your last connection ends.")
    terminal.send("exit\n")
    terminal.rest()
    assert server.people() == ["bob"]


# What was missed.


def missed(client, words):
    """How often each of these words is in all that a client was told up to now."""
    told = settled(client)
    return [told.count(word) for word in words]


@pytest.mark.parametrize("capabilities", ["sasl", "sasl server-time batch", "sasl echo-message"])
@pytest.mark.parametrize("other", [True, False])
@pytest.mark.parametrize("staying", [True, False])
def test_each_message_comes_once_to_each_device(server, capabilities, other, staying):
    """Two devices on one account, one off-line for a while, whatever the other does and the account wants."""
    phone = register(server, "anna")
    if staying:
        phone.send("NS SET ALWAYSON ON\r\n")
        phone.until("you stay")
    phone.send("QUIT\r\n")
    phone.rest()
    bob = server.irc("bob")
    phone, laptop = server.connect(), server.connect()
    for client, user in ((phone, "phone"), (laptop, "laptop")):
        if other or user == "phone":
            enter(client, user, capabilities)
    bob.send("PRIVMSG #lobby :one\r\nPRIVMSG anna :psst one\r\n")
    settled(bob)
    assert missed(phone, ["#lobby :one", "anna :psst one"]) == [1, 1]
    phone.send("QUIT :tunnel\r\n")
    phone.rest()
    bob.send("PRIVMSG #lobby :two\r\nPRIVMSG #lobby :three\r\n")
    if other or staying:
        bob.send("PRIVMSG anna :psst two\r\n")
    settled(bob)
    phone = server.connect()
    told = enter(phone, "phone", capabilities)
    bob.send("PRIVMSG #lobby :four\r\nPRIVMSG anna :psst four\r\n")
    settled(bob)
    told += settled(phone)
    wanted = ["two", "three", "four", "psst four"]
    if "server-time" in capabilities:
        assert "[" not in "".join(line for line in told.split("\r\n") if ":two" in line)
    for word in wanted:
        assert len([line for line in told.split("\r\n") if line.endswith(word) and "lobby" in line]) == (
            "psst" not in word
        ), word
    assert told.count("psst two") == (other or staying)
    assert told.count("psst four") == 1
    assert "one\r\n" not in told
    assert told.count("three") == 1
    if other:
        assert (
            missed(laptop, [":one", ":two", ":three", ":four", "psst one", "psst two", "psst four"])
            == [1] * 4 + [1] * 3
        )


def enter(client, user, capabilities):
    """Comes in as one device of anna's, joins the lobby, and gives what it was told."""
    plain = base64.b64encode(f"\0anna\0{TEA}".encode()).decode()
    client.send(f"CAP REQ :{capabilities}\r\nNICK anna\r\nUSER {user} 0 * :anna\r\nAUTHENTICATE PLAIN\r\n")
    client.until("AUTHENTICATE +\r\n")
    client.send(f"AUTHENTICATE {plain}\r\nCAP END\r\n")
    client.until(" 903 ")
    client.send("JOIN #lobby\r\n")
    return settled(client)


def test_who_asks_for_history_is_pushed_none(server):
    phone = register(server, "anna")
    phone.send("NS SET ALWAYSON ON\r\nQUIT\r\n")
    phone.rest()
    bob = server.irc("bob")
    bob.send("PRIVMSG #lobby :while away\r\nPRIVMSG anna :psst\r\n")
    settled(bob)
    phone = server.connect()
    told = enter(phone, "anna", "sasl batch server-time message-tags draft/chathistory")
    assert "while away" not in told
    phone.send("CHATHISTORY LATEST #lobby * 10\r\nCHATHISTORY LATEST bob * 10\r\n")
    assert missed(phone, ["while away", "psst"]) == [1, 1]


def test_more_than_is_told_is_said(server):
    phone = register(server, "anna")
    phone.send("NS SET ALWAYSON ON\r\nQUIT\r\n")
    phone.rest()
    bob = server.irc("bob")
    for start in range(0, 250, 50):
        bob.send("".join(f"PRIVMSG #lobby :line {n}.\r\n" for n in range(start, start + 50)))
        settled(bob)
    told = enter(server.connect(), "anna", "sasl")
    assert "50 earlier messages that you missed: /msg HistServ HISTORY #lobby" in told
    assert " line 49." not in told
    assert told.count("line ") == 200


def test_a_terminal_reads_what_it_missed(server, stays):
    bob = server.irc("bob")
    bob.send("JOIN #tea\r\nPRIVMSG #lobby :in the lobby\r\nPRIVMSG #tea :at tea\r\nPRIVMSG anna :psst\r\n")
    settled(bob)
    terminal = server.connect()
    terminal.send("anna\n")
    terminal.until("Password: ")
    terminal.send(f"{TEA}\n/me\n")
    told = terminal.until("Usage: /me")
    for line in (
        "bob: in the lobby",
        "bob: at tea",
        "[private] bob: psst",
    ):
        assert told.count(line) == 1, told
    terminal.send("exit\n")
    terminal.rest()
    bob.send("PRIVMSG #tea :later\r\n")
    settled(bob)
    terminal = server.connect()
    terminal.send("anna\n")
    terminal.until("Password: ")
    terminal.send(f"{TEA}\n/me\n")
    told = terminal.until("Usage: /me")
    assert "later" in told
    assert "at tea" not in told


@pytest.mark.parametrize("registering", [True, False])
def test_a_restart_loses_and_doubles_nothing(registering):
    log = MemoryLog()
    with serving(log, limits=False) as server:
        phone = register(server, "anna") if registering else server.connect()
        if not registering:
            register(server, "anna").send("QUIT\r\n")
            enter(phone, "anna", "sasl")
        bob = server.irc("bob")
        bob.send("PRIVMSG #lobby :before\r\n")
        phone.until("before")
    with serving(log, limits=False) as server:
        bob = server.irc("bob")
        bob.send("PRIVMSG #lobby :after\r\n")
        settled(bob)
        told = enter(server.connect(), "anna", "sasl")
        assert "before" not in told
        assert told.count("after") == 1


@given(st.lists(st.sampled_from(["say", "whisper", "phone", "laptop", "restart"]), max_size=14))
@settings(max_examples=12, deadline=None)
def test_whatever_happens_each_device_is_told_each_message_once(steps):
    """Devices come and go, the server starts anew; in the end both have read everything."""
    log = MemoryLog()
    told = {"phone": "", "laptop": ""}
    said = 0
    running = contextlib.ExitStack()
    server = running.enter_context(serving(log, limits=False))
    first = register(server, "anna")
    first.send("NS SET ALWAYSON ON\r\n")
    first.until("you stay")
    here = {user: server.connect() for user in told}
    for user, client in here.items():
        enter(client, user, "sasl")
    first.send("QUIT\r\n")
    first.rest()
    bob = server.irc("bob")
    for step in [*steps, "say", "phone", "laptop", "phone", "laptop"]:
        if step in here:
            client = here.pop(step)
            client.send("QUIT\r\n")
            told[step] += client.rest().decode()
        elif step in told:
            here[step] = server.connect()
            told[step] += enter(here[step], step, "sasl")
        elif step == "restart":
            settled(bob)
            for user, client in here.items():
                told[user] += settled(client)
            here.clear()
            running.close()
            server = running.enter_context(serving(log, limits=False))
            bob = server.irc("bob")
        else:
            said += 1
            bob.send(f"PRIVMSG {'anna' if step == 'whisper' else '#lobby'} :no. {said};\r\n")
            settled(bob)
    for user in told:
        if user not in here:
            here[user] = server.connect()
            told[user] += enter(here[user], user, "sasl")
        told[user] += settled(here[user])
    running.close()
    for user, text in told.items():
        assert [text.count(f"no. {number};") for number in range(1, said + 1)] == [1] * said, user
