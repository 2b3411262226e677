"""A room's members are in small blocks, in the order in which they joined."""

from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.features.accounts import RegisterAccountVerified
from asyncchat.core.features.connect import Rename
from asyncchat.core.features.messages import CannotSpeak, Said, Say
from asyncchat.core.features.room_modes import SetMask
from asyncchat.core.masks import Mask
from asyncchat.core.modes import BANS, MUTES, OPENED_FLAGS
from asyncchat.core.people import person, renamed
from asyncchat.core.roles import OPERATOR
from asyncchat.core.rooms import BLOCK_SIZE, ListEntry, Member, Room, Topic
from tests.core.house import ANNA, BOB, do, house


def people(count):
    return [person(number, f"p{number}", "u", "h") for number in range(1, count + 1)]


def full_room(count):
    room = Room("#Room", 0)
    for one in people(count):
        room.add_member(one, one.id == 1)
    return room


def test_members_in_the_order_in_which_they_joined():
    room = full_room(BLOCK_SIZE * 2 + 1)
    assert [member.person.id for member in room.members()] == list(range(1, BLOCK_SIZE * 2 + 2))
    assert [len(block.members) for block in room.blocks] == [BLOCK_SIZE, BLOCK_SIZE, 1]
    assert set(room.roles) == {1}
    assert room.key == "#room"


def test_a_snapshot_of_the_members_does_not_change():
    room = full_room(40)
    snapshot = room.blocks
    first = snapshot[0].members
    room.remove_member(3)
    room.add_member(person(99, "late", "u", "h"), OPERATOR.bit)
    assert snapshot[0].members == first
    assert room.blocks is room.blocks
    assert 3 not in room.member_blocks
    assert set(room.roles) == {1, 99}


def test_a_block_that_did_not_change_is_the_same_object():
    room = full_room(BLOCK_SIZE * 3)
    before = room.blocks
    room.remove_member(1)
    after = room.blocks
    assert after[1] is before[1]
    assert after[0] is not before[0]
    assert room.roles == {}


def test_an_empty_block_is_removed():
    room = full_room(BLOCK_SIZE + 1)
    room.remove_member(BLOCK_SIZE + 1)
    assert len(room.blocks) == 1
    room.add_member(person(77, "new", "u", "h"), 0)
    assert [len(block.members) for block in room.blocks] == [BLOCK_SIZE, 1]


def test_another_name_keeps_the_position():
    room = full_room(3)
    room.replace_member(renamed(people(3)[1], "zoe"), OPERATOR.bit)
    assert [member.person.name for member in room.members()] == ["p1", "zoe", "p3"]
    assert set(room.roles) == {1, 2}


def test_a_default_room_has_nothing_set():
    room = Room("#x", 0)
    assert room.is_default
    room.topic = Topic("t", "a!b@c", 0)
    assert not room.is_default
    room.topic = None
    room.flags = frozenset()
    assert not room.is_default
    room.flags = OPENED_FLAGS
    room.set_list_entry(MUTES, "*!*@*", ListEntry("a!b@c", 0))
    assert not room.is_default


def test_bans_and_mutes_describe_people():
    room = full_room(1)
    room.set_list_entry(BANS, "p1!*@*", ListEntry("a!b@c", 0))
    (one,) = people(1)
    assert room.bans_person(one)
    assert not room.mutes_person(one)


@given(st.lists(st.tuples(st.integers(1, 70), st.integers(0, 31)), max_size=200))
def test_blocks_and_member_numbers_agree(moves):
    room = Room("#x", 0)
    expected: dict[int, Member] = {}
    for number, roles in moves:
        if number in expected:
            room.remove_member(number)
            del expected[number]
        else:
            one = person(number, f"p{number}", "u", "h")
            room.add_member(one, roles)
            expected[number] = Member(one, roles)
    assert list(room.members()) == list(expected.values())
    assert set(room.member_blocks) == set(expected)
    assert room.roles == {number: member.roles for number, member in expected.items() if member.roles}
    assert all(0 < len(block.members) <= BLOCK_SIZE for block in room.blocks)


def test_a_mask_is_matched_once_until_a_list_or_the_person_changes(monkeypatch):
    chat = house()
    matched = []
    describes = Mask.describes

    def counted(mask, one):
        matched.append(one)
        return describes(mask, one)

    monkeypatch.setattr(Mask, "describes", counted)
    for number in range(50):
        for listed in ("ban", "mute"):
            do(chat, ANNA, SetMask("#tea", listed, f"*x{number}?!*@*.h{number}.net"))
    do(chat, ANNA, SetMask("#tea", "exception", "*!*@nobody"))
    matched.clear()

    def work(*commands, person_id=BOB):
        before = len(matched)
        for command in commands:
            do(chat, person_id, command)
        return len(matched) - before

    talk = [Say("#tea", "hi")] * 100
    assert work(*talk) == 100  # each mask once
    assert work(*talk) == 0
    assert work(Rename("rob"), *talk) == 100  # for what is said then; for the name nothing was left to match
    do(chat, ANNA, SetMask("#tea", "mute", "*!*@*.x"))
    assert work(*talk) == 101
    do(chat, BOB, RegisterAccountVerified("rob", "v"))
    assert work(*talk) == 101
    assert work(*talk, person_id=ANNA) == 0  # an operator is not matched at all
    do(chat, ANNA, SetMask("#tea", "ban", "rob"))
    assert isinstance(do(chat, BOB, talk[0])[0], CannotSpeak)
    do(chat, ANNA, SetMask("#tea", "ban", "rob", on=False))
    assert isinstance(do(chat, BOB, talk[0])[0], Said)


def test_what_is_remembered_of_people_has_an_end():
    room = Room("#x", 0)
    room.set_list_entry(BANS, "eve!*@*", ListEntry("a!b@c", 0))
    for number in range(1, 5000):
        assert not room.bans_person(person(number, f"p{number}", "u", "h"))
    assert len(room._verdicts[BANS]) <= 1001


def test_a_mask_on_two_lists_stays_when_it_is_removed_from_one():
    room = Room("#x", 0)
    eve = person(1, "eve", "u", "h")
    for listed in (BANS, MUTES):
        room.set_list_entry(listed, "eve!*@*", ListEntry("a!b@c", 0))
    room.set_list_entry(BANS, "eve!*@*", None)
    assert not room.bans_person(eve)
    assert room.mutes_person(eve)
    room.set_list_entry(MUTES, "eve!*@*", None)
    assert not room.mutes_person(eve)
    assert not room._masks
