"""Topics of rooms: TOPIC (Modern IRC, "TOPIC message")."""

from collections.abc import Iterable, Sequence

from asyncchat.core.commands import Command
from asyncchat.core.features.topic import GetTopic, SetTopic, TopicChanged, TopicView
from asyncchat.core.people import from_origin
from asyncchat.core.text import TOPIC_BYTES
from asyncchat.dialects.irc import client_values as values
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.capabilities import token
from asyncchat.dialects.irc.client_connection import ClientConnection, ServerLine
from asyncchat.dialects.irc.client_registry import from_server, silent
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import command, lines, reply
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message

token("TOPICLEN", TOPIC_BYTES)


@command(
    "TOPIC <channel> [:<topic>]", "Shows a channel's topic, or sets it; an empty one removes it.", least=1
)
def _topic(session: IrcSession, message: Message) -> Sequence[Command]:
    if len(message.params) == 1:
        return [GetTopic(message.params[0])]
    return [SetTopic(message.params[0], message.params[1])]


@reply(TopicView)
def say_topic(session: IrcSession, view: TopicView) -> bytes:
    """A room's topic, who set it and when, or that there is none.

    Only the nick is told: the origin that is kept may be from a time without cloaks.
    """
    topic = view.topic
    if topic is None:
        return session.numeric(numerics.RPL_NOTOPIC, view.room, text="No topic is set")
    return session.numeric(numerics.RPL_TOPIC, view.room, text=topic.text) + session.numeric(
        numerics.RPL_TOPICWHOTIME, view.room, from_origin(topic.by).name, str(topic.time // 1_000_000)
    )


@lines(TopicChanged)
def _topic_lines(_encoder: EncoderBase, event: TopicChanged) -> bytes:
    return line(f":{event.person.origin} TOPIC {event.room}", event.text)


# The client's side.

silent(numerics.RPL_TOPICWHOTIME)


@from_server("TOPIC")
def _read_topic(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    if (room := client.rooms.get(line.param(0))) is not None:
        room.topic = line.param(1)
    return (values.TopicChanged(line.time, line.param(0), line.nick, line.param(1)),)


@from_server(numerics.RPL_TOPIC, numerics.RPL_NOTOPIC)
def _read_topic_is(client: ClientConnection, line: ServerLine) -> Iterable[values.Value]:
    """Remembered until the end of NAMES."""
    if (room := client.rooms.get(line.param(1))) is not None:
        room.topic = line.param(2) if line.command == numerics.RPL_TOPIC else ""
    return ()
