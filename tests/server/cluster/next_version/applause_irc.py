"""Applause: its IRC side."""

from collections.abc import Sequence
from typing import Any

from asyncchat.core.commands import Command
from asyncchat.dialects.irc.encoder_base import EncoderBase
from asyncchat.dialects.irc.registry import command, lines
from asyncchat.dialects.irc.serialize import line
from asyncchat.dialects.irc.session import IrcSession
from asyncchat.dialects.irc.tokens import Message


def register(feature: Any) -> None:
    """Adds it to the dialect; ``feature`` is the core's module."""

    @command("APPLAUD <channel>", "Applauds a channel.", least=1)
    def _applaud(_session: IrcSession, message: Message) -> Sequence[Command]:
        return [feature.Applaud(message.params[0])]

    @lines(feature.Applauded)
    def _applauded(_encoder: EncoderBase, event: Any) -> bytes:
        return line(f":{event.person.origin} APPLAUSE {event.room}", str(event.count))
