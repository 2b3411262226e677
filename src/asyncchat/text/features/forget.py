"""Forgetting a person: what the audit says of it."""

from asyncchat.core.features.forget import Forgotten
from asyncchat.text.sentences import FeatureText, counted
from asyncchat.text.times import Zone


def _forgotten(event: Forgotten, _zone: Zone) -> str:
    return f"console forgot a person, who had said {counted(event.messages, 'message', 'messages')}"


TEXT = FeatureText(audit={Forgotten: _forgotten})
