"""Monitoring whether people are online."""

from asyncchat.core.features.monitor import HereView, WatchedView
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(
    replies={
        HereView: lambda reply, _: [f"Online: {', '.join(one.name for one in reply.here) or 'nobody'}."],
        WatchedView: lambda reply, _: [f"You monitor {', '.join(reply.names) or 'nobody'}."],
    },
)
