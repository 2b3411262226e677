"""Levels of the nodes of a cluster: sentences."""

from asyncchat.core.features.levels import AboveLevel
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(
    refusals={
        AboveLevel: lambda _: (
            "Not accepted: that works when all nodes of this chat have the new version of asyncchat."
        )
    }
)
