"""What events declare holds together: an event has the fields that its declarations speak of."""

import pytest

from asyncchat.core.chat import APPLIERS
from asyncchat.core.events import Recipients, Retention, Stream
from asyncchat.core.features import EVENTS
from asyncchat.core.registry import FOLLOWERS

STREAM_FIELDS = {
    Stream.NONE: set(),
    Stream.CONVERSATION: {"person", "to"},
    Stream.CHANGES: {"room"},
    Stream.PRESENCE: {"room", "person"},
}


@pytest.mark.parametrize("event", EVENTS)
def test_event_has_what_it_declares(event):
    needed = STREAM_FIELDS[event.stream] | ({"person"} if event.ignorable else set())
    if event.stream is Stream.PRESENCE and event.recipients is Recipients.PEERS:
        needed = {"rooms", "person"}
    if event.concerns:
        needed = {*needed, event.concerns}
    assert needed <= set(event.__struct_fields__)


@pytest.mark.parametrize("event", [event for event in EVENTS if event.inert])
def test_inert_event_changes_nothing(event):
    assert event.retention is not Retention.EPHEMERAL
    assert event not in APPLIERS
    assert event not in FOLLOWERS
