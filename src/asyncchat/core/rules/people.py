"""Who is here: entering, names, away, leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncchat.core import commands, events, replies
from asyncchat.core.lookalikes import mixed
from asyncchat.core.names import fold, name_fault
from asyncchat.core.people import person, renamed, renamed_really
from asyncchat.core.roles import Right
from asyncchat.core.rules.metadata import entering
from asyncchat.core.rules.rooms import joining
from asyncchat.core.rules.stays import last_session_gone, leaving
from asyncchat.core.seen import device_of, missed_by
from asyncchat.core.stays import NOT_CONNECTED, stays

if TYPE_CHECKING:
    from asyncchat.core.chat import Chat, Item, Items, Rule
    from asyncchat.core.people import Person
    from asyncchat.core.rooms import Room

DEVICES = 20
"""Sessions one person may have at the same time: more than anyone's devices, fewer than a runaway's."""


def check_name(chat: Chat, who: int, command: commands.CheckName, _now: int) -> Items:
    """Refuses a name that could not be had, else says nothing.

    Whose holder has an account may be the asker, who has not logged in yet: entering decides.
    """
    refusal = _refusal_of_name(chat, who, command.name)
    if isinstance(refusal, replies.NameTaken) and chat.people[refusal.holder].account:
        return ()
    return () if refusal is None else (refusal,)


def enter(chat: Chat, who: int, command: commands.Enter, now: int) -> Items:
    """Makes the asker a person, in its first rooms at once."""
    if who in chat.people:
        return (replies.AlreadyEntered(),)
    account = chat.accounts.get(fold(command.account)) if command.account else None
    mine = "" if account is None else account.name
    same = chat.person_named(command.name)
    if same is not None and mine and same.account == mine:
        return _attaching(chat, who, same, command, now)
    refusal = _refusal_of_name(chat, who, command.name)
    if same is not None and same.account and fold(same.account) == same.key and same.account != mine:
        return (replies.NameReserved(command.name, same.id),)  # whose password is shown is this person
    if refusal is not None:
        return (refusal,)
    if reserved(chat, command.name, mine):
        return (replies.NameReserved(command.name),)
    newcomer = person(who, command.name, command.user, command.host, command.realname, mine, command.address)
    banned = _banned(chat, newcomer, now)
    if banned is not None:
        return (banned,)
    items: list[Item] = [
        events.Entered(newcomer, now, command.away),
        *entering(chat, newcomer, who, command.metadata, command.keys),
        commands.AskWelcome(missed_by(chat, mine, command.user) if mine else None),
    ]
    if mine:
        items.append(events.DeviceSeen(mine, command.user))
    named: set[str] = set()
    joined = 0
    for room in command.rooms:
        if fold(room) not in named:
            named.add(fold(room))
            found = joining(chat, newcomer, room, now, joined, away=command.away)
            joined += bool(found) and isinstance(found[-1], commands.AskRoom)
            items.extend(found)
    return tuple(items)


def _attaching(chat: Chat, who: int, same: Person, command: commands.Enter, now: int) -> Items:
    """Makes the asker one more session of a person who is here, in the rooms where it is."""
    if len(chat.devices.get(same.id, (same.id,))) >= DEVICES:
        return (replies.NameTaken(command.name, same.id),)
    asker = person(who, command.name, command.user, command.host, command.realname, "", command.address)
    banned = _banned(chat, asker, now)
    if banned is not None:
        return (banned,)
    rooms = tuple(commands.AskPresent(room.name, now) for room in chat.rooms_with(same.id))
    back = same.id in chat.absent and chat.away.get(same.id) == NOT_CONNECTED
    away = (events.AwayChanged(same, command.away),) if back else ()
    before = entering(chat, same, who, command.metadata, command.keys)
    attached = events.Attached(same, who, now, command.user)
    welcome = commands.AskWelcome(missed_by(chat, same.account, command.user))
    return (*away, attached, *before, welcome, events.DeviceSeen(same.account, command.user), *rooms)


def _banned(chat: Chat, newcomer: Person, now: int) -> replies.BannedFromServer | None:
    for ban in chat.server_bans.values():
        if ban.holds(now) and ban.means(newcomer):
            return replies.BannedFromServer(ban.reason, ban.until)
    return None


def detach(chat: Chat, who: int, command: commands.Detach, now: int) -> Items:
    """Ends one session of a person; with its last one it leaves, or stays without a connection."""
    me = chat.people.get(who)
    devices = chat.devices.get(who, (who,))
    if me is None or command.session not in devices:
        return ()
    seen: tuple[events.DeviceSeen, ...] = ()
    if me.account:
        device, rooms = device_of(chat, me, command.session), chat.rooms_of.get(who, ())
        seen = (events.DeviceSeen(me.account, device, max(1, now - command.silent), rooms),)
    if len(devices) > 1:
        return (events.Detached(me, command.session, command.reason, now), *seen)
    if stays(chat, me):
        return (*last_session_gone(chat, me, command.session, command.reason, now), *seen)
    return (*leaving(chat, me, command.reason, now), *seen)


def rename(chat: Chat, who: int, command: commands.Rename, now: int) -> Items:
    """Gives a person another name; a change of case alone is one too."""
    me = chat.people.get(who)
    if me is None:
        return check_name(chat, who, commands.CheckName(command.name), now)
    if command.name == me.name:
        return ()
    refusal = _refusal_of_name(chat, who, command.name)
    if refusal is not None:
        return (refusal,)
    if reserved(chat, command.name, me.account):
        return (replies.NameReserved(command.name),)
    if fold(command.name) != me.key:
        room = _silenced_in(chat, me)
        if room is not None:
            return (replies.NameFixed(command.name, room.name),)
    return (events.Renamed(me, renamed(me, command.name), now, chat.rooms_of.get(who, ())),)


def set_realname(chat: Chat, who: int, command: commands.SetRealname, _now: int) -> Items:
    """Gives a person another real name."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    room = _silenced_in(chat, me)
    if room is not None:
        return (replies.RealnameFixed(room.name),)
    return (events.RealnameChanged(me, renamed_really(me, command.text)),)


def _silenced_in(chat: Chat, me: Person) -> Room | None:
    """A room where a person is banned or muted, and would not be by another name."""
    for room in chat.rooms_with(me.id):
        if (
            room.guarded
            and not chat.may(me.id, room, Right.SPEAK)
            and (room.bans_person(me) or room.mutes_person(me))
        ):
            return room
    return None


def set_away(chat: Chat, who: int, command: commands.SetAway, _now: int) -> Items:
    """Marks a person as away, or as back; others hear of it when it is something new."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    if command.text == chat.away.get(who, ""):
        return (replies.StillAway(command.text),)
    return (events.AwayChanged(me, command.text),)


def quit(chat: Chat, who: int, command: commands.Quit, now: int) -> Items:
    """Takes a person out of the chat; one who never entered leaves without a trace."""
    me = chat.people.get(who)
    if me is None:
        return ()
    return detach(chat, who, commands.Detach(who, command.reason, command.silent), now)


def claim_owner(chat: Chat, who: int, command: commands.ClaimOwner, _now: int) -> Items:
    """Makes who showed the owner code, or an operator's password, an operator of every room."""
    me = chat.people.get(who)
    if me is None:
        return (replies.NotEntered(),)
    if not command.verified:
        return (events.ClaimFailed(me, command.name), replies.WrongCode(command.name))
    return (events.OwnerClaimed(me, command.name),)


def reserved(chat: Chat, name: str, account: str) -> bool:
    """Whether a name belongs to an account and not to this one (empty: none)."""
    key = fold(name)
    return key in chat.accounts and (not account or fold(account) != key)


def _refusal_of_name(chat: Chat, who: int, name: str) -> replies.Refusal | None:
    reason = name_fault(name)
    if reason is not None:
        return replies.NameNotAllowed(name, reason)
    if fold(name) in chat.tokens:
        return replies.NameNotAllowed(name, "it is a bot's")
    if chat.ascii_names and not name.isascii():
        return replies.NameNotAllowed(name, "only letters of ASCII are allowed here")
    if mixed(name):
        return replies.NameNotAllowed(name, "it mixes letters of several scripts in a word")
    holder = chat.holders.get(fold(name))
    if holder is not None and holder != who:
        return replies.NameTaken(name, holder)
    twin = chat.twin(name)
    like = chat.people[twin].name if twin is not None and twin != who else chat.kept_twin(name)
    return replies.NameNotAllowed(name, f"it looks like {like}") if like else None


RULES: dict[type[commands.Command], Rule] = {
    commands.CheckName: check_name,
    commands.Enter: enter,
    commands.Rename: rename,
    commands.SetRealname: set_realname,
    commands.SetAway: set_away,
    commands.Quit: quit,
    commands.Detach: detach,
    commands.ClaimOwner: claim_owner,
}
