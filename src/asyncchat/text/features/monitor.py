"""Monitoring whether people are online."""

from asyncchat.core import replies
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(
    replies={
        replies.HereView: lambda reply, _: [
            f"Online: {', '.join(one.name for one in reply.here) or 'nobody'}."
        ],
        replies.WatchedView: lambda reply, _: [f"You monitor {', '.join(reply.names) or 'nobody'}."],
    },
)
