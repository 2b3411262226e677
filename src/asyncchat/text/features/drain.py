"""Drain: sentences."""

from asyncchat.core.features.drain import Draining
from asyncchat.text.sentences import FeatureText


def draining(reply: Draining) -> str:
    """What people are told when it begins."""
    within = f" within {reply.seconds} s" if reply.seconds else ""
    return (
        f"This server is taken out of service: your connection ends{within}. Connect to another one of "
        "this chat: there is all that was said."
    )


TEXT = FeatureText(replies={Draining: lambda reply, _zone: [draining(reply)]})
