"""Metadata: what programs keep beside people and rooms."""

from asyncchat.core import events, replies
from asyncchat.text.phrases import in_room
from asyncchat.text.sentences import FeatureText, untold
from asyncchat.text.times import Zone


def _room_metadata(event: events.RoomMetadataChanged) -> str:
    did = f"removed {event.key}" if event.value is None else f"set {event.key} to: {event.value}"
    return in_room(event.room, f"{event.person.name} {did}")


def _metadata_view(view: replies.MetadataView, _zone: Zone) -> list[str]:
    return [f"{key}: {value}" for key, value in view.values] or [f"{view.name} has set nothing."]


def _refused(refusal: replies.MetadataRefused) -> str:
    again = f", try again in {refusal.seconds} s" if refusal.seconds else ""
    return f"Not set: {refusal.fault.value}{again}."


TEXT = FeatureText(
    events={events.RoomMetadataChanged: _room_metadata},
    own_events={events.RoomMetadataChanged: untold},  # a reply says it
    replies={
        replies.MetadataView: _metadata_view,
        replies.MetadataNow: lambda reply, _: [
            f"{reply.key} is removed." if reply.value is None else f"{reply.key} is set."
        ],
    },
    refusals={replies.MetadataRefused: _refused},
)
