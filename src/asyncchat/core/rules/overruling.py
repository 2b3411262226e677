"""Noting for the audit where an operator of the server did in a room what his role there does not allow.

Owns which right each act in a room needs; whether it happens, the other rules have decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from asyncchat.core import commands, events
from asyncchat.core.events.acts import InRoom, Overruled
from asyncchat.core.modes import TOPIC_LOCKED
from asyncchat.core.names import fold
from asyncchat.core.roles import ROLE_NAMED, Right, highest

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Items, Rule
    from asyncchat.core.rooms import Room

NOTED = frozenset(
    {
        commands.Kick,
        commands.SetRole,
        commands.SetFlag,
        commands.SetSetting,
        commands.Ban,
        commands.Mute,
        commands.SetMask,
        commands.SetTopic,
        commands.RenameRoom,
        commands.SetMetadata,
        commands.ClearMetadata,
        commands.Erase,
    }
)
"""Commands by which an operator of the server can do so."""

_IN_ROOM = frozenset(get_args(InRoom))

_RIGHTS: dict[type[events.Event], Right] = {
    events.Kicked: Right.KEEP_ORDER,
    events.BanChanged: Right.KEEP_ORDER,
    events.MuteChanged: Right.KEEP_ORDER,
    events.MaskChanged: Right.KEEP_ORDER,
    events.FlagChanged: Right.RULE,
    events.SettingChanged: Right.RULE,
    events.Erased: Right.RULE,
    events.RoomRenamed: Right.RULE,
    events.RoomMetadataChanged: Right.RULE,
}


def noting(rule: Rule) -> Rule:
    """The same rule, that also notes what was overruled."""

    def decided(chat: Chat, who: int, command: commands.Command, now: int) -> Items:
        items = rule(chat, who, command, now)
        if who not in chat.owners:
            return items
        me = chat.people[who]
        return (
            *items,
            *(
                Overruled(me, item)  # type: ignore[arg-type]  # it is one of these
                for item in items
                if type(item) in _IN_ROOM and not _by_role(chat, who, item)  # type: ignore[arg-type]
            ),
        )

    return decided


def _by_role(chat: Chat, who: int, act: InRoom) -> bool:
    """Whether somebody's role in the room allows an act there."""
    room = chat.rooms.get(fold(act.room))
    if room is None:
        return True
    mine = room.roles.get(who, 0)
    match act:
        case events.RoleChanged():
            laid_down = act.person.id == who and not act.on
            gives = mine >= ROLE_NAMED[act.role].given_by
            return laid_down or (gives and _not_above(room, act.person.id, mine))
        case events.TopicChanged():
            return TOPIC_LOCKED not in room.flags or mine >= Right.KEEP_ORDER
        case events.Kicked():
            return mine >= Right.KEEP_ORDER and _not_above(room, act.person.id, mine)
        case _:
            return mine >= _RIGHTS[type(act)]


def _not_above(room: Room, other: int, mine: int) -> bool:
    return highest(room.roles.get(other, 0)) <= highest(mine)
