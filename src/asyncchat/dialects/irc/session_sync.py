"""What a session is told of what another session of the same person caused.

Owns the few events that come to it in no other way; what a room's members are told it is told with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncchat.core import events, replies
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import ECHO_MESSAGE
from asyncchat.dialects.irc.self_events import SELF_EVENTS, Private
from asyncchat.dialects.irc.serialize import line

if TYPE_CHECKING:
    from asyncchat.dialects.base import Outcome
    from asyncchat.dialects.irc.dialect import IrcDialect

Changed = events.Renamed | events.RealnameChanged | events.LoggedIn | events.LoggedOut


def encode_from_sibling(session: IrcDialect, outcome: Outcome, *, alone: bool) -> bytes:
    """The lines; ``alone`` is a person who is in no room."""
    told = []
    for item in events.together(outcome):
        if isinstance(item, events.Record):
            how = _SIBLING_EVENTS.get(type(item.event))
            if how is not None:
                told.append(how(session, item, item.event, alone))
        elif isinstance(item, replies.RoomView) and item.joining:
            told.append(session.say((item,)))
    return b"".join(told)


def _changed(session: IrcDialect, record: events.Record, event: Changed, alone: bool) -> bytes:
    if event.now.id != session.id:
        return b""
    session.take_name(event.now)
    return session.encoder.encode(record) if alone else b""


def _logged_out(session: IrcDialect, record: events.Record, event: events.LoggedOut, alone: bool) -> bytes:
    told = _changed(session, record, event, alone)
    if event.now.id != session.id:
        return told
    return told + session.numeric(numerics.RPL_LOGGEDOUT, event.now.origin, text="You are now logged out")


def _host(session: IrcDialect, record: events.Record, event: events.HostChanged, _alone: bool) -> bytes:
    return SELF_EVENTS[events.HostChanged](session, record, event) if event.now.id == session.id else b""


def _private(session: IrcDialect, record: events.Record, event: Private, _alone: bool) -> bytes:
    """A message from oneself to another: only who knows echoes takes it for what it is."""
    if event.to.id == session.id or not session.caps_out & ECHO_MESSAGE:
        return b""
    return session.encoder.encode(record)


def _read(session: IrcDialect, record: events.Record, _event: events.ReadUpTo, _alone: bool) -> bytes:
    return session.encoder.encode(record)


def _as_own(session: IrcDialect, record: events.Record, event: events.Event, _alone: bool) -> bytes:
    return SELF_EVENTS[type(event)](session, record, event)


def _owner(session: IrcDialect, _record: events.Record, _event: events.OwnerClaimed, _alone: bool) -> bytes:
    return line(f":{session.nick} MODE {session.nick}", "+o")


_SIBLING_EVENTS: dict[type[events.Event], Callable[[IrcDialect, events.Record, Any, bool], bytes]] = {
    events.Renamed: _changed,
    events.RealnameChanged: _changed,
    events.HostChanged: _host,
    events.LoggedIn: _changed,
    events.LoggedOut: _logged_out,
    events.AwayChanged: _as_own,
    events.Joined: _as_own,
    events.PersonFlagChanged: _as_own,
    events.OwnerClaimed: _owner,
    events.OwnerResigned: _as_own,
    events.ReadUpTo: _read,
    events.Whispered: _private,
    events.SignalledTo: _private,
    events.ReactedTo: _private,
    events.Retracted: _private,
}
