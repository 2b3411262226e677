"""Read markers: up to where a person has read."""

from asyncchat.core import replies
from asyncchat.text.sentences import FeatureText

TEXT = FeatureText(refusals={replies.NoMark: lambda r: f"There is no {r.target}."})
