"""How many people are told of what is decided, by which it is charged; for whom it is decided."""

import asyncio

import pytest

from asyncchat.core.engine import Engine
from asyncchat.core.features.away import SetAway
from asyncchat.core.features.connect import Connect, Rename, SetRealname
from asyncchat.core.features.join import Join, Part, PartAll
from asyncchat.core.features.messages import SayToRole, SendTagMessage
from asyncchat.core.features.moderation import Ban, Kick
from asyncchat.core.features.rename import RenameRoomResolved
from asyncchat.core.features.room_modes import GetMasks, SetFlag, SetMask, SetRole
from asyncchat.core.features.topic import SetTopic
from asyncchat.core.modes import BANS
from asyncchat.core.replies import NotConnectedYet
from asyncchat.server import hub as hub_module
from asyncchat.server.hub import reach
from asyncchat.server.recipients import SilentRecipient
from tests.core.house import ANNA, BOB, CAROL, house
from tests.server.listeners import Hall, Running


@pytest.mark.parametrize(
    ("person_id", "command", "told"),
    [
        (ANNA, SetTopic("#tea", "x"), 2),
        (ANNA, SetTopic("#tea", ""), 0),
        (ANNA, Ban("#tea", "eve"), 2),
        (BOB, Ban("#tea", "eve"), 0),
        (ANNA, SetFlag("#tea", "moderated"), 2),
        (ANNA, SetRole("#tea", "bob"), 2),
        (ANNA, Kick("#tea", "bob"), 1),
        (ANNA, RenameRoomResolved("#tea", "#coffee"), 2),
        (CAROL, Join("#tea"), 3),
        (CAROL, Join("#new"), 1),
        (BOB, Part("#tea"), 1),
        (BOB, PartAll(), 4),
        (BOB, SendTagMessage("#tea", (("+typing", "active"),)), 2),
        (BOB, SayToRole("#tea", "operator", "x"), 1),
        (BOB, GetMasks("#tea"), 0),
        # In two rooms with six members, who are four people.
        (BOB, Rename("robert"), 4),
        (BOB, SetAway("x"), 4),
        (BOB, SetRealname("x"), 4),
        (CAROL, Rename("carla"), 4),
    ],
)
def test_how_many_are_told(person_id, command, told):
    chat = house()
    outcome, _ = Engine(chat).execute(person_id, command)
    assert reach(chat, outcome) == told


def test_what_has_expired_is_removed_in_parts(monkeypatch):
    monkeypatch.setattr(hub_module, "EXPIRED_AT_ONCE", 3)

    async def scene() -> None:
        async with Running(Hall()) as hall:
            person = hall.session()
            hall.submit(person, Connect("ann", "u", "h"), Join("#tea"))
            for number in range(8):
                hall.submit(person, SetMask("#tea", BANS, f"n{number}!*@*", True, 1))
            hall.time += 10_000_000
            masks = hall.hub.chat.rooms["#tea"].masks[BANS]
            left = []
            while hall.hub.expire("server"):
                left.append(len(masks))
            assert left == [5, 2]
            assert not masks
            await hall.outbox.emptied()

    asyncio.run(scene())


def test_nothing_is_decided_for_a_session_that_is_the_person_no_more():
    async def scene() -> None:
        async with Running(Hall()) as hall:
            person = hall.session()
            hall.submit(person, Connect("ann", "u", "h"))
            hall.hub.chat.sessions.several[person.person_id] = (99,)
            asked = hall.hub.request(Join("#tea"), SilentRecipient(person.id, person.person_id))
            assert await asyncio.wait_for(asked, 60) == (NotConnectedYet(),)
            assert "#tea" not in hall.hub.chat.rooms

    asyncio.run(scene())
