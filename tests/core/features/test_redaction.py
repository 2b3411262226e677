"""Who may erase a message."""

from asyncchat.core.events import Event, Record
from asyncchat.core.features.connect import Connect, Quit, Rename
from asyncchat.core.features.history import Which
from asyncchat.core.features.messages import Said, Say
from asyncchat.core.features.redaction import Erased, RedactionFault, RedactionRefused, RedactResolved
from asyncchat.core.names import LOBBY
from tests.core.house import BOB, CAROL, NOW, do, house

LATER = NOW + 1_000_000


def redacted(chat, person_id, said, time=NOW):
    assert isinstance(said, Event)
    asked = RedactResolved(Which(LOBBY, 7), Record(7, time, said), "")
    return do(chat, person_id, asked, LATER)[0]


def test_a_guest_erases_what_it_said():
    chat = house()
    (said,) = do(chat, BOB, Say(LOBBY, "hi"))
    assert isinstance(redacted(chat, BOB, said), Erased)


def test_a_stranger_who_takes_a_guest_s_name_erases_nothing():
    """However many people have left since: who it is does not depend on what WHOWAS remembers."""
    chat = house()
    for number, name in enumerate(("guest", "stranger"), 30):
        do(chat, number, Connect(name, "u", "host", rooms=(LOBBY,)))
    (said,) = do(chat, 30, Say(LOBBY, "hi"))
    assert isinstance(said, Said)
    do(chat, 30, Quit())
    do(chat, 31, Rename("guest"), LATER)
    assert chat.people[31].origin == said.person.origin
    for number in range(1100):
        do(chat, CAROL, Rename(f"flush{number}"), LATER)
    refused = redacted(chat, 31, said)
    assert isinstance(refused, RedactionRefused)
    assert refused.fault is RedactionFault.FORBIDDEN


def test_a_change_of_case_is_the_same_name():
    chat = house()
    do(chat, BOB, Rename("bOb"), LATER)
    assert chat.people.named_at == {}
