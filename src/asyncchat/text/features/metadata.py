"""Metadata: what programs keep beside people and rooms."""

from asyncchat.core.features.metadata import api
from asyncchat.text.sentences import FeatureText, in_room, untold


def _room_metadata(event: api.RoomMetadataChanged) -> str:
    did = f"removed {event.key}" if event.value is None else f"set {event.key} to: {event.value}"
    return in_room(event.room, f"{event.person.name} {did}")


def _refused(refusal: api.MetadataRefused) -> str:
    again = f", try again in {refusal.seconds} s" if refusal.seconds else ""
    return f"Not done: {refusal.fault.text}{again}."


TEXT = FeatureText(
    events={api.RoomMetadataChanged: _room_metadata},
    own_events={api.RoomMetadataChanged: untold},  # a reply says it
    refusals={api.MetadataRefused: _refused},
)
