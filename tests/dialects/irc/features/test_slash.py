"""SLASH: what people type, over IRC, answered in the sentences that they read elsewhere."""

import pytest

from asyncchat.text.slash import COMMANDS, help_text

CAPS = "batch labeled-response message-tags standard-replies echo-message"
OWN = f"{CAPS} asyncchat/sentences"
SERVER = ":irc.test "


def ask(peer, target, typed):
    """The answer to a typed line: each NOTE and FAIL as it is read, each other line as it is."""
    lines = peer.send(f"@label=x SLASH {target} :{typed}")
    lines = [line for line in lines if "label=x" in line or "batch=" in line]
    bare = [line.partition(" ")[2] if line[0] == "@" else line for line in lines]
    told, part = [], ""
    for line in bare:
        head, _, text = line.removeprefix(SERVER).partition(" :")
        if head == "NOTE SLASH PART":
            part += text
        elif head in ("NOTE SLASH LINE", "FAIL SLASH REFUSED"):
            told.append(part + text)
            part = ""
        elif " BATCH " not in line and not line.endswith(" ACK"):
            told.append(line)
    return told


@pytest.fixture
def anna(server):
    return server.person("anna", "#r", caps=OWN)


def test_it_is_no_command_without_its_capability(server):
    bob = server.person("bob", "#r", caps=CAPS)
    assert bob.send("@label=x SLASH #r :/who") == [f"@label=x {SERVER}421 bob SLASH :Unknown command"]


def test_answers_are_sentences(server, anna):
    server.person("bob", "#r")
    assert ask(anna, "#r", "/who") == ["In #r (2): anna (operator), bob"]
    assert ask(anna, "#r", "/topic") == ["#r has no topic."]
    assert ask(anna, "#r", "/back") == ["You are back."]
    assert ask(anna, "#r", "who") == ask(anna, "#r", "/WHO")
    assert ask(anna, "#r", "/help kick") == [COMMANDS["kick"].usage, COMMANDS["kick"].help]
    assert ask(anna, "#r", "/kick") == ["Usage: /kick NAME [REASON]"]
    assert ask(anna, "#r", "/kik")[0].startswith("There is no /kik. Did you mean /kick?")


def test_the_help_is_whole(anna):
    told = ask(anna, "#r", "/help")
    assert told[: len(help_text(()).split("\n"))] == help_text(()).split("\n")
    assert told[-1] == "What is said here is kept in this server's history, private messages too."


def test_what_others_see_is_told_as_they_are_told(server, anna):
    bob = server.person("bob", "#r")
    assert ask(anna, "#r", "/topic Tea at four") == [":anna!anna@192.0.2.1 TOPIC #r :Tea at four"]
    assert ask(anna, "#r", "/op bob") == [":anna!anna@192.0.2.1 MODE #r +o bob"]
    assert ask(anna, "#r", "/op bob") == ["That is already so."]
    assert ask(anna, "#r", "/rule +i") == [":anna!anna@192.0.2.1 MODE #r +i"]
    assert ask(anna, "#r", "/mode -i") == [":anna!anna@192.0.2.1 MODE #r -i"]
    assert ask(anna, "#r", "/kick bob too loud") == [":anna!anna@192.0.2.1 KICK #r bob :too loud"]
    assert bob.read()[-1] == ":anna!anna@192.0.2.1 KICK #r bob :too loud"


def test_what_only_a_numeric_tells_is_told_in_a_sentence_too(anna):
    numeric, sentence = ask(anna, "#r", "/away at lunch")
    assert numeric == SERVER + "306 anna :You have been marked as being away"
    assert sentence == "You are away: at lunch"


def test_refusals_are_sentences_everywhere(server, anna):
    server.person("bob")
    assert ask(anna, "#r", "/kick bob") == ["bob is not in #r."]
    assert anna.send("@label=y KICK #r bob") == [f"@label=y {SERVER}441 anna bob #r :bob is not in #r."]
    assert anna.send("@label=z SEARCH in=#nowhere") == [
        f"@label=z {SERVER}FAIL SEARCH INVALID_PARAMS in :You are not in #nowhere: "
        "only rooms that you are in can be searched."
    ]
    plain = server.person("carl", caps=CAPS)
    assert plain.send("KICK #r bob")[0].endswith(" :You're not on that channel")


def test_a_long_sentence_goes_on_in_the_next_line(server, anna):
    names = [f"somebody-{number:02}" for number in range(60)]
    for name in names:
        server.person(name, "#r")
    lines = anna.send("@label=x SLASH #r :/who")
    assert max(len(line.partition(" ")[2].encode()) for line in lines) <= 510
    (told,) = ask(anna, "#r", "/who")
    assert told.startswith("In #r (61): anna (operator), ")
    assert all(name in told for name in names)


def test_pages_go_on(anna):
    for number in range(60):
        anna.send(f"PRIVMSG #r :line {number}")
    first = ask(anna, "#r", "/history")
    assert first[-2:] == [first[-2], "-- more: /history --"]
    assert first[-2].endswith("anna: line 59")
    second = ask(anna, "#r", "/history")
    assert second[-1].endswith("anna: line 9")
    found = ask(anna, "#r", "/search line from:anna")
    assert found[-1] == "-- more: /search --"
    assert ask(anna, "#r", "/search")[-1].endswith("anna: line 29") or len(found) == 32


def test_messages_by_a_slash_are_messages(server, anna):
    bob = server.person("bob", "#r")
    assert ask(anna, "#r", "/me waves") == [":anna!anna@192.0.2.1 PRIVMSG #r :\x01ACTION waves\x01"]
    assert bob.read() == [":anna!anna@192.0.2.1 PRIVMSG #r :\x01ACTION waves\x01"]
    assert ask(anna, "#r", "/msg bob psst") == [":anna!anna@192.0.2.1 PRIVMSG bob :psst"]


def test_without_a_label_it_is_answered_as_irc_does(anna):
    assert anna.send("SLASH #r :/kick bob") == [SERVER + "441 anna bob #r :bob is not in #r."]
