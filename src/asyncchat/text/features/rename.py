"""Renaming a room."""

from asyncchat.core.commands import Command
from asyncchat.core.features.join import RoomHasMoved
from asyncchat.core.features.rename import CannotRenameRoom, RenameRoom, RoomNameTaken, RoomRenamed
from asyncchat.text.sentences import FeatureText, because, capitalized, place
from asyncchat.text.slash import Section, SlashCommands, SlashContext, name_and_rest, room_from

slash = SlashCommands()


@slash(
    "rename-room",
    "#NEW [REASON]",
    "Renames the room; its history and rules stay.",
    Section.MODERATION,
    aliases=("renameroom",),
)
def _rename_room(session: SlashContext, text: str) -> Command | None:
    name, reason = name_and_rest(text)
    return RenameRoom(session.room, room_from(name), reason) if name else None


def _room_renamed(event: RoomRenamed) -> str:
    return f"[{event.room}] {event.person.name} renamed the room: {event.to}{because(event.reason)}"


TEXT = FeatureText(
    commands=slash,
    events={RoomRenamed: _room_renamed},
    refusals={
        CannotRenameRoom: lambda r: f"{capitalized(place(r.room))} can't be renamed: {r.reason}.",
        RoomNameTaken: lambda r: f"{r.to} is the name of another room, or of one that was.",
        RoomHasMoved: lambda r: f"{r.room} is now called {r.to}.",
    },
)
