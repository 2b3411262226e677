"""Metadata: what programs keep beside people and rooms."""

from asyncchat.core.features.metadata import facts
from asyncchat.text.sentences import FeatureText, in_room, untold
from asyncchat.text.times import Zone


def _room_metadata(event: facts.RoomMetadataChanged) -> str:
    did = f"removed {event.key}" if event.value is None else f"set {event.key} to: {event.value}"
    return in_room(event.room, f"{event.person.name} {did}")


def _metadata_view(view: facts.MetadataView, _zone: Zone) -> list[str]:
    return [f"{key}: {value}" for key, value in view.values] or [f"{view.name} has set nothing."]


def _refused(refusal: facts.MetadataRefused) -> str:
    again = f", try again in {refusal.seconds} s" if refusal.seconds else ""
    return f"Not set: {refusal.fault.value}{again}."


TEXT = FeatureText(
    events={facts.RoomMetadataChanged: _room_metadata},
    own_events={facts.RoomMetadataChanged: untold},  # a reply says it
    replies={
        facts.MetadataView: _metadata_view,
        facts.MetadataNow: lambda reply, _: [
            f"{reply.key} is removed." if reply.value is None else f"{reply.key} is set."
        ],
    },
    refusals={facts.MetadataRefused: _refused},
)
