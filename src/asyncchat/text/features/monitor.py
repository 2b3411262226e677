"""Monitoring whether people are online."""

from asyncchat.core.features.monitor import MonitorListView, MonitorStatusView
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(
    replies={
        MonitorStatusView: lambda reply, _: [
            f"Online: {', '.join(one.name for one in reply.online) or 'nobody'}."
        ],
        MonitorListView: lambda reply, _: [f"You monitor {', '.join(reply.names) or 'nobody'}."],
    },
)
