import pytest

from asyncchat.dialects.irc.registry import COMMANDS

SERVER = ":irc.test "


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_text(server, name):
    assert COMMANDS[name].about.endswith("."), "a command's CommandSpec says what HELP says of it"
    lines = server.person("a").send(f"HELP {name.lower()}")
    assert lines[0] == SERVER + f"704 a {name} :The command {name}"
    assert lines[1] == SERVER + f"705 a {name} :"
    assert lines[2].startswith(SERVER + f"705 a {name} :{name}")
    assert [line.split(" ")[1] for line in lines] == ["704", *["705"] * (len(lines) - 2), "706"]


@pytest.mark.parametrize("sent", ["HELP", "HELPOP", "HELP index", "HELPOP COMMANDS"])
def test_the_list_names_all(server, sent):
    lines = server.person("a").send(sent)
    assert {line.split(" ")[1] for line in lines} == {"704", "705", "706"}
    named = {word for line in lines for word in line.partition(" :")[2].split(" ")}
    assert set(COMMANDS) <= named


@pytest.mark.parametrize(
    ("sent", "subject"), [("HELP nothing", "nothing"), ("HELP :a b", "*"), ("HELP ::x", "*")]
)
def test_an_unknown_subject(server, sent, subject):
    assert server.person("a").send(sent) == [SERVER + f"524 a {subject} :No help available on this topic"]
