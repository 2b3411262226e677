"""Reactions to messages."""

from asyncchat.core.commands import Command
from asyncchat.core.features.history import Which
from asyncchat.core.features.reactions import React, Reacted, ReactedTo, ReactionRefused
from asyncchat.core.text import cut
from asyncchat.text.sentences import FeatureText, in_room
from asyncchat.text.slash import Parser, Section, SlashCommands, SlashContext

slash = SlashCommands()

_REACTION_BYTES = 40
"""How much of a reaction is shown: a few emoji, a word or two."""


def _react(on: bool) -> Parser:
    """A parser for a reaction to the last message, or to a person's last one."""

    def parse(session: SlashContext, text: str) -> Command | None:
        words = text.split()
        if not 1 <= len(words) <= 2:
            return None
        name = words[0] if len(words) == 2 else ""
        return React(Which(session.room, name=name), words[-1], on)

    return parse


slash("react", "[NAME] EMOJI", "Reacts to the last message, or to a person's last one.", Section.MESSAGES)(
    _react(True)
)
slash("unreact", "[NAME] EMOJI", "Takes a reaction back.", Section.MESSAGES)(_react(False))


def _reacted(event: Reacted | ReactedTo) -> str:
    what = cut(event.reaction[:_REACTION_BYTES], _REACTION_BYTES)[0]
    did = (
        f"{event.person.name} reacted {what} to" if event.on else f"{event.person.name} took back {what} from"
    )
    return f"{did} “{event.author}: {event.about}”" if event.about else f"{did} a message of {event.author}"


TEXT = FeatureText(
    commands=slash,
    events={
        Reacted: lambda event: in_room(event.room, _reacted(event)),
        ReactedTo: lambda event: f"[private] {_reacted(event)}",
    },
    refusals={ReactionRefused: lambda r: f"Not done: {r.reason}."},
)
