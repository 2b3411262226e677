"""Persons that outlive their connections, or have several: what a session of theirs is told."""

from asyncchat.core.events import Record
from asyncchat.core.features.always_on import AlwaysOnStatus
from asyncchat.core.features.connect import Present
from asyncchat.core.features.presence import SessionDetached
from asyncchat.core.features.rooms import Joined
from asyncchat.dialects.irc.features import autoreplay
from asyncchat.dialects.irc.features.rooms import say_room
from asyncchat.dialects.irc.features.services import notice
from asyncchat.dialects.irc.registry import reply, to_self
from asyncchat.dialects.irc.session import IrcSession


@reply(AlwaysOnStatus)
def _say_staying(session: IrcSession, reply: AlwaysOnStatus) -> bytes:
    if not reply.on:
        return notice(session, reply.context, f"{reply.account} leaves its channels with its last connection")
    end = f", for up to {reply.days} days" if reply.days else ""
    text = f"As {reply.account} you stay in your channels while you are not connected{end}"
    return notice(session, reply.context, text)


@reply(Present)
def _say_present(session: IrcSession, reply: Present) -> bytes:
    """Tells of a room that the person has been in since before this session, as if it had just joined."""
    view = reply.view
    autoreplay.present(session, view.room, reply.time)
    joined = Record(0, reply.time, Joined(view.room, view.person))
    return session.encoder.encode(joined) + say_room(session, view)


@to_self(SessionDetached)
def _session_detached(session: IrcSession, record: Record, event: SessionDetached) -> bytes:
    """ERROR: this session ends, the person stays."""
    return session.closing_bytes(event.reason)
