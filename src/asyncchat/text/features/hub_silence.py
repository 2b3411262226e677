"""The silence of a cluster's hub: sentences."""

from asyncchat.core.features.hub_silence import HubSilent
from asyncchat.text.sentences import FeatureText

SILENT = (
    "The servers of this chat do not reach each other at the moment. You can read. What you said last waits, "
    "and is said when they do."
)

TEXT = FeatureText(replies={HubSilent: lambda _reply, _zone: [SILENT]})
