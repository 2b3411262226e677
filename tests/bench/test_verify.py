"""The checker against made streams: right ones in any cut, and each fault."""

from hypothesis import given
from hypothesis import strategies as st

from asyncchat.bench import messages, verify
from asyncchat.bench.verify import Faults, Member, Room, Sender

PADS = messages.paddings(64)


def line(sender: int, number: int, sent: int = 0) -> bytes:
    return b":s%d!u@h PRIVMSG #r :" % sender + messages.text(sender, number, sent, PADS) + b"\r\n"


class Case:
    """A room of two senders and two listeners, of which both senders have sent nine messages."""

    def __init__(self, echo: bool = False) -> None:
        self.others: list[bytes] = []
        self.opened: list[int] = []
        self.talkers = [Member("s0", Sender(0)), Member("s1", Sender(1))]
        self.listeners = [Member("l0"), Member("l1")]
        self.room = Room(
            [*self.talkers, *self.listeners],
            64,
            echo=echo,
            on_other=lambda member, text: self.others.append(text),
            on_open=lambda sender: self.opened.append(sender.id),
            clock=lambda: 1000,
        )
        self.senders = [member.sender for member in self.talkers if member.sender is not None]
        for sender in self.senders:
            sender.sent = 2

    def hear(self, member: Member, *lines: bytes) -> None:
        self.room.receive(member, b"".join(lines))

    def faults(self) -> Faults:
        self.room.finish()
        return self.room.faults

    def rightly(self, *but: Member) -> None:
        """Give everyone, but some, what they shall get."""
        for member in (*self.talkers, *self.listeners):
            if member not in but:
                mine = member.sender.id if member.sender else None
                self.hear(member, *(each for each in STREAM if each not in (STREAM_OF.get(mine) or ())))


STREAM = [line(0, 1), line(1, 1), line(0, 2), line(1, 2)]
STREAM_OF: dict[int | None, list[bytes]] = {0: [STREAM[0], STREAM[2]], 1: [STREAM[1], STREAM[3]]}


def test_a_right_stream_has_no_faults_and_reaches_everyone():
    case = Case()
    case.rightly()
    assert not case.room.pending()
    assert [sender.acked for sender in case.senders] == [2, 2]
    assert case.room.delivered() == 4 + 4 + 2 + 2
    assert case.faults().total() == 0
    assert case.room.separate == 2  # the senders: the listeners were compared as bytes


# Only the seed of what is chosen is drawn: a draw for each cut takes ten times as long.
@given(st.randoms(use_true_random=True))
def test_any_cut_of_the_streams_and_any_turn_is_right(chance):
    case = Case()
    whole = {case.listeners[0]: b"".join(STREAM), case.listeners[1]: b"".join(STREAM),
             case.talkers[0]: b"".join(STREAM_OF[1]), case.talkers[1]: b"".join(STREAM_OF[0])}  # fmt: skip
    while any(whole.values()):
        member = chance.choice([each for each, left in whole.items() if left])
        cut = chance.randint(1, len(whole[member]))
        case.hear(member, whole[member][:cut])
        whole[member] = whole[member][cut:]
    assert not case.room.pending()
    assert case.faults().total() == 0
    assert case.room.separate == 2


@given(st.randoms(use_true_random=True))
def test_other_lines_between_are_handed_on_and_change_nothing(chance):
    case = Case()
    between = [b"PING :x\r\n", b":n!u@h JOIN #r\r\n"]
    streams = {}
    for member in case.listeners:
        lines = list(STREAM)
        for other in between:
            lines.insert(chance.randint(0, len(lines)), other)
        streams[member] = b"".join(lines)
    case.rightly(*case.listeners)
    while any(streams.values()):
        member = chance.choice([each for each, left in streams.items() if left])
        cut = chance.randint(1, len(streams[member]))
        case.hear(member, streams[member][:cut])
        streams[member] = streams[member][cut:]
    assert not case.room.pending()
    assert case.faults().total() == 0
    assert sorted(case.others) == sorted(each.strip(b"\n") for each in between * 2)
    assert case.room.separate == 2


def test_a_message_counts_as_delivered_when_the_last_member_has_it():
    case = Case()
    case.hear(case.listeners[0], STREAM[0])
    case.hear(case.talkers[1], STREAM[0])
    assert case.opened == []
    case.hear(case.listeners[1], STREAM[0][:30])
    assert case.opened == []
    case.hear(case.listeners[1], STREAM[0][30:])
    assert case.opened == [0]
    assert case.senders[0].acked == 1
    assert case.room.pending()


def test_lost_in_the_middle():
    case = Case()
    case.rightly(case.listeners[1])
    case.hear(case.listeners[1], STREAM[1], STREAM[2], STREAM[3])
    faults = case.faults()
    assert (faults.lost, faults.total()) == (1, 1)
    assert not case.room.pending()  # a window does not wait for what will not come
    assert "l1" in faults.examples[0]


def test_lost_at_the_end():
    case = Case()
    case.rightly(case.listeners[1], case.talkers[0])
    case.hear(case.listeners[1], STREAM[0], STREAM[1], STREAM[2])
    case.hear(case.talkers[0], STREAM[1])
    assert case.room.pending()
    assert case.faults().lost == 2


def test_lost_by_the_first_who_receives():
    case = Case()
    case.hear(case.listeners[0], STREAM[1], STREAM[2], STREAM[3])
    case.rightly(case.listeners[0])
    faults = case.faults()
    assert (faults.lost, faults.total()) == (1, 1)


def test_lost_for_everyone():
    case = Case()
    for member in case.listeners:
        case.hear(member, STREAM[0], STREAM[1], STREAM[3])
    case.hear(case.talkers[0], STREAM[1], STREAM[3])
    case.hear(case.talkers[1], STREAM[0])
    assert case.faults().lost == 3


def test_doubled():
    case = Case()
    case.rightly(case.listeners[1])
    case.hear(case.listeners[1], STREAM[0], STREAM[0], *STREAM[1:])
    faults = case.faults()
    assert (faults.duplicated, faults.total()) == (1, 1)
    assert case.room.delivered() == 12


def test_doubled_at_the_end():
    case = Case()
    case.rightly()
    case.hear(case.listeners[1], STREAM[3])
    case.hear(case.talkers[0], STREAM[3])
    assert case.faults().duplicated == 2


def test_out_of_order_within_a_sender():
    case = Case()
    case.rightly(case.listeners[1])
    case.hear(case.listeners[1], STREAM[2], STREAM[1], STREAM[0], STREAM[3])
    faults = case.faults()
    assert (faults.reordered, faults.total()) == (1, 1)
    assert not case.room.pending()


def test_another_order_of_two_senders_is_no_fault():
    case = Case()
    case.rightly(case.listeners[1])
    case.hear(case.listeners[1], STREAM[1], STREAM[0], STREAM[3], STREAM[2])
    assert case.room.separate == 3
    assert case.faults().total() == 0
    assert not case.room.pending()


def test_everyone_with_an_order_of_their_own():
    case = Case()
    case.hear(case.listeners[0], STREAM[0], STREAM[1])
    case.hear(case.listeners[1], STREAM[1], STREAM[0])
    case.hear(case.listeners[1], STREAM[2], STREAM[3])
    case.hear(case.listeners[0], STREAM[0 + 3], STREAM[2])
    case.hear(case.talkers[0], STREAM[1], STREAM[3])
    case.hear(case.talkers[1], STREAM[0], STREAM[2])
    assert case.faults().total() == 0
    assert not case.room.pending()
    assert [sender.acked for sender in case.senders] == [2, 2]


def test_changed_on_the_way():
    case = Case()
    case.rightly(case.listeners[1])
    case.hear(case.listeners[1], STREAM[0].replace(b"xx\r", b"xy\r"), *STREAM[1:])
    faults = case.faults()
    assert (faults.altered, faults.total()) == (1, 1)


def test_a_sender_that_was_never_there():
    case = Case()
    case.rightly()
    case.hear(case.listeners[0], line(7, 1))
    assert case.faults().altered == 1


def test_a_message_that_was_not_sent():
    case = Case()
    case.rightly()
    case.hear(case.listeners[0], line(0, 3))
    case.hear(case.talkers[1], line(0, 3))
    assert case.room.faults.total() > 0


def test_disconnected():
    case = Case()
    case.rightly(case.listeners[1])
    case.hear(case.listeners[1], STREAM[0])
    assert case.room.pending()
    case.room.disconnect(case.listeners[1], "flood")
    assert not case.room.pending()
    faults = case.faults()
    assert (faults.disconnected, faults.lost) == (1, 0)
    assert faults.describe() == "1 members disconnected"


def test_an_echo_is_expected_if_it_was_asked_for():
    case = Case(echo=True)
    case.rightly()
    assert case.room.pending()
    assert case.room.senders[0].acked == 2  # nobody else waits
    for member in case.talkers:
        case.hear(member, *STREAM_OF[member.sender.id if member.sender else 0])
    assert not case.room.pending()
    assert case.faults().total() == 0


def test_a_lost_echo_is_lost():
    case = Case(echo=True)
    case.rightly()
    assert case.faults().lost == 4


def test_a_long_reference_drops_what_all_have_read(monkeypatch):
    monkeypatch.setattr(verify, "TRIM_BYTES", 1)
    case = Case()
    case.rightly()
    case.room.trim()
    assert case.room.delivered() == 12
    for sender in case.senders:
        sender.sent = 4
    more = [line(0, 3), line(1, 3), line(1, 4), line(0, 4)]
    case.hear(case.listeners[0], *more)
    case.hear(case.listeners[1], more[1], more[0], *more[2:])  # leaves the reference behind
    case.hear(case.talkers[0], more[1], more[2])
    case.hear(case.talkers[1], more[0], more[3])
    assert case.room.delivered() == 24
    assert case.faults().total() == 0
    assert not case.room.pending()


def test_samples_have_each_message_s_latency():
    case = Case()
    samples = [verify.Samples() for _ in range(3)]
    case.listeners[0].samples, case.listeners[1].samples, case.talkers[0].samples = samples
    for member in case.listeners:
        case.hear(member, line(1, 1, sent=400))
        case.hear(member, line(1, 2, sent=900)[:50])
        case.hear(member, line(1, 2, sent=900)[50:])
    case.hear(case.talkers[0], line(1, 1, sent=400), line(1, 2, sent=900))
    for each in samples:
        assert list(each.sent) == [400, 900]
        assert list(each.latencies) == [600, 100]
    assert list(samples[0].between(0.0005, 1).latencies) == [100]


def test_faults_add_up_and_are_said_in_words():
    faults = Faults(lost=1200, duplicated=1)
    faults.note("a")
    other = Faults(lost=1, reordered=2)
    other.note("b")
    faults.add(other)
    assert faults.describe() == "1,201 lost, 1 duplicated, 2 out of order within a sender"
    assert faults.examples == ["a", "b"]
    assert Faults().describe() == ""
