"""Away: the text that answers for a person who is not there."""

from asyncchat.core import commands, events, replies
from asyncchat.text.sentences import FeatureText
from asyncchat.text.slash import Section, SlashCommand


def _now(text: str) -> str:
    return f"You are away: {text}" if text else "You are back."


TEXT = FeatureText(
    commands=(
        SlashCommand(
            "away",
            "[TEXT]",
            "Answers for you while you are away; alone: you are back.",
            lambda _session, text: commands.SetAway(text),
            Section.MESSAGES,
        ),
    ),
    own_events={events.AwayChanged: lambda event: _now(event.text)},
    replies={
        replies.AwayNote: lambda reply, _: [f"{reply.person.name} is away: {reply.text}"],
        replies.StillAway: lambda reply, _: [_now(reply.text)],
    },
)
