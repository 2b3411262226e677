"""Whether an account is told unasked what was said before."""

from asyncchat.core.features.autoreplay import AutoreplayStatus
from asyncchat.text.sentences import FeatureText


def autoreplay_status(reply: AutoreplayStatus) -> str:
    """Whether it is."""
    return f"As {reply.account} you are {'' if reply.on else 'not '}told unasked what was said before"


TEXT = FeatureText(replies={AutoreplayStatus: lambda reply, _zone: [f"{autoreplay_status(reply)}."]})
