"""Away: the text that answers for a person who is not there."""

from asyncchat.core.features.away import AwayChanged, SetAway, StillAway
from asyncchat.core.replies import AwayNote
from asyncchat.text.sentences import FeatureText
from asyncchat.text.slash import Section, SlashCommands

slash = SlashCommands()

slash("away", "[TEXT]", "Marks you as away, with a text; alone: you are back.", Section.MESSAGES)(
    lambda _session, text: SetAway(text)
)
slash("back", "", "Marks you as back, as /away alone does.", Section.MESSAGES)(
    lambda _session, _text: SetAway("")
)


def _now(text: str) -> str:
    return f"You are away: {text}" if text else "You are back."


TEXT = FeatureText(
    commands=slash,
    own_events={AwayChanged: lambda event: _now(event.text)},
    replies={
        AwayNote: lambda reply, _: [f"{reply.person.name} is away: {reply.text}"],
        StillAway: lambda reply, _: [_now(reply.text)],
    },
)
