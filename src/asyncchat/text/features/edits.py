"""Edits: replacing what one's message says, and its earlier texts."""

from asyncchat.core.commands import Command
from asyncchat.core.features.edits import (
    Correction,
    Edit,
    Edited,
    EditedInPrivate,
    EditRefused,
    EditsView,
    GetEdits,
)
from asyncchat.core.features.history import Which
from asyncchat.core.features.messages import Speech
from asyncchat.text.features.messages import spoken_lines
from asyncchat.text.sentences import FeatureText, in_room
from asyncchat.text.slash import Section, SlashCommands, SlashContext
from asyncchat.text.times import Zone

slash = SlashCommands()


@slash("edit", "TEXT", "Replaces what your last message says.", Section.MESSAGES, aliases=("correct",))
def _edit(session: SlashContext, text: str) -> Command | None:
    return Edit(Which(session.room, own=True), text) if text else None


@slash("edits", "[NAME|ID]", "Shows the earlier texts of a message.", Section.MESSAGES)
def _edits(session: SlashContext, text: str) -> Command | None:
    return None if " " in text else GetEdits(Which(session.room, name=text, own=None))


def _corrected(start: str, event: Correction) -> str:
    action = "* " if event.speech is Speech.ACTION else ""
    before = f"{start}{action}{event.person.name} corrected: "
    return "\n".join(before + part for part in event.text.split("\n"))


def _versions(view: EditsView, zone: Zone) -> list[str]:
    if len(view.versions) == 1:
        return ["That message was not edited."]
    return spoken_lines(view.versions, zone)


TEXT = FeatureText(
    commands=slash,
    events={
        Edited: lambda event: _corrected(in_room(event.room, ""), event),
        EditedInPrivate: lambda event: _corrected("[private] ", event),
    },
    own_events={
        Edited: lambda event: in_room(event.room, "Your message is edited."),
        EditedInPrivate: lambda event: f"[private to {event.to.name}] Your message is edited.",
    },
    replies={EditsView: _versions},
    refusals={EditRefused: lambda r: f"Not edited: {r.fault.text}."},
)
