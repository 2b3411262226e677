"""Reactions to messages, as tags of TAGMSG (IRCv3 client-tags/react)."""

from collections.abc import Iterable, Sequence

from asyncchat.core.commands import Command
from asyncchat.core.features.history import Which
from asyncchat.core.features.reactions import React, Reacted, ReactedTo, ReactionRefused
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server
from asyncchat.dialects.irc.features import messages
from asyncchat.dialects.irc.features.messages_client import REPLY, TYPING, TYPING_STATES
from asyncchat.dialects.irc.registry import refusal, tagged, to_self, to_siblings
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message, Tags


def _reaction(session: IrcSession, targets: Sequence[str], tags: Tags) -> Command | None:
    """The reaction that tags mean (client-tags/react): one of them, to a message that can be known."""
    given = dict(tags)
    reactions = [name for name in _REACTIONS if given.get(name)]
    answered = given.get("+reply") or given.get("+draft/reply")
    if len(reactions) != 1 or not answered or len(targets) != 1 or messages.for_a_role(targets[0]):
        return None
    number = session.context.server.ids.number_of(answered)
    if number is None:
        return None
    name = reactions[0]
    return React(Which(targets[0], number), given[name], _REACTIONS[name], tags)


_REACTIONS = {"+draft/react": True, "+draft/unreact": False}
"""The tags of a reaction, and whether it is put or taken back."""

messages.TAGMSG_MEANINGS.append(_reaction)
tagged(Reacted, ReactedTo)(messages.signal_lines)
to_self(Reacted)(messages.echo)
to_self(ReactedTo)(messages.private_echo)
to_siblings(ReactedTo)(messages.private_from_sibling)


refusal(ReactionRefused, numerics.ERR_CANNOTSENDTOCHAN, "{r.to}", "Not sent: {r.reason}")


# The client's side.


@from_server("TAGMSG")
def _reacted(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """A reaction, or that somebody types; other tags say nothing to people."""
    state = line.tag(TYPING)
    if state in TYPING_STATES and line.param(0):
        room, nick, own = client.conversation(line)
        return () if own else (values.Typing(line.time, room, nick, state),)
    id = next((line.tag(key) for key in REPLY if line.tag(key)), None)
    found = [(key, value) for key, value in line.tags if key in _REACTIONS and value]
    if not id or len(found) != 1 or not line.param(0):
        return ()
    key, text = found[0]
    room, nick, own = client.conversation(line)
    return (values.Reacted(line.time, room, nick, id, text, _REACTIONS[key], own),)


def reaction(to: str, id: str, text: str, on: bool) -> Message:
    """The TAGMSG that puts a reaction or takes it back; the message is named in both ways that are in use."""
    key = next(key for key, puts in _REACTIONS.items() if puts is on)
    return Message("TAGMSG", (to,), tags=(*((name, id) for name in REPLY), (key, text)))
