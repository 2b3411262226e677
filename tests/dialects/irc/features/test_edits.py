"""+draft/edit on a PRIVMSG, EDIT and EDITS; who does not know edits reads a correction."""

import pytest

CAPS = "message-tags echo-message batch labeled-response draft/multiline draft/message-edit"


@pytest.fixture
def people(server):
    """The author, somebody who knows edits, and somebody who does not."""
    a = server.person("a", "#r", caps=CAPS)
    b, c = server.person("b", "#r", caps=CAPS), server.person("c", "#r")
    a.send("PRIVMSG #r :tee is at four")
    id = b.read()[-1].partition("msgid=")[2].partition(" ")[0].partition(";")[0]
    for peer in (a, b, c):
        peer.read()
    return a, b, c, id


def test_all_are_told_in_their_own_way(people):
    a, b, c, id = people
    (echo,) = a.send(f"@+draft/edit={id} PRIVMSG #r :tea is at four")
    (told,) = b.read()
    assert echo == told
    assert f";+draft/edit={id};asyncchat/edit={id} :a!a@192.0.2.1 PRIVMSG #r :tea is at four" in told
    assert c.read() == [":a!a@192.0.2.1 PRIVMSG #r :corrected: tea is at four"]


def test_edit_is_a_command_too(people):
    a, b, _c, id = people
    a.send(f"EDIT #r {id} :tea is at four")
    assert b.read()[0].endswith(" PRIVMSG #r :tea is at four")


def test_of_several_lines(people):
    a, b, c, id = people
    a.send(
        f"@+draft/edit={id} BATCH +1 draft/multiline #r",
        "@batch=1 PRIVMSG #r :tea",
        "@batch=1 PRIVMSG #r :cake",
        "BATCH -1",
    )
    begin, *lines, end = b.read()
    assert f"+draft/edit={id};asyncchat/edit={id} :a!a@192.0.2.1 BATCH +" in begin
    assert [line.rpartition(":")[2] for line in lines] == ["tea", "cake"]
    assert " BATCH -" in end
    assert [line.rpartition(" :")[2] for line in c.read()] == ["corrected: tea", "cake"]


def test_somebody_else_s_is_refused(people):
    _a, b, c, id = people
    assert b.send(f"@+draft/edit={id} PRIVMSG #r :no") == [
        f":irc.test FAIL EDIT EDIT_FORBIDDEN #r {id} :Not edited: it is somebody else's"
    ]
    (told,) = b.send("@+draft/edit=e1-999 PRIVMSG #r :no")
    assert told == ":irc.test FAIL EDIT UNKNOWN_MSGID #r e1-999 :Not edited: there is no such message"
    assert c.read() == []


@pytest.mark.parametrize("line", ["NOTICE #r :no", "TAGMSG #r", "PRIVMSG @#r :no"])
def test_nobody_passes_the_tag_on_by_something_else(people, line):
    a, b, _c, id = people
    a.send(f"@+draft/edit={id};+x=1 {line}")
    assert not any("draft/edit" in told for told in b.read())


def test_an_action_stays_one(people):
    a, b, c, _id = people
    a.send("PRIVMSG #r :\x01ACTION wavs\x01")
    id = b.read()[-1].partition("msgid=")[2].partition(" ")[0].partition(";")[0]
    c.read()
    a.send(f"@+draft/edit={id} PRIVMSG #r :waves")
    assert b.read()[0].endswith(" PRIVMSG #r :\x01ACTION waves\x01")
    assert c.read() == [":a!a@192.0.2.1 PRIVMSG #r :\x01ACTION corrected: waves\x01"]
