"""Levels of the nodes of a cluster: what waits for the last one that is upgraded."""

from asyncchat.core.features.levels import AboveLevel
from asyncchat.dialects.irc import numerics
from asyncchat.dialects.irc.registry import refusal

refusal(
    AboveLevel,
    numerics.ERR_UNKNOWNERROR,
    "*",
    "Not accepted: that works when all nodes of this chat have the new version of asyncchat",
)
