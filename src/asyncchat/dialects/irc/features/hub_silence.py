"""The silence of a cluster's hub: a NOTICE to those who wait for it."""

from asyncchat.core.features.hub_silence import HubSilent
from asyncchat.dialects.irc.registry import reply
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.text.features import hub_silence


@reply(HubSilent)
def _say_silent(session: IrcSession, _value: HubSilent) -> bytes:
    return session.notice(hub_silence.SILENT)
