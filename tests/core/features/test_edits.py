"""Who may replace what a message says, and what is kept."""

import pytest

from asyncchat.core.events import Record
from asyncchat.core.features.accept import Accept
from asyncchat.core.features.connect import Quit, Rename
from asyncchat.core.features.edits import (
    EDITS_EACH,
    EDITS_TAG,
    Edit,
    Edited,
    EditedInPrivate,
    EditFault,
    EditRefused,
    EditResolved,
    edited_tags,
    edits_of,
    versions,
)
from asyncchat.core.features.history import FoundMessage, Which
from asyncchat.core.features.join import Part
from asyncchat.core.features.messages import (
    CannotSpeak,
    CannotSpeakReason,
    Said,
    SaidInPrivate,
    Say,
    Speech,
    Tags,
)
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import SetMask, SetSetting
from asyncchat.core.features.user_modes import SetPersonFlag
from asyncchat.core.modes import ACCOUNTS_WRITE
from asyncchat.core.replies import Done, NeedsAccount, NoText, NotMember, TextTooLong
from tests.core.house import ANNA, BOB, CAROL, NOW, do, house

DAY = 86_400_000_000


def said(chat, text="tee is at four", by=BOB, number=7, **fields):
    return Record(number, NOW, Said("#Tea", chat.people[by], text, **fields))


def edited(chat, record, text="tea is at four", by=BOB, to="#tea", now=NOW + 5):
    first, *_ = do(chat, by, EditResolved(to, record, text, context="e-7"), now)
    return first


def texts(records):
    return [record.event.text for record in records]


def test_the_author_edits():
    chat = house()
    bob = chat.people[BOB]
    assert edited(chat, said(chat)) == Edited(bob, 7, "tee is at four", "tea is at four", room="#Tea")
    action = said(chat, "waved", speech=Speech.ACTION)
    assert edited(chat, action, "waves").speech is Speech.ACTION
    assert edited(chat, said(chat, "same"), "same") == Done()


@pytest.mark.parametrize(
    ("by", "time", "fault"),
    [(ANNA, NOW + 5, EditFault.FORBIDDEN), (BOB, NOW + DAY + 1, EditFault.EXPIRED)],
)
def test_nobody_else_and_no_guest_after_a_day(by, time, fault):
    chat = house()
    assert edited(chat, said(chat), by=by, now=time) == EditRefused(fault, "#tea", "e-7")


def test_what_can_not_be_edited():
    chat = house()
    unknown = EditRefused(EditFault.UNKNOWN, "#tea", "e-7")
    assert edited(chat, None) == unknown
    assert edited(chat, said(chat, speech=Speech.CTCP_QUERY)) == unknown
    assert edited(chat, Record(7, NOW, SaidInPrivate(chat.people[ANNA], chat.people[BOB], "hi"))) == unknown
    assert edited(chat, said(chat), "") == NoText()
    assert isinstance(edited(chat, said(chat), "x" * 9000), TextTooLong)
    tags: Tags = ()
    for number in range(EDITS_EACH):
        tags = edited_tags(tags, number + 10)
    assert edited(chat, said(chat, tags=tags)).fault is EditFault.MANY


def test_who_may_not_speak_there_may_not_edit():
    chat = house()
    do(chat, ANNA, SetMask("#tea", "mute", "bob"))
    assert isinstance(edited(chat, said(chat)), CannotSpeak)
    do(chat, BOB, Part("#tea"))
    assert edited(chat, said(chat)) == NotMember("#Tea")


def test_a_slowed_room_counts_an_edit_as_a_message():
    chat = house()
    do(chat, ANNA, SetSetting("#tea", "slow", "60"))
    assert isinstance(edited(chat, said(chat)), Edited)
    slow = CannotSpeak("#Tea", CannotSpeakReason.SLOW, 51)
    assert edited(chat, said(chat), "tea is at six", now=NOW + 10_000_000) == slow
    assert do(chat, BOB, Say("#tea", "or seven"), NOW + 10_000_000) == (slow,)
    assert isinstance(edited(chat, said(chat, by=ANNA), by=ANNA), Edited)


def test_a_stranger_under_the_name_is_not_the_author():
    chat = house()
    record = said(chat)
    do(chat, BOB, Quit())
    do(chat, CAROL, Rename("bob"), NOW + 1)
    assert edited(chat, record, by=CAROL, to="#lobby").fault is EditFault.FORBIDDEN


def test_a_message_from_before_its_room_was_renamed():
    chat = house()
    record = said(chat)
    do(chat, ANNA, RenameRoomResolved("#tea", "#Coffee"))
    event = edited(chat, record, to="#coffee")
    assert (event.room, event.former_room) == ("#Coffee", "#Tea")


def test_a_private_message():
    chat = house()
    (sent,) = do(chat, BOB, Say("anna", "helo"))
    assert isinstance(sent, SaidInPrivate)
    event = edited(chat, Record(9, NOW, sent), "hello", to="anna")
    assert event == EditedInPrivate(chat.people[BOB], 9, "helo", "hello", to=chat.people[ANNA])
    do(chat, ANNA, Quit())
    assert edited(chat, Record(9, NOW, sent), "hello", to="anna").to.id == 0


def test_whom_one_may_not_write_to_one_does_not_reach_by_an_edit():
    chat = house()
    record = Record(7, NOW, SaidInPrivate(chat.people[ANNA], chat.people[BOB], "hi"))
    do(chat, ANNA, SetPersonFlag(ACCOUNTS_WRITE))
    assert edited(chat, record, "look here", to="anna") == NeedsAccount("Anna")
    do(chat, ANNA, Accept("bob"))
    assert isinstance(edited(chat, record, "look here", to="anna"), EditedInPrivate)


def test_a_message_tells_of_its_edits_and_they_of_its_texts():
    chat = house()
    tags = edited_tags(edited_tags((("+reply", "e-1"),), 12), 34)
    assert tags == (("+reply", "e-1"), (EDITS_TAG, "12,34"))
    now = said(chat, "three", tags=tags)
    assert edits_of(now.event) == (12, 34)
    bob = chat.people[BOB]
    first = Record(12, NOW + 1, Edited(bob, 7, "one", "two", room="#Tea"))
    second = Record(34, NOW + 2, Edited(bob, 7, "two", "three", room="#Tea"))
    found = versions(now, [first, second])
    assert texts(found) == ["one", "two", "three"]
    assert [record.time - NOW for record in found] == [0, 1, 2]
    assert texts(versions(now, [None, second])) == ["two", "three"]
    assert texts(versions(said(chat), [])) == ["tee is at four"]


def test_the_server_finds_the_message():
    which = Which("#tea", 7)
    record = said(house())
    asked = Edit(which, "x", (1,), "e-7")
    assert asked.resolve([FoundMessage(record, 7, "e-7")]) == EditResolved("#tea", record, "x", (1,), "e-7")
    assert asked.resolve([FoundMessage(failed=True)]) == EditRefused(EditFault.FAILED, "#tea", "e-7")
