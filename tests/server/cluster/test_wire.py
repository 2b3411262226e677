"""What is no message of a node, on the subjects of nodes, is passed over."""

import logging
import threading

import msgspec
import pytest

from asyncchat.cluster.stream import MAX_BATCH
from asyncchat.control.forget import REDACTED_AT_ONCE
from asyncchat.core.commands import Batch, Command, Query
from asyncchat.core.events import Event, Record
from asyncchat.core.features.forget import RedactForgotten
from asyncchat.core.features.history import FoundMessage
from asyncchat.core.features.invite_codes import RevokeInviteCode
from asyncchat.core.features.messages import Said, SaidInPrivate, Say
from asyncchat.core.features.pins import GetPinsResolved
from asyncchat.core.people import person
from asyncchat.core.registry import QUERY_NOTES
from asyncchat.core.replies import Refusal, Reply
from asyncchat.core.text import TEXT_BYTES
from asyncchat.log.base import LogError
from asyncchat.server.cluster import wire
from asyncchat.server.cluster.wire import Asked
from tests.server.cluster.test_node import with_ids
from tests.server.harness import PATIENCE

BASES = (Batch, Command, Event, Query, Record, Refusal, Reply)
ANSWERED = {kind for kind in wire.ANY_COMMAND.__args__ if issubclass(kind, Query)} - QUERY_NOTES.keys()
"""The asking node answers these."""
SUBJECTS = ("commands", "alive", "state")
GARBAGE = (b"", b"\xff" * 20, b"a b", b">", b"\x91\x93\x01\x02\x03")


class _Told(logging.Handler):
    """Knows on which subjects the hub and the other node passed something over."""

    def __init__(self):
        super().__init__()
        self.wanted = ["commands", "alive", "alive", "state", "state"] * len(GARBAGE)
        self.all = threading.Event()

    def emit(self, record):
        text = record.getMessage()
        if "is passed over. Somebody has sent" in text:
            self.wanted.remove(next(one for one in SUBJECTS if f"to.{one} is" in text))
            if not self.wanted:
                self.all.set()


def test_what_is_no_message_of_a_node_is_passed_over(nodes, request):
    told, logger = _Told(), logging.getLogger("asyncchat.cluster")
    logger.addHandler(told)
    request.addfinalizer(lambda: logger.removeHandler(told))
    one, two = nodes.add(), nodes.add()
    anna, ben = with_ids(one, "anna"), with_ids(two, "ben")
    for subject in SUBJECTS:
        for data in GARBAGE:
            two.wait(two.server.node.stream.send(subject, data))
    assert told.all.wait(PATIENCE), told.wanted
    ben.send("PRIVMSG #tea :still here\r\n")
    anna.until(":still here\r\n")


@pytest.mark.parametrize("fault", [{"name": "n1\nn2 (hub)"}, {"version": "1\x1b[2J"}, {"node": 0}])
def test_a_sign_of_life_of_no_node_is_refused(fault):
    alive = {"node": 7, "name": "n1", "sequence": 1, "last": 1, "sessions": 0}
    assert wire.alive_in(wire.encode(alive)).name == "n1"
    with pytest.raises(LogError, match="a sign of life that this version can't read"):
        wire.alive_in(wire.encode(alive | fault))


ELSEWHERE = {
    "HistoryPage.records",
    "AuditView.records",
    "EditsView.versions",
    "SearchPage.records",
}
"""What the asking node reads from its own history, and the hub never says."""


def _without_kind(found, path, seen=()):
    """The places in what is sent where only a base class is named: a message has none of its kinds there."""
    if found in seen:
        return []
    if isinstance(found, msgspec.inspect.StructType):
        if found.cls in BASES:
            return [path]
        inner = [(field.type, f"{path}.{field.name}") for field in found.fields]
        return [place for one, name in inner for place in _without_kind(one, name, (*seen, found))]
    if isinstance(found, msgspec.inspect.AnyType):
        return [path]
    inner = [getattr(found, name) for name in ("item_type", "key_type", "value_type") if hasattr(found, name)]
    inner += [*getattr(found, "types", ()), *getattr(found, "item_types", ())]
    return [place for one in inner for place in _without_kind(one, path, (*seen, found))]


@pytest.mark.parametrize("base", [Command, Reply, Refusal, Event])
def test_all_that_is_sent_names_the_kind_of_each_of_its_parts(base):
    sent = {*wire.ANY_COMMAND.__args__, *wire.ANY_ITEM.__args__} - {wire.Kept, wire.Asks}
    kinds = [kind for kind in sent if issubclass(kind, base) and kind not in ANSWERED]
    assert kinds
    infos = [(msgspec.inspect.type_info(kind), kind.__name__) for kind in kinds]
    places = {place for info, name in infos for place in _without_kind(info, name)} - ELSEWHERE
    kept = {f"{kind.__name__}.{name}" for kind, names in wire.OPAQUE.items() for name in names}
    beside = {f"{kind.__name__}.{name}" for kind, names in wire.RECORDS.items() for name in names}
    assert {place for place in places - kept if not place.startswith(tuple(beside))} == set()


def sent(command):
    commands, found = wire.outgoing(command, [])
    asked = Asked(1 << 32, 1, 1, 1, commands, found)
    return wire.incoming(wire.asked_in(wire.encode((asked,)))[0])


SAID = Record(7, 8, Said("#tea", person(1, "anna", "a", "host"), "hello"))


@pytest.mark.parametrize(
    "command",
    [
        RedactForgotten((SAID, SAID)),
        GetPinsResolved("#tea", (FoundMessage(SAID, 7), FoundMessage(None, 9))),
        Batch((Say("#tea", "one"), Say("#tea", "two"))),
    ],
)
def test_messages_come_with_the_commands_about_them(command):
    assert sent(command) == command


def test_the_longest_private_messages_that_are_redacted_at_once_fit_in_a_message_of_nats():
    one, other = person(1, "anna", "a", "host"), person(2, "ben", "b", "host")
    said = SaidInPrivate(other, one, "x" * TEXT_BYTES, tags=(("+a", "x" * 4000),))
    command = RedactForgotten((Record(2**60, 2**60, said),) * REDACTED_AT_ONCE)
    commands, found = wire.outgoing(command, [])
    assert len(wire.encode((Asked(2**60, 1, 0, 0, commands, found),))) <= MAX_BATCH


def test_what_can_t_be_sent_after_a_bug_is_asked_as_nothing_in_its_place(caplog):
    data = wire.joined([wire.asked_as_sent(Asked(2, 3, 4, 5, (RevokeInviteCode("#tea", 1 << 64),)))])
    assert wire.asked_in(data) == (Asked(2, 3, 4, 5, ()),)
    assert "this is a bug of asyncchat" in caplog.text
