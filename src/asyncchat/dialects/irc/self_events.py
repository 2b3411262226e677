"""What a session is told of the events it caused itself, where that is not what others are told.

Owns a table of kinds of events; the lines of all others are ``encoder``'s.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from asyncchat.core import events
from asyncchat.core.names import fold
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import (
    CHANNEL_RENAME,
    CHATHISTORY,
    CHGHOST,
    ECHO_MESSAGE,
    MESSAGE_REDACTION,
)
from asyncchat.dialects.irc.commands import autoreplay
from asyncchat.dialects.irc.commands.away import (
    away_line,
)
from asyncchat.dialects.irc.mode_lines import signed
from asyncchat.dialects.irc.modes import PERSON_LETTERS
from asyncchat.dialects.irc.serialize import line

if TYPE_CHECKING:
    from asyncchat.dialects.irc.dialect import IrcDialect

Message = events.Said | events.Signalled | events.Confided | events.SignalledToRole | events.Reacted
Private = events.Whispered | events.SignalledTo | events.ReactedTo


def _entered(session: IrcDialect, record: events.Record, event: events.Event) -> bytes:
    """Nothing: a reply says it."""
    return b""


def _came(session: IrcDialect, record: events.Record, event: events.Entered | events.Attached) -> bytes:
    autoreplay.comes(session, record, event.person.account)
    return b""


def _said(session: IrcDialect, record: events.Record, event: Message) -> bytes:
    return session.encoder.encode(record) if session.caps_out & ECHO_MESSAGE else b""


def _whispered(session: IrcDialect, record: events.Record, event: Private) -> bytes:
    told = session.encoder.encode(record)
    echo = told if session.caps_out & ECHO_MESSAGE else b""
    return echo + session.beside_answer(told) if event.to.id == session.id else echo


def _room_renamed(session: IrcDialect, record: events.Record, event: events.RoomRenamed) -> bytes:
    """RENAME, or for who does not know it a PART and a JOIN; a change of case needs neither."""
    if session.caps_out & CHANNEL_RENAME:
        return session.encoder.encode(record)
    me = session.person
    if me is None or fold(event.room) == fold(event.to):
        return b""
    left, joined = events.Parted(event.room, me, event.reason), events.Joined(event.to, me)
    encode, number, time = session.encoder.encode, record.number, record.time
    return encode(events.Record(number, time, left)) + encode(events.Record(number, time, joined))


def _erased(session: IrcDialect, record: events.Record, event: events.Erased | events.Retracted) -> bytes:
    """Told in the same way as a message to who knows REDACT (draft/message-redaction)."""
    wanted = session.caps_out & ECHO_MESSAGE or not session.caps_out & MESSAGE_REDACTION
    return session.encoder.encode(record) if wanted else b""


def _left(session: IrcDialect, record: events.Record, event: events.Left) -> bytes:
    if event.person.id != session.id:
        return session.encoder.encode(record)  # it put somebody out
    return session.closing_bytes(event.reason)


def _detached(session: IrcDialect, record: events.Record, event: events.Detached) -> bytes:
    return session.closing_bytes(event.reason)


def _renamed(session: IrcDialect, record: events.Record, event: events.Renamed) -> bytes:
    told = session.encoder.encode(record)
    session.take_name(event.now)
    return told


def _away(session: IrcDialect, record: events.Record, event: events.AwayChanged) -> bytes:
    if session.gone or not session.entered:
        return b""  # only that it comes, or is gone, has changed it
    return away_line(session, event.text)


def _joined(session: IrcDialect, record: events.Record, event: events.Joined) -> bytes:
    if session.context.server.newcomers and not session.caps_in & CHATHISTORY:
        session.queue_replay(autoreplay.on_joining(session, event.room, record.number, record.time))
    # Nobody is told of being away himself (away-notify).
    told = msgspec.structs.replace(event, away="") if event.away else event
    return session.encoder.encode(msgspec.structs.replace(record, event=told))


def _realname(session: IrcDialect, record: events.Record, event: events.RealnameChanged) -> bytes:
    session.take_name(event.now)
    return session.encoder.encode(record)


def _host(session: IrcDialect, record: events.Record, event: events.HostChanged) -> bytes:
    """To whose host it is and to the operator; either may be both."""
    told = b""
    if event.now.id == session.id:
        session.take_name(event.now)
        told = session.encoder.encode(record) if session.caps_out & CHGHOST else b""
        told += session.numeric(numerics.RPL_VISIBLEHOST, event.now.host, text="is now your visible host")
    elif session.id in event.to:
        told = session.encoder.encode(record)
    if event.by.id == session.id:
        said = f"{event.now.name} has the host {event.now.host} now"
        told += line(f":{session.context.name} NOTICE {session.nick}", said)
    return told


def _host_shown(session: IrcDialect, record: events.Record, event: events.HostShown) -> bytes:
    return session.encoder.encode(record) if session.id in event.to else b""


def _untold(session: IrcDialect, record: events.Record, event: events.Event) -> bytes:
    return b""


def _invited(session: IrcDialect, record: events.Record, event: events.Invited) -> bytes:
    return session.numeric(numerics.RPL_INVITING, event.to.name, event.room)


def _knocked(session: IrcDialect, record: events.Record, event: events.Knocked) -> bytes:
    return session.numeric(numerics.RPL_KNOCKDLVR, event.room, text="Your KNOCK has been delivered.")


def _person_flag(session: IrcDialect, record: events.Record, event: events.PersonFlagChanged) -> bytes:
    records = record.records if isinstance(record, events.Together) else (record,)
    changes = (one.event for one in records)
    letters = [(one.on, PERSON_LETTERS[one.flag], "") for one in changes if type(one) is type(event)]
    return line(f":{session.nick} MODE {session.nick}", signed(letters))


def _server_ban(session: IrcDialect, record: events.Record, event: events.ServerBanChanged) -> bytes:
    what = "is banned from the server" if event.on else "is no longer banned from the server"
    return line(f":{session.context.name} NOTICE {session.nick}", f"{event.mask} {what}")


def _owner(session: IrcDialect, record: events.Record, event: events.OwnerClaimed) -> bytes:
    session.resume()
    return session.numeric(numerics.RPL_YOUREOPER, text="You are now an IRC operator") + line(
        f":{session.nick} MODE {session.nick}", "+o"
    )


def _resigned(session: IrcDialect, record: events.Record, event: events.OwnerResigned) -> bytes:
    return line(f":{session.nick} MODE {session.nick}", "-o")


def _logged_in(session: IrcDialect, record: events.Record, event: events.LoggedIn) -> bytes:
    session.take_name(event.now)
    return session.encoder.encode(record)  # 900 is the reply's: it comes where one was logged in before, too


def _logged_out(session: IrcDialect, record: events.Record, event: events.LoggedOut) -> bytes:
    if event.now.id != session.id:
        return session.encoder.encode(record)
    session.take_name(event.now)
    told = session.numeric(numerics.RPL_LOGGEDOUT, event.now.origin, text="You are now logged out")
    return session.encoder.encode(record) + told


def _metadata_shown(session: IrcDialect, record: events.Record, event: events.MetadataShown) -> bytes:
    """What one changed oneself is answered; what logging in changed is told."""
    return session.encoder.encode(record) if event.by is None and session.id in event.to else b""


SELF_EVENTS: dict[type[events.Event], Callable[[IrcDialect, events.Record, Any], bytes]] = {
    events.Entered: _came,
    events.Attached: _came,
    events.Detached: _detached,
    events.Said: _said,
    events.Whispered: _whispered,
    events.Signalled: _said,
    events.SignalledTo: _whispered,
    events.Confided: _said,
    events.SignalledToRole: _said,
    events.Reacted: _said,
    events.Erased: _erased,
    events.Retracted: _erased,
    events.ReadUpTo: _entered,
    events.ReadHere: _entered,
    events.ReactedTo: _whispered,
    events.Invited: _invited,
    events.Knocked: _knocked,
    events.PersonFlagChanged: _person_flag,
    events.Left: _left,
    events.RoomRenamed: _room_renamed,
    events.Renamed: _renamed,
    events.AwayChanged: _away,
    events.Joined: _joined,
    events.RealnameChanged: _realname,
    events.HostChanged: _host,
    events.HostShown: _host_shown,
    events.InviteShown: _untold,
    events.MetadataShown: _metadata_shown,
    events.Watched: _untold,
    events.Came: _untold,
    events.Went: _untold,
    events.Noticed: _untold,
    events.OwnerClaimed: _owner,
    events.OwnerResigned: _resigned,
    events.ServerBanChanged: _server_ban,
    events.LoggedIn: _logged_in,
    events.LoggedOut: _logged_out,
}
"""What the one who caused an event is told where it is not what the others are told."""
