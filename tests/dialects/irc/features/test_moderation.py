import pytest

SERVER = ":irc.test "
OP = ":op!op@192.0.2.1 "


@pytest.fixture
def pair(server):
    op, a = server.person("op", "#r"), server.person("a", "#r")
    op.read()
    return op, a


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("MODE #r +o a", ["MODE #r +o a"]),
        ("MODE #r -n", ["MODE #r -n"]),
        ("MODE #r -nt", ["MODE #r -nt"]),
        ("MODE #r -n+b bad!*@*", ["MODE #r -n+b bad!*@*"]),
        ("MODE #r +bo *!*@198.51.100.7 a", ["MODE #r +bo *!*@198.51.100.7 a"]),
        ("MODE #r +n", []),
        ("KICK #r a", ["KICK #r a :op"]),
        ("KICK #R A :be quiet", ["KICK #r a :be quiet"]),
    ],
)
def test_changes_that_all_are_told(pair, sent, told):
    op, a = pair
    lines = [OP + line for line in told]
    assert op.send(sent) == lines
    assert a.read() == lines


def test_modes_are_shown(pair):
    op, a = pair
    op.send("MODE #r -t")
    a.read()
    assert a.send("MODE #R") == [SERVER + "324 a #r +n", SERVER + "329 a #r 1700000000"]


def test_the_list_of_bans(pair):
    op, a = pair
    op.send("MODE #r +b one", "MODE #r +b *!*@two")
    a.read()
    for letters in ("b", "+b", "-b", "bb"):
        lines = a.send(f"MODE #r {letters}")
        assert [line.rpartition(" ")[0] for line in lines[:2]] == [
            SERVER + "367 a #r one!*@* op",
            SERVER + "367 a #r *!*@two op",
        ]
        assert lines[2:] == [SERVER + "368 a #r :End of channel ban list"]
    assert op.send("MODE #r -b one") == [OP + "MODE #r -b one!*@*"]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("MODE", "461 a MODE :Not enough parameters"),
        ("MODE #none", "403 a #none :No such channel"),
        ("MODE #none +n", "403 a #none :No such channel"),
        ("MODE #none b", "403 a #none :No such channel"),
        ("MODE #r -n", "482 a #r :You're not channel operator"),
        ("MODE #r +o a", "482 a #r :You're not channel operator"),
        ("MODE #r +b x", "482 a #r :You're not channel operator"),
        ("MODE #r +x", "472 a x :is unknown mode char to me"),
        ("MODE #r :+:", "472 a 0: :is unknown mode char to me"),
        ("KICK #r", "461 a KICK :Not enough parameters"),
        ("KICK #r op", "482 a #r :You're not channel operator"),
        ("KICK #none op", "403 a #none :No such channel"),
    ],
)
def test_refusals_to_a_member(pair, sent, answer):
    _op, a = pair
    assert a.send(sent) == [SERVER + answer]


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        ("KICK #r none", "441 op none #r :They aren't on it"),
        ("KICK #r out", "441 op out #r :They aren't on it"),
        ("MODE #r +o none", "401 op none :No such nick/channel"),
        ("MODE #r +o out", "441 op out #r :They aren't on it"),
    ],
)
def test_refusals_to_an_operator(pair, server, sent, answer):
    op, _a = pair
    server.person("out")
    assert op.send(sent) == [SERVER + answer]


def test_from_outside(pair, server):
    out = server.person("out")
    assert out.send("KICK #r a") == [SERVER + "442 out #r :You're not on that channel"]
    for changes in ("+n", "+k key", "+o out", "+b a"):
        assert out.send(f"MODE #r {changes}") == [SERVER + "482 out #r :You're not channel operator"]


def test_several_are_kicked_one_by_one(pair, server):
    op, _a = pair
    server.person("b", "#r")
    assert op.send("KICK #r a,b :out") == [OP + "KICK #r a :out", OP + "KICK #r b :out"]


def test_a_full_list(pair):
    op, _a = pair
    for number in range(100):
        op.send(f"MODE #r +b n{number}")
    assert op.send("MODE #r +b more") == [
        SERVER + "478 op #r more!*@* :The list is full (100), or the mask is too long"
    ]


def test_at_most_so_many_changes_in_a_line(pair):
    op, _a = pair
    assert op.send("MODE #r " + "-n+n" * 20) == [
        OP + "MODE #r " + "-n+n" * 6,
        SERVER + "400 op MODE :Only the first 12 changes of a line are made",
    ]


def test_each_change_is_decided_after_the_one_before(pair):
    op, a = pair
    assert op.send("MODE #r +b-b+o-o x x a a") == [OP + "MODE #r +b-b+o-o x!*@* x!*@* a a"]
    a.read()
    assert op.send("MODE #r -o+v op a") == [
        OP + "MODE #r -o op",
        SERVER + "482 op #r :You're not channel operator",
    ]


def test_a_right_that_is_missing_is_told_once(pair):
    _op, a = pair
    assert a.send("MODE #r +ntik-l+ov key a a") == [SERVER + "482 a #r :You're not channel operator"]


def test_what_does_not_fit_one_line_stands_in_the_next(pair, server):
    op, a = pair
    masks = [f"{'м' * 50}{number}!*@*" for number in range(8)]
    op.send(f"MODE #r +bbbb {' '.join(masks[:4])}")
    assert len(a.read()) == 1
    op.send("MODE #r +o a")
    for peer in (op, a):
        peer.read()
    nick = "ж" * 32
    op.send(f"NICK {nick}")
    a.read()
    op.send_raw(f"MODE #r -bbbb {' '.join(masks[:4])}\r\nMODE #r +Ie {masks[0]} {masks[1]}\r\n".encode())
    lines = a.read()
    assert all(len(line.encode()) <= 510 for line in lines)
    assert " ".join(lines).count("!*@*") == 6


def test_unknown_letters_are_told_one_by_one_and_the_others_made(pair):
    op, a = pair
    assert op.send("MODE #r +xiY") == [
        OP + "MODE #r +i",
        SERVER + "472 op x :is unknown mode char to me",
        SERVER + "472 op Y :is unknown mode char to me",
    ]
    assert a.read() == [OP + "MODE #r +i"]


def test_a_setting_without_its_value_is_left_and_the_others_made(pair):
    op, _a = pair
    missing = SERVER + "461 op MODE :Not enough parameters"
    assert op.send("MODE #r +lm") == [OP + "MODE #r +m", missing]
    assert op.send("MODE #r +ov a") == [OP + "MODE #r +o a", missing]


class TestOnesOwn:
    def test_shown_and_changed(self, server):
        a = server.person("a")
        assert a.send("MODE a", "MODE A +i", "MODE a +i", "MODE a", "MODE a -i", "MODE a +o") == [
            SERVER + "221 a +",
            ":a MODE a :+i",
            SERVER + "221 a +i",
            ":a MODE a :-i",
        ]

    def test_the_known_ones_are_applied_beside_an_unknown(self, server):
        a = server.person("a")
        assert a.send("MODE a +ix") == [":a MODE a :+i", SERVER + "501 a :Unknown MODE flag"]

    def test_several_in_one_line(self, server):
        assert server.person("a").send("MODE a +iB-i") == [":a MODE a :+iB-i"]

    def test_nobody_elses(self, server):
        server.person("b")
        a = server.person("a")
        assert a.send("MODE b", "MODE b +i", "MODE none") == [
            SERVER + "502 a :Can't change mode for other users",
            SERVER + "502 a :Can't change mode for other users",
            SERVER + "401 a none :No such nick/channel",
        ]


def test_of_several_rooms_each_has_its_own(pair, server):
    op, a = pair
    b = server.person("b")
    op.send("JOIN #s")
    b.send("JOIN #s")
    op.read()
    assert op.send("KICK #r,#s a,b :out") == [OP + "KICK #r a :out", OP + "KICK #s b :out"]
    assert (a.read()[-1], b.read()[-1]) == (OP + "KICK #r a :out", OP + "KICK #s b :out")
    assert op.send("KICK #r,#s a") == [SERVER + "461 op KICK :As many nicknames as channels"]
    assert SERVER + "407 op e :At most 4 targets at once" in op.send("KICK #1,#2,#3,#4,#5 a,b,c,d,e")
