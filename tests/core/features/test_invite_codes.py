"""Invitation codes: who makes them, whom they let in, and when they end."""

import msgspec
import pytest

from asyncchat.core.chat import Chat
from asyncchat.core.events import Event
from asyncchat.core.features.accounts import AccountMade
from asyncchat.core.features.audit import OperOverride
from asyncchat.core.features.connect import Connect
from asyncchat.core.features.invite_codes import (
    CODE_BYTES,
    CODES_EACH,
    ClosedBy,
    CodeFault,
    GetInviteCodes,
    InviteCodeGiven,
    InviteCodeMade,
    InviteCodeRefused,
    InviteCodeRevoked,
    InviteCodes,
    InviteCodesView,
    InviteCodeUsed,
    MakeInviteCode,
    RevokeInviteCode,
    code_digest,
    link_to,
    spell,
)
from asyncchat.core.features.join import (
    Banned,
    Join,
    JoinWithCode,
    NotInvited,
    Part,
    PartAll,
    is_guess,
    joining_with,
)
from asyncchat.core.features.moderation import Ban
from asyncchat.core.features.presence import Connected, LoggedIn, SessionAttached
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import RoleChanged, SetFlag, SetSetting
from asyncchat.core.features.rooms import Joined, RoomClosed, RoomOpened
from asyncchat.core.features.server import starting
from asyncchat.core.names import LOBBY
from asyncchat.core.people import with_account
from asyncchat.core.permissions import SERVER
from asyncchat.core.replies import NeedsAccount, NotMember, NotOperator
from asyncchat.log.snapshot import snapshot
from tests.core.house import ANNA, BOB, CAROL, NOBODY, NOW, OLGA, do, house

CODE = "7KQ2-M9XD-4TRV"
HOUR = 3_600_000_000


def made(chat, uses=2, seconds=3600, role="", by=ANNA, room="#tea", code=CODE, now=NOW):
    return do(chat, by, MakeInviteCode(room, code_digest(code), uses, seconds, role, code), now)


def closed(**fields):
    """The house; #Tea is for invited people only, and has a code."""
    chat = house()
    do(chat, ANNA, SetFlag("#tea", "invite-only", True))
    made(chat, **fields)
    return chat


def newcomer(chat, name, number, *, now=NOW, code=""):
    return do(chat, number, Connect(name, "u", f"host{number}", rooms=(LOBBY,), code=code), now)


def joined(chat, person_id, key=CODE, now=NOW):
    return do(chat, person_id, Join("#tea", key), now)


def is_in(chat, person_id, room="#tea"):
    return person_id in chat.rooms[room].member_blocks


def test_a_code_is_made_of_random_bytes_and_kept_as_a_digest():
    assert spell(bytes(CODE_BYTES)) == "2222-2222-2222"
    assert spell(b"\xff" * CODE_BYTES) != spell(b"\xfe" * CODE_BYTES)
    assert code_digest(CODE) == code_digest("7kq2m9xd4trv") == code_digest("7KQ2 M9XD 4TRV") != ""
    assert code_digest("sesame") == code_digest("7KQ2-M9XD-4TR") == code_digest("7KQ2-M9XD-4TRЯ") == ""
    assert (
        link_to("http://x:1/", "#класс", CODE) == f"http://x:1/#%D0%BA%D0%BB%D0%B0%D1%81%D1%81?invite={CODE}"
    )
    assert link_to("", "#tea", CODE) == ""


def test_moderators_make_codes():
    chat = house()
    event = InviteCodeMade("#Tea", 1, code_digest(CODE), 2, NOW + HOUR, "voice", "Anna", NOW)
    assert made(chat, role="voice") == (event, InviteCodeGiven(event, CODE, ""))
    assert made(chat, by=BOB) == (NotOperator("#Tea"),)
    assert made(chat, by=CAROL) == (NotMember("#Tea"),)
    assert isinstance(made(chat, by=OLGA)[-1], OperOverride)
    assert CODE not in repr(chat.state())


def test_the_server_opens_the_room():
    chat = house()
    opened, event, _given = made(chat, by=SERVER, room="#New")
    assert opened == RoomOpened("#New", NOW)
    assert (event.room, event.by) == ("#New", "")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"uses": 0}, CodeFault.USES),
        ({"uses": 1001}, CodeFault.USES),
        ({"seconds": 59}, CodeFault.TIME),
        ({"seconds": 10**9}, CodeFault.TIME),
        ({"role": "founder"}, CodeFault.ROLE),
        ({"room": "bad", "by": SERVER}, CodeFault.ROOM),
    ],
)
def test_what_is_no_code(fields, fault):
    assert made(house(), **fields)[0].fault is fault


def test_a_room_has_so_many_valid_codes():
    chat = house()
    for number in range(CODES_EACH):
        made(chat, code=spell(number.to_bytes(CODE_BYTES)))
    assert made(chat) == (InviteCodeRefused(CodeFault.FULL, "#tea"),)
    do(chat, ANNA, RevokeInviteCode("#tea", 1))
    assert isinstance(made(chat)[0], InviteCodeMade)


@pytest.mark.parametrize(
    ("close", "closed_by"),
    [
        (SetFlag("#tea", "invite-only", True), ClosedBy.INVITATIONS),
        (SetSetting("#tea", "key", "sesame"), ClosedBy.KEY),
        (SetSetting("#tea", "limit", "1"), ClosedBy.LIMIT),
    ],
)
def test_a_code_opens_what_is_closed(close, closed_by):
    chat = house()
    made(chat)
    do(chat, ANNA, close)
    assert joined(chat, CAROL, "7KQ2-M9XD-4TRW") == (InviteCodeRefused(CodeFault.WRONG, "#Tea", closed_by),)
    used, entered, *_ = joined(chat, CAROL)
    assert used == InviteCodeUsed(1, "carol")
    assert entered == Joined("#Tea", chat.people[CAROL])


def test_a_code_does_not_open_what_a_ban_or_an_account_closes():
    chat = house()
    made(chat)
    do(chat, ANNA, Ban("#tea", "carol"))
    assert joined(chat, CAROL) == (Banned("#Tea"),)
    do(chat, ANNA, SetFlag("#tea", "accounts-only", True))
    newcomer(chat, "dora", 6)
    assert joined(chat, 6) == (NeedsAccount("#Tea"),)
    assert InviteCodes.of(chat).codes[1].used == ()


def test_a_key_that_looks_like_a_code_is_still_a_key():
    chat = house()
    do(chat, ANNA, SetSetting("#tea", "key", "twelveletter"))
    assert joining_with("#tea", "twelveletter") == JoinWithCode(Join("#tea", "twelveletter"))
    assert joining_with("#tea", "sesame") == Join("#tea", "sesame")
    assert not is_guess(chat, Join("#tea", "twelveletter"))
    assert is_guess(chat, Join("#tea", "twelveLETTER"))
    assert not is_guess(chat, Join("#none", "twelveLETTER"))
    joined(chat, CAROL, "twelveletter")
    assert is_in(chat, CAROL)


def test_names_are_counted_and_who_comes_back_is_not_counted_again():
    chat = closed(uses=1)
    joined(chat, CAROL)
    do(chat, CAROL, Part("#tea"))
    newcomer(chat, "dora", 6)
    refused = InviteCodeRefused(CodeFault.USED_UP, "#Tea", ClosedBy.INVITATIONS)
    assert joined(chat, 6) == (refused,)
    assert InviteCodeUsed(1, "carol") not in joined(chat, CAROL)
    assert is_in(chat, CAROL)


def test_a_code_ends():
    chat = closed()
    assert joined(chat, CAROL, now=NOW + HOUR)[0].fault is CodeFault.EXPIRED
    assert do(chat, BOB, RevokeInviteCode("#tea", 1)) == (NotOperator("#Tea"),)
    assert do(chat, ANNA, RevokeInviteCode("#tea", 2)) == (InviteCodeRefused(CodeFault.UNKNOWN, "#tea"),)
    assert do(chat, ANNA, RevokeInviteCode("#tea", 1))[0] == InviteCodeRevoked("#Tea", 1, "Anna")
    assert joined(chat, CAROL)[0].fault is CodeFault.REVOKED
    assert not is_guess(chat, Join("#tea", CODE))
    assert do(chat, SERVER, RevokeInviteCode("", 1)) == (InviteCodeRefused(CodeFault.UNKNOWN, ""),)


def test_a_code_is_of_one_room():
    chat = closed()
    do(chat, BOB, Join("#den"))
    do(chat, BOB, SetFlag("#den", "invite-only", True))
    refused = InviteCodeRefused(CodeFault.WRONG, "#den", ClosedBy.INVITATIONS)
    assert do(chat, CAROL, Join("#den", CODE)) == (refused,)
    assert do(chat, BOB, RevokeInviteCode("#den", 1)) == (InviteCodeRefused(CodeFault.UNKNOWN, "#den"),)


def test_it_gives_a_role():
    chat = closed(role="voice")
    (change,) = [event for event in joined(chat, CAROL) if isinstance(event, RoleChanged)]
    assert (change.person.name, change.role, change.on) == ("carol", "voice", True)


def test_who_may_not_give_a_role_makes_no_code_with_it():
    chat = house()
    do(chat, ANNA, SetFlag("#tea", "moderated", True))
    chat.rooms["#tea"].replace_member(chat.people[BOB], 2)  # a half-operator
    assert made(chat, by=BOB, role="operator") == (NotOperator("#Tea"),)
    assert isinstance(made(chat, by=BOB, role="voice")[0], InviteCodeMade)


def test_an_empty_room_waits_for_those_with_a_code_who_do_not_own_it():
    chat = closed()
    do(chat, BOB, PartAll())
    do(chat, ANNA, Part("#tea"))
    assert joined(chat, BOB, "") == (NotInvited("#Tea"),)
    _used, entered, *others = joined(chat, CAROL)
    assert not entered.operator
    assert len(others) == 1, "nothing is hidden"
    do(chat, CAROL, Part("#tea"))
    joined(chat, BOB, "", NOW + HOUR)
    assert is_in(chat, BOB), "nobody with a code can come any more"


def test_an_empty_room_ends_with_its_last_code():
    chat = house()
    made(chat)
    do(chat, BOB, PartAll())
    do(chat, ANNA, Part("#tea"))
    for fact in starting(chat, "0.1.0"):
        chat.apply(fact)
    assert "#tea" in chat.rooms
    assert RoomClosed("#Tea") in do(chat, SERVER, RevokeInviteCode("", 1))
    assert InviteCodes.of(chat).codes == {}


def test_the_list_is_for_moderators():
    chat = closed()
    joined(chat, CAROL)
    (view,) = do(chat, ANNA, GetInviteCodes("#tea"))
    assert isinstance(view, InviteCodesView)
    assert [(code.number, code.used) for code in view.codes] == [(1, ("carol",))]
    assert do(chat, BOB, GetInviteCodes("#tea")) == (NotOperator("#Tea"),)


def test_a_renamed_room_keeps_its_codes():
    chat = closed()
    do(chat, ANNA, RenameRoomResolved("#tea", "#Coffee"))
    do(chat, CAROL, Join("#tea", CODE))
    assert is_in(chat, CAROL, "#coffee")


def test_ended_codes_are_forgotten_after_a_week():
    chat = closed()
    made(chat, code="2345-6789-ABCD", now=NOW + HOUR)
    assert len(InviteCodes.of(chat).codes) == 2
    made(chat, code="2345-6789-ABCE", now=NOW + HOUR * 24 * 8)
    assert len(InviteCodes.of(chat).codes) == 1


def test_a_code_in_place_of_the_servers_password():
    chat = closed(uses=1)
    told = newcomer(chat, "dora", 6, code=CODE)
    assert InviteCodeUsed(1, "dora") in told
    assert {room.name for room in chat.rooms_with(6)} == {LOBBY, "#Tea"}
    assert newcomer(chat, "emil", 7, code=CODE) == (InviteCodeRefused(CodeFault.USED_UP, "#Tea"),)
    wrong, expired = InviteCodeRefused(CodeFault.WRONG, ""), InviteCodeRefused(CodeFault.EXPIRED, "")
    assert newcomer(chat, "emil", 7, code="2345-6789-ABCD") == (wrong,)
    assert newcomer(chat, "emil", 7, code=CODE, now=NOW + HOUR) == (expired,)
    assert 7 not in chat.people


def test_a_code_of_an_open_room_in_place_of_the_password_counts_too():
    chat = house()
    made(chat, uses=1, room="#tea")
    newcomer(chat, "dora", 6, code=CODE)
    assert not any(isinstance(item, Connected) for item in newcomer(chat, "emil", 7, code=CODE))


def test_a_used_up_code_lets_no_more_devices_of_accounts_in():
    chat = closed(uses=1)
    chat.apply(AccountMade("carol", "v", NOW))
    carol = chat.people[CAROL]
    chat.apply(LoggedIn(carol, with_account(carol, "carol")))
    device = Connect("carol", "phone", "host9", account="carol", code=CODE)
    assert InviteCodeUsed(1, "@carol") in do(chat, 8, device)
    assert SessionAttached(chat.people[CAROL], 9, NOW, "phone", "host9") in do(chat, 9, device)
    made(chat, code="2345-6789-ABCD", uses=1)
    newcomer(chat, "dora", 6, code="2345-6789-ABCD")
    used = msgspec.structs.replace(device, code="2345-6789-ABCD")
    assert do(chat, 10, used) == (InviteCodeRefused(CodeFault.USED_UP, "#Tea"),)


def test_who_is_banned_does_not_connect_by_a_code():
    chat = house()
    made(chat)
    do(chat, ANNA, Ban("#tea", "dora"))
    assert newcomer(chat, "dora", NOBODY, code=CODE) == (Banned("#Tea"),)


def test_a_replay_and_a_snapshot_give_the_same_codes():
    chat = house()
    events: list[Event] = [RoomOpened("#Tea", NOW)]
    for command, person_id in [
        (MakeInviteCode("#tea", code_digest(CODE), 2, 3600, "voice"), ANNA),
        (MakeInviteCode("#tea", code_digest("2345-6789-ABCD"), 2, 3600), ANNA),
        (Join("#tea", CODE), CAROL),
        (RevokeInviteCode("#tea", 2), ANNA),
    ]:
        events += [
            item
            for item in do(chat, person_id, command)
            if isinstance(item, InviteCodeMade | InviteCodeUsed | InviteCodeRevoked)
        ]
    assert InviteCodes.of(Chat.replay(events)).state() == InviteCodes.of(chat).state()
    few = snapshot(events)
    assert few is not None
    assert InviteCodes.of(Chat.replay(few)).state() == InviteCodes.of(chat).state()
