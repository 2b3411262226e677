"""Drain: a NOTICE before the connection ends."""

from asyncchat.core.features.drain import Draining
from asyncchat.dialects.irc.registry import reply
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.text.features import drain


@reply(Draining)
def _say_draining(session: IrcSession, value: Draining) -> bytes:
    return session.notice(drain.draining(value))
