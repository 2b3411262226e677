"""Metadata: what programs keep beside people and rooms."""

from asyncchat.core.features.metadata import api
from asyncchat.text.sentences import FeatureText, in_room, untold
from asyncchat.text.times import Zone


def _room_metadata(event: api.RoomMetadataChanged) -> str:
    did = f"removed {event.key}" if event.value is None else f"set {event.key} to: {event.value}"
    return in_room(event.room, f"{event.person.name} {did}")


def _metadata_view(view: api.MetadataView, _zone: Zone) -> list[str]:
    return [f"{key}: {value}" for key, value in view.values] or [f"{view.name} has set nothing."]


def _refused(refusal: api.MetadataRefused) -> str:
    again = f", try again in {refusal.seconds} s" if refusal.seconds else ""
    return f"Not done: {refusal.fault.value}{again}."


TEXT = FeatureText(
    events={api.RoomMetadataChanged: _room_metadata},
    own_events={api.RoomMetadataChanged: untold},  # a reply says it
    replies={
        api.MetadataView: _metadata_view,
        api.MetadataNow: lambda reply, _: [
            f"{reply.key} is removed." if reply.value is None else f"{reply.key} is set."
        ],
    },
    refusals={api.MetadataRefused: _refused},
)
