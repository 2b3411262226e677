import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncchat.dialects.irc.features.queries import parse_conditions

SERVER = ":irc.test "
MINUTE = 60_000_000


@pytest.fixture
def a(server):
    """#old: two members, 60 minutes, topic of 30; #new: one, just opened; #tea: one, 20 minutes, no topic."""
    a = server.person("a", "#old")
    server.person("b", "#old")
    server.hub.now += 30 * MINUTE
    a.send("TOPIC #old :of old")
    server.hub.now += 10 * MINUTE
    a.send("JOIN #tea")
    server.hub.now += 20 * MINUTE
    a.send("JOIN #new")
    return a


@pytest.mark.parametrize(
    ("sent", "rooms"),
    [
        ("LIST", ["#old", "#new", "#tea"]),
        ("LIST #TEA,#none", ["#tea"]),
        ("LIST #*", ["#old", "#new", "#tea"]),
        ("LIST #?e*", ["#new", "#tea"]),
        ("LIST *E*", ["#new", "#tea"]),
        ("LIST #?ea,#old", ["#old", "#tea"]),
        ("LIST !#o*", ["#new", "#tea"]),
        ("LIST #*,!#o*,!#n*", ["#tea"]),
        ("LIST >1", ["#old"]),
        ("LIST <2", ["#new", "#tea"]),
        ("LIST >0,<2", ["#new", "#tea"]),
        ("LIST C>19", ["#old", "#tea"]),
        ("LIST C<30", ["#new", "#tea"]),
        ("LIST c>10,C<30", ["#tea"]),
        ("LIST T<60", ["#old"]),
        ("LIST T>60", []),
        ("LIST t>29,>1", ["#old"]),
        ("LIST * <2", ["#new", "#tea"]),
        ("LIST #old,#tea <2", ["#tea"]),
        ("LIST >none", []),
        ("LIST tea", []),
        ("LIST #old irc.test", ["#old"]),
        ("LIST *.test", []),
    ],
)
def test_rooms(a, sent, rooms):
    if sent == "LIST *.test":
        sent += " irc.test"
    lines = a.send(sent)
    assert lines[0] == SERVER + "321 a Channel :Users  Name"
    assert [line.split(" ")[3] for line in lines[1:-1]] == rooms
    assert lines[-1] == SERVER + "323 a :End of /LIST"


def test_a_line_of_it(a):
    assert a.send("LIST #old")[1] == SERVER + "322 a #old 2 :of old"


def test_another_server(a):
    assert a.send("LIST #old other.test") == [SERVER + "402 a other.test :No such server"]


@given(st.lists(st.text(min_size=1), max_size=3))
def test_no_condition_raises(conditions):
    parse_conditions(conditions)
