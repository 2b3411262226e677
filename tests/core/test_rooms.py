"""A room's members are in small blocks, in the order in which they joined."""

from hypothesis import given
from hypothesis import strategies as st

from asyncchat.core.modes import BANS, MUTES, OPENED_FLAGS
from asyncchat.core.people import person, renamed
from asyncchat.core.roles import OPERATOR
from asyncchat.core.rooms import BLOCK_SIZE, ListEntry, Member, Room, Topic


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
