"""What is said of each event to those it did not come from, and to the one it came from.

Owns two tables over the closed set of events. A sentence is one line without its end; an empty one is not
told.
"""

from collections.abc import Callable
from typing import Any

from asyncchat.core import events
from asyncchat.core.events import Speech
from asyncchat.core.modes import BANS, MUTES
from asyncchat.core.names import LOBBY, fold
from asyncchat.core.text import cut
from asyncchat.text.durations import lasting
from asyncchat.text.modes import (
    LIST_WORDS,
    PERSON_FLAG_WORDS,
    RULE_WORDS,
    a_role,
    setting_sentence,
)

Words = Callable[[Any], str]


def is_lobby(room: str) -> bool:
    """Whether a name means the lobby."""
    return room == LOBBY or fold(room) == LOBBY


def in_room(room: str, sentence: str) -> str:
    """The sentence, with the room before it unless that is the lobby."""
    return sentence if room == LOBBY or fold(room) == LOBBY else f"[{room}] {sentence}"


def because(reason: str) -> str:
    """A reason in brackets, or nothing."""
    return f" ({reason})" if reason else ""


def spoken(start: str, name: str, text: str, speech: Speech) -> str:
    """Somebody's words; each line of several has its speaker. Clients' own questions are not shown."""
    if speech is Speech.ACTION:
        start = f"{start}* {name} "
    elif speech is Speech.PROBE or speech is Speech.PROBE_ANSWER:
        return ""
    else:
        start = f"{start}{name}: "
    return "\n".join(start + part for part in text.split("\n")) if "\n" in text else start + text


def said(event: events.Said) -> str:
    """``NAME: text``."""
    start = "" if event.room == LOBBY or fold(event.room) == LOBBY else f"[{event.room}] "
    return spoken(start, event.person.name, event.text, event.speech)


def _whispered(event: events.Whispered) -> str:
    return spoken("[private] ", event.person.name, event.text, event.speech)


def _whispered_by_me(event: events.Whispered) -> str:
    if event.speech in (Speech.PROBE, Speech.PROBE_ANSWER):
        return ""
    start = f"[private to {event.to.name}] " + ("* " if event.speech is Speech.ACTION else "")
    return "\n".join(start + part for part in event.text.split("\n"))


def _joined(event: events.Joined) -> str:
    name = event.person.name
    return f"{name} is online" if is_lobby(event.room) else f"[{event.room}] {name} joined"


def _room_renamed(event: events.RoomRenamed) -> str:
    return f"[{event.room}] {event.person.name} renamed the room: {event.to}{because(event.reason)}"


def _parted(event: events.Parted) -> str:
    where = "the lobby" if is_lobby(event.room) else "the room"
    return in_room(event.room, f"{event.person.name} left {where}{because(event.reason)}")


def _parted_myself(event: events.Parted) -> str:
    return f"You left {'the lobby' if is_lobby(event.room) else event.room}."


def _kicked(event: events.Kicked) -> str:
    return in_room(event.room, f"{event.person.name} was put out by {event.by.name}{because(event.reason)}")


def _role_changed(event: events.RoleChanged) -> str:
    now = f"is {a_role(event.role)} now" if event.on else f"is no {event.role} any more"
    return in_room(event.room, f"{event.person.name} {now} ({event.by.name})")


def _topic_changed(event: events.TopicChanged) -> str:
    what = f"set the topic: {event.text}" if event.text else "took the topic away"
    return in_room(event.room, f"{event.person.name} {what}")


def _flag_changed(event: events.FlagChanged) -> str:
    on, off = RULE_WORDS.get(event.flag, (f"{event.flag} is on", f"{event.flag} is off"))
    return in_room(event.room, f"{event.person.name} changed a rule: {on if event.on else off}")


def _setting_changed(event: events.SettingChanged) -> str:
    now = setting_sentence(event.setting, event.value)
    return in_room(event.room, f"{event.person.name} changed a rule: {now}")


def _ban_changed(event: events.BanChanged) -> str:
    return _listed(BANS, event)


def _mute_changed(event: events.MuteChanged) -> str:
    return _listed(MUTES, event)


def _mask_changed(event: events.MaskChanged) -> str:
    return _listed(event.listed, event)


def _listed(listed: str, event: events.BanChanged | events.MuteChanged | events.MaskChanged) -> str:
    on, off = LIST_WORDS[listed][:2] if listed in LIST_WORDS else (f"+{listed}", f"-{listed}")
    how_long = f" for {lasting((event.until - event.time) // 1_000_000)}" if event.until else ""
    return in_room(
        event.room, f"{event.person.name} {on if event.on else off} {event.mask.removeprefix('~')}{how_long}"
    )


def _invited(event: events.Invited) -> str:
    return f"{event.person.name} invites you to {event.room}: /join {event.room}"


def _knocked(event: events.Knocked) -> str:
    words = f": {event.text}" if event.text else ""
    return in_room(event.room, f"{event.person.name} asks to be invited (/invite {event.person.name}){words}")


def _confided(event: events.Confided) -> str:
    start = f"[{event.role}s] " if is_lobby(event.room) else f"[{event.role}s of {event.room}] "
    return spoken(start, event.person.name, event.text, event.speech)


def _confided_by_me(event: events.Confided) -> str:
    return in_room(event.room, f"Only its {event.role}s read that.")


def _erased(event: events.Erased) -> str:
    count = len(event.numbers)
    what = "1 message" if count == 1 else f"{count:,} messages" if count else "no message"
    return in_room(event.room, f"{event.person.name} erased {what} of the history{because(event.reason)}")


def _retracted(event: events.Retracted) -> str:
    return f"[private] {event.person.name} took back a message{because(event.reason)}"


def _reacted(event: events.Reacted | events.ReactedTo) -> str:
    what = cut(event.reaction[:_REACTION_BYTES], _REACTION_BYTES)[0]
    did = f"{event.person.name} reacted {what}" if event.on else f"{event.person.name} took back {what}"
    about = f"“{event.author}: {event.about}”" if event.about else f"a message of {event.author}"
    said = f"{did} to {about}"
    return f"[private] {said}" if isinstance(event, events.ReactedTo) else in_room(event.room, said)


_REACTION_BYTES = 40
"""How much of a reaction is shown: a few emoji, a word or two."""


def _left(event: events.Left) -> str:
    return f"{event.person.name} left chat{because(event.reason)}"


def _renamed(event: events.Renamed) -> str:
    return f"{event.person.name} is now {event.now.name}"


def _away_myself(event: events.AwayChanged) -> str:
    return f"You are away: {event.text}" if event.text else "You are back."


def _room_metadata(event: events.RoomMetadataChanged) -> str:
    did = f"took {event.key} away" if event.value is None else f"set {event.key} to: {event.value}"
    return in_room(event.room, f"{event.person.name} {did}")


def _untold(_event: events.Event) -> str:
    return ""


EVENT_WORDS: dict[type[events.Event], Words] = {
    events.Said: said,
    events.Whispered: _whispered,
    events.Signalled: _untold,  # for programs that ask for it
    events.SignalledTo: _untold,
    events.Signalled: _untold,  # for programs alone
    events.SignalledTo: _untold,
    events.SignalledToRole: _untold,
    events.NodeStarted: _untold,
    events.Entered: _untold,  # in the lobby, Joined tells it
    events.Left: _left,
    events.Renamed: _renamed,
    events.AwayChanged: _untold,  # who writes to somebody away is told
    events.RealnameChanged: _untold,
    events.HostChanged: _untold,
    events.HostShown: _untold,
    events.RoomOpened: _untold,
    events.RoomClosed: _untold,
    events.RoomRenamed: _room_renamed,
    events.Joined: _joined,
    events.Parted: _parted,
    events.Kicked: _kicked,
    events.RoleChanged: _role_changed,
    events.TopicChanged: _topic_changed,
    events.FlagChanged: _flag_changed,
    events.BanChanged: _ban_changed,
    events.MuteChanged: _mute_changed,
    events.SettingChanged: _setting_changed,
    events.MaskChanged: _mask_changed,
    events.Invited: _invited,
    events.InviteShown: _untold,
    events.Watched: _untold,
    events.AccountMetadataChanged: _untold,  # for programs
    events.RoomMetadataChanged: _room_metadata,  # in the audit
    events.MetadataChanged: _untold,
    events.MetadataShown: _untold,
    events.Subscribed: _untold,
    events.Synced: _untold,
    events.Came: _untold,
    events.Went: _untold,
    events.Noticed: _untold,
    events.Knocked: _knocked,
    events.Spoke: _untold,
    events.Confided: _confided,
    events.PersonFlagChanged: _untold,
    events.OwnerClaimed: _untold,
    events.OwnerResigned: _untold,
    events.Erased: _erased,
    events.Reacted: _reacted,
    events.ReactedTo: _reacted,
    events.ReadUpTo: _untold,
    events.ReadHere: _untold,
    events.Retracted: _retracted,
    events.Announced: lambda event: f"[server] {event.person.name}: {event.text}",
    events.Killed: lambda event: f"{event.by.name} put you out of the chat{because(event.reason)}",
    events.ServerBanChanged: _untold,
    events.Overruled: _untold,  # the act itself is told
    events.ClaimFailed: _untold,
    events.ConfigurationRead: _untold,
    events.AccountMade: _untold,
    events.TokenMade: _untold,
    events.TokenRevoked: _untold,
    events.PostedOnce: _untold,
    events.AccountPasswordChanged: _untold,
    events.AccountRemoved: _untold,
    events.LoggedIn: _untold,
    events.Attached: _untold,
    events.Detached: _untold,
    events.LoggedOut: _untold,
    events.AccountStays: _untold,
    events.DeviceSeen: _untold,
    events.StayChanged: _untold,
    events.RoomRegistered: _untold,
    events.RoomAccessChanged: _untold,
}
"""To the others."""

OWN_WORDS: dict[type[events.Event], Words] = {
    **EVENT_WORDS,
    events.Said: _untold,  # the terminal has it already
    events.Whispered: _whispered_by_me,
    events.Left: _untold,
    events.Renamed: lambda event: f"You are now {event.now.name}.",
    events.AwayChanged: _away_myself,
    events.HostChanged: lambda event: f"{event.now.name} is seen as coming from {event.now.host} now.",
    events.RealnameChanged: lambda event: f"Your real name is {event.now.realname}.",
    events.Joined: _untold,  # the room's picture follows
    events.Parted: _parted_myself,
    events.RoomMetadataChanged: _untold,
    events.Knocked: lambda event: f"You asked to be invited to {event.room}.",
    events.Invited: lambda event: f"You invited {event.to.name} to {event.room}.",
    events.Confided: _confided_by_me,
    events.PersonFlagChanged: lambda event: PERSON_FLAG_WORDS[event.flag][0 if event.on else 1],
    events.Killed: lambda event: f"You put {event.person.name} out of the chat.",
    events.ServerBanChanged: lambda event: (
        f"{event.mask} is {'banned' if event.on else 'no longer banned'} from the server."
    ),
    events.LoggedOut: lambda event: f"{event.person.name} is no longer logged in as {event.person.account}.",
    events.OwnerResigned: lambda _event: "You are the owner no longer.",
    events.OwnerClaimed: lambda _event: "You are the owner now: an operator of every room.",
}
"""To the one who caused it."""
